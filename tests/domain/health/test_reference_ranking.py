"""Finished packages score above abandoned ones, regardless of their documentation.

A new or heavier rule can break this, if abandoned packages pass it more often than finished ones. Lower its weight in
`health.yaml` until the order is correct, or do not add it.
"""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import UNSET, convert
from msgspec.structs import replace

from pyf.aggregator.domain.health import Signals, compute_score
from support.scoring_fixtures import SCORING_CONFIG, to_timestamp

PACKAGES = yaml.safe_load((Path(__file__).parents[2] / "data" / "finished_and_dead.yaml").read_text("utf-8"))
REPOSITORY_SIGNALS = ("last_commit", "issues", "is_repository_archived")


def load_signals(kind: str) -> dict[str, Signals]:
    """Return the facts of the packages of a kind, by name."""
    return {entry["name"]: convert(_resolve_dates(entry), Signals) for entry in PACKAGES[kind]}


def _resolve_dates(entry: dict[str, Any]) -> dict[str, Any]:
    facts = {name: to_timestamp(value) if isinstance(value, date) else value for name, value in entry.items()}
    return {name: value for name, value in facts.items() if name != "name"}


def without_repository(facts: Signals) -> Signals:
    """Return what is known right after a fetch."""
    return replace(facts, has_repository=False, **dict.fromkeys(REPOSITORY_SIGNALS, UNSET))


def compute_value(facts: Signals) -> int:
    found = compute_score(facts, SCORING_CONFIG, to_timestamp(PACKAGES["as_of"])).value
    assert found is not UNSET
    return found


def list_misordered_pairs(finished: dict[str, int], dead: dict[str, int]) -> list[str]:
    return [f"{a} {finished[a]} <= {b} {dead[b]}" for a in finished for b in dead if finished[a] <= dead[b]]


def test_list_has_forty_of_each_without_duplicates() -> None:
    names = [*load_signals("finished"), *load_signals("dead")]

    assert (len(PACKAGES["finished"]), len(PACKAGES["dead"]), len(set(names))) == (40, 40, 80)


@pytest.mark.parametrize("model", ["full", "basic"])
def test_nineteen_of_twenty_pairs_are_ordered_right(model: str) -> None:
    known = (lambda facts: facts) if model == "full" else without_repository
    finished = {name: compute_value(known(facts)) for name, facts in load_signals("finished").items()}
    dead = {name: compute_value(known(facts)) for name, facts in load_signals("dead").items()}

    wrong = list_misordered_pairs(finished, dead)

    limit = len(finished) * len(dead) // 20
    assert len(wrong) <= limit, (
        f"{len(wrong)} abandoned packages score as high as a finished one; at most {limit} pairs may. Lower the weight "
        f"of the new rule: {wrong}"
    )


def test_no_dead_package_scores_ninety() -> None:
    assert max(compute_value(facts) for facts in load_signals("dead").values()) < 90
