"""Building the entries of a search index in other processes."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pyf.aggregator.adapters.fulltext.entries import (
    Entry,
    EntryBuilder,
    RankingContext,
    StoredBatch,
    count_processes,
    open_builders,
)
from pyf.aggregator.adapters.fulltext.source import PackageRecord
from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.domain.relevance import LexiconEntries, PopularityScale, build_lexicon
from support import package_parsers

NAMES = [f"package-{number}" for number in range(1, 41)]
BATCHES: list[StoredBatch] = [[(position, name)] for position, name in enumerate(NAMES, 1)]


@pytest.fixture(autouse=True)
def let_processes_import_support(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


def build_all(parse: Callable[[str], PackageRecord], process_count: int) -> list[Entry]:
    context = RankingContext(build_lexicon(LexiconEntries()), load_scoring_config(), partial(float, 0))
    with open_builders(EntryBuilder(parse, context, PopularityScale(), 1), process_count) as build:
        return [entry for batch in build(BATCHES) for entry in batch]


@pytest.mark.parametrize("process_count", [1, 3])
def test_entries_are_built_in_order(process_count: int) -> None:
    assert [entry.name for entry in build_all(package_parsers.parse, process_count)] == NAMES


def test_entries_are_built_by_other_processes() -> None:
    (own,) = {entry.numbers for entry in build_all(package_parsers.parse, 1)}
    assert own not in {entry.numbers for entry in build_all(package_parsers.parse, 2)}


def test_packages_of_killed_processes_are_built_by_their_parent() -> None:
    parse = partial(package_parsers.parse_in_parent_only, parent=os.getpid())
    assert build_all(parse, 2) == build_all(parse, 1)


def test_worker_error_is_raised_in_parent() -> None:
    with pytest.raises(ValueError, match="package-1"):
        build_all(package_parsers.fail, 2)


@pytest.mark.parametrize("package_count", [0, 1_000])
def test_few_packages_are_built_by_one_process(package_count: int) -> None:
    assert count_processes(package_count) == 1
