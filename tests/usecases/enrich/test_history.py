"""Runs record the history of packages with the values that they write; it survives what collections survive."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pyf.aggregator.adapters.transfer_file import open_lines, write_entries
from pyf.aggregator.domain.documents.schema import HistoryFields, RepositoryFields
from pyf.aggregator.domain.history import MonthRecord, has_month, parse_history
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.usecases.collections.merge import merge_collection
from pyf.aggregator.usecases.collections.rebuild import rebuild_from_copy
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.collections.transfer import export_collection, import_collection
from pyf.aggregator.usecases.enrich.scores import rescore_collection, update_with_scores
from pyf.aggregator.usecases.read.history import export_history, get_history
from support.builders import build_project, build_state
from support.filled_collections import open_dependencies
from support.index_engines import ENGINES
from support.registry_world import World

PLONE = Target(collection="plone")
MONTH = 31 * 86_400


@pytest.fixture(params=ENGINES)
def deps(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dependencies]:
    with open_dependencies(request.param, tmp_path) as deps:
        yield deps


def read_months(deps: Dependencies, collection: str = "plone", name: str = "plone-api") -> tuple[MonthRecord, ...]:
    return parse_history(deps.index.get_enrichments(collection, [name])[name].history).months


def write_stars(world: World, stars: int, *, created: int = 1) -> None:
    now = int(world.clock())
    fields = RepositoryFields(repository_stars=stars, repository_created=created, repository_checked=now)
    update_with_scores(world.deps, "plone", {"plone-api": fields})


def to_month(timestamp: float) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m}"


def test_fetch_records_score_and_release_with_the_documents(small: World) -> None:
    small.fetch()

    (record,) = read_months(small.deps)
    assert (record.month, record.release) == (to_month(small.clock()), small.document("plone.api")["version"])
    assert record.score == small.document("plone.api")["health_score"]


def test_update_records_a_new_month_of_packages_that_did_not_change(small: World) -> None:
    small.fetch()
    small.clock.advance(MONTH)

    first, second = small.changes(), small.changes()

    assert [record.month for record in read_months(small.deps)] == [
        to_month(small.clock() - MONTH),
        to_month(small.clock()),
    ]
    assert small.deps.index.get_state("plone").history_month == to_month(small.clock())
    assert (first.is_complete, second.is_complete) == (True, True)


def test_interrupted_record_of_a_month_is_completed_by_the_next_run(small: World) -> None:
    small.fetch()
    small.clock.advance(MONTH)
    rescore_collection(small.deps, "plone", ["plone-api"])  # as a run that was killed after its first packages

    small.changes()

    enrichments = small.deps.index.get_enrichments("plone", small.names())
    assert all(has_month(parts.history, small.clock()) for parts in enrichments.values())


def test_repeated_runs_leave_the_history_as_it_is(small: World) -> None:
    small.fetch()
    write_stars(small, 5)
    before = small.deps.index.get_enrichments("plone", ["plone-api"])["plone-api"].history
    small.clock.advance(60)

    small.fetch()
    rescore_collection(small.deps, "plone")
    write_stars(small, 5)

    assert small.deps.index.get_enrichments("plone", ["plone-api"])["plone-api"].history == before


def test_stars_of_another_repository_are_marked(small: World) -> None:
    small.fetch()
    write_stars(small, 900)
    small.clock.advance(MONTH)

    write_stars(small, 3, created=2)

    assert [(record.stars, record.is_other_repository) for record in read_months(small.deps)] == [
        (900, False),
        (3, True),
    ]


@pytest.mark.parametrize("use_case", ["changes", "refresh", "recreate"])
def test_new_owner_of_a_name_begins_a_new_history(small: World, use_case: str) -> None:
    info: dict[str, Any] = {"classifiers": ["Framework :: Plone"]}
    small.fake_registry.publish("acme.forms", "1.0", info=info)
    small.fetch()
    small.clock.advance(MONTH)
    small.fake_registry.remove_project("acme.forms")
    small.fake_registry.publish("acme.forms", "1.0", info=info)

    getattr(small, use_case)()

    assert [record.month for record in read_months(small.deps, name="acme-forms")] == [to_month(small.clock())]


@pytest.mark.parametrize("use_case", ["recreate", "copy"])
def test_history_survives_a_rebuild(small: World, use_case: str) -> None:
    small.fetch()
    small.clock.advance(MONTH)
    write_stars(small, 7)

    if use_case == "copy":
        rebuild_from_copy(small.deps, PLONE)
    else:
        small.recreate()

    assert [record.stars for record in read_months(small.deps)] == [None, 7]


def fill(deps: Dependencies, collection: str, history: str) -> None:
    deps.admin.create(f"{collection}-1", build_state(), alias=collection)
    deps.index.put(collection, [build_project("a", "1.0", "2.0"), build_project("b")])
    deps.index.update(collection, {"a": HistoryFields(history=history, history_repository=1)})


def test_import_adds_the_months_of_the_file(deps: Dependencies, tmp_path: Path) -> None:
    file = str(tmp_path / "plone.jsonl")
    fill(deps, "plone", "2026-01;80,1,,5,1.0;81,2,,5")
    export_collection(deps, PLONE, lambda entries: write_entries(file, entries))
    deps.index.update("plone", {"a": HistoryFields(history="2026-02;70,3,,9,2.0;71,4,,0", history_repository=1)})

    for collection in ("plone", "other"):
        with open_lines(file) as lines:
            assert import_collection(deps, Target(collection=collection), lines).is_complete

    assert [record.score for record in read_months(deps, "plone", "a")] == [80, 70, 71]
    assert [record.score for record in read_months(deps, "other", "a")] == [80, 81]


def test_merge_has_the_months_of_both_collections(deps: Dependencies) -> None:
    fill(deps, "plone", "2026-01;80,1,,5,1.0;81,2,,5")
    fill(deps, "other", "2026-02;70,3,,9,2.0")

    first = merge_collection(deps, "plone", "other")
    merged = read_months(deps, "other", "a")
    merge_collection(deps, "plone", "other")

    assert first.is_complete
    assert [record.score for record in merged] == [80, 70]
    assert read_months(deps, "other", "a") == merged
    assert [record.score for record in read_months(deps, "plone", "a")] == [80, 81]


def test_history_shows_what_the_release_of_each_month_supports(deps: Dependencies) -> None:
    fill(deps, "plone", "2026-01;80,1,,5,1.0;81,2,,5,9.9")

    first, second = get_history(deps, PLONE, "A")

    assert (first.release, first.frameworks) == ("1.0", build_project("a").documents[0].framework_versions)
    assert (second.release, second.frameworks, second.pythons) == ("9.9", (), ())


def test_export_has_a_row_for_each_package_and_month(deps: Dependencies) -> None:
    fill(deps, "plone", "2026-01;80,1,,5,1.0;;81,2,,5")
    rows: list[Any] = []

    report = export_history(deps, PLONE, rows.extend)

    assert [(name, month.month, month.score) for name, month in rows] == [("a", "2026-01", 80), ("a", "2026-03", 81)]
    assert (report.found, report.copied, report.documents) == (2, 1, 2)
