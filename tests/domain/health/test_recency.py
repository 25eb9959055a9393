"""Recency: expected intervals, no steps in age, and dormant packages compared with abandoned ones."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from pyf.aggregator.domain.health.recency import RULES, compute_expected_interval
from pyf.aggregator.domain.health.rules import RuleContext
from pyf.aggregator.domain.health.score import compute_score
from support.scoring_fixtures import DAY, NOW, SCORING_CONFIG, build_context, build_signals, days_before_now

versions = st.sampled_from(["0.1", "0.30.2", "1.0", "7.4.1", UNSET])
counts = st.one_of(st.integers(0, 60), st.just(UNSET))
DORMANT = {"released_at": days_before_now(9000)}


def compute_value(**known: Any) -> float:
    judgement = RULES["release"].evaluate(build_context(**known))
    assert judgement is not UNSET
    return judgement.value


@pytest.mark.parametrize(
    ("version", "releases", "bugfixes", "days"),
    [
        ("0.1", 30, 0, 180),
        ("1.0", 30, 0, 455),
        ("0.4.6", 30, 20, 455),
        ("1.4.2", 30, 4, 730),
        ("1.4.2", 30, 40, 730),
        ("1.4.2", 3, 2, 270),
        ("1.0", 1, 0, 90),
        ("2026.1", 30, 2, 592.5),
        (UNSET, UNSET, UNSET, 180),
    ],
)
def test_interval_grows_with_maturity_within_bounds(version: str, releases: int, bugfixes: int, days: float) -> None:
    assert (
        compute_expected_interval(build_context(version=version, releases=releases, bugfix_releases=bugfixes)) == days
    )


@settings(max_examples=30)  # each is a curve of thousands of days
@given(versions, counts, counts)
def test_recency_falls_smoothly_with_age(version: Any, releases: Any, bugfixes: Any) -> None:
    """Within a day it changes by no more than the line of the shortest interval does, however old the release is."""
    known = {"version": version, "releases": releases, "bugfix_releases": bugfixes, "prose_length": 0, "docs_link": ""}
    steepest = 1 / (90 * SCORING_CONFIG.thresholds.decay)

    curve = [compute_value(released_at=days_before_now(age), **known) for age in range(2300)]

    assert curve[0] == 1.0
    assert all(0 <= earlier - later <= steepest + 1e-9 for earlier, later in pairwise(curve))
    assert curve[-1] == 0.0


@given(st.integers(0, 4000 * DAY), st.integers(1, 3600), st.booleans())
def test_one_hour_changes_score_by_one_point_at_most(age: int, more: int, is_documented: bool) -> None:
    known = {} if is_documented else {"prose_length": 0, "docs_link": ""}

    young, old = (
        compute_score(build_signals(released_at=NOW - each, **known), SCORING_CONFIG, NOW).value
        for each in (age, age + more)
    )

    assert young is not UNSET
    assert old is not UNSET
    assert 0 <= young - old <= 1


def test_time_that_passes_is_age() -> None:
    """A release of today, seen a year later, is one of a year ago, seen today."""
    later = RuleContext(build_signals(released_at=NOW, prose_length=0, docs_link=""), SCORING_CONFIG, NOW + 1000 * DAY)

    judgement = RULES["release"].evaluate(later)

    assert judgement is not UNSET
    assert judgement.value == compute_value(released_at=days_before_now(1000), prose_length=0, docs_link="")


def test_future_release_counts_as_today() -> None:
    assert compute_value(released_at=days_before_now(-400)) == 1.0


def test_dormant_package_without_problems_keeps_60_percent() -> None:
    assert compute_value(**DORMANT) == 0.6
    assert (
        compute_value(**DORMANT, framework_versions=(), requires_python=">=3.6", python_versions=("Python 3.6",)) == 0.6
    )
    assert compute_value(**DORMANT, framework_versions=(), requires_python="", python_versions=("Python 3.6",)) == 0.6
    assert compute_value(**DORMANT, docs_link="", prose_length=500) == 0.6
    assert (
        compute_value(**DORMANT, advisories=UNSET, status=UNSET, is_repository_archived=UNSET, abandonment_notice=UNSET)
        == 0.6
    )


@pytest.mark.parametrize(
    "known",
    [
        {"docs_link": "", "prose_length": 499},
        {"framework_versions": ("Plone 4.3", "Plone 5.2")},
        {"framework_versions": (), "requires_python": "<3.9"},
        {"framework_versions": (), "requires_python": "", "python_versions": ()},
        {"framework_versions": (), "requires_python": "", "python_versions": ("Python 2.7",)},
        {"status": "archived"},
        {"status": "deprecated"},
        {"is_repository_archived": True},
        {"is_inactive": True},
        {"abandonment_notice": "This package is no longer maintained"},
        {"advisories": ("PYSEC-2026-1",)},
    ],
)
def test_abandoned_package_has_no_recency(known: dict[str, Any]) -> None:
    assert compute_value(**DORMANT, **known) == 0.0


def test_dormant_package_without_date_stays_dormant() -> None:
    assert compute_value(released_at=UNSET) == 0.6
    assert RULES["release"].evaluate(build_context(released_at=UNSET, prose_length=0, docs_link="")) is UNSET
