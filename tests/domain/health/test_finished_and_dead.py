"""Packages that are simply done score above those that were abandoned, however well these are documented."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import UNSET, convert
from msgspec.structs import replace

from healthy import STANDARDS, moment
from pyf.aggregator.domain.health import Facts, score

LIST = yaml.safe_load((Path(__file__).parents[2] / "data" / "finished_and_dead.yaml").read_text("utf-8"))
OF_A_REPOSITORY = ("last_commit", "issues", "is_repository_archived")


def listed(kind: str) -> dict[str, Facts]:
    """Return the facts of the packages of a kind, by name."""
    return {entry["name"]: convert(_dated(entry), Facts) for entry in LIST[kind]}


def _dated(entry: dict[str, Any]) -> dict[str, Any]:
    facts = {name: moment(value) if isinstance(value, date) else value for name, value in entry.items()}
    return {name: value for name, value in facts.items() if name != "name"}


def without_repository(facts: Facts) -> Facts:
    """Return what is known right after a fetch."""
    return replace(facts, has_repository=False, **dict.fromkeys(OF_A_REPOSITORY, UNSET))


def value(facts: Facts) -> int:
    found = score(facts, STANDARDS, moment(LIST["as_of"])).value
    assert found is not UNSET
    return found


def disordered(finished: dict[str, int], dead: dict[str, int]) -> list[str]:
    return [f"{a} {finished[a]} <= {b} {dead[b]}" for a in finished for b in dead if finished[a] <= dead[b]]


def test_the_list_has_forty_of_each_and_nobody_twice() -> None:
    names = [*listed("finished"), *listed("dead")]

    assert (len(LIST["finished"]), len(LIST["dead"]), len(set(names))) == (40, 40, 80)


@pytest.mark.parametrize("model", ["full", "basic"])
def test_nineteen_of_twenty_pairs_are_ordered_right(model: str) -> None:
    known = (lambda facts: facts) if model == "full" else without_repository
    finished = {name: value(known(facts)) for name, facts in listed("finished").items()}
    dead = {name: value(known(facts)) for name, facts in listed("dead").items()}

    wrong = disordered(finished, dead)

    assert len(wrong) <= len(finished) * len(dead) / 20, wrong


def test_no_dead_package_scores_ninety() -> None:
    assert max(value(facts) for facts in listed("dead").values()) < 90
