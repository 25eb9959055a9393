"""Properties of the whole score for any known signals."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, json
from msgspec.structs import replace

from pyf.aggregator.domain.health import Signals, compute_score
from pyf.aggregator.domain.health.rules import IssueCounts
from pyf.aggregator.domain.health.score import CAPS, GROUPS, Score
from support.scoring_fixtures import NOW, SCORING_CONFIG, build_signals, days_before_now

# Values of each fact from the worst to the best; which of two is better must not depend on anything else.
ORDERED_VALUES: dict[str, list[Any]] = {
    "version": ["0.1", "0.9.9", "1.0", "2026.1"],
    "released_at": [1, *map(days_before_now, (9000, 3000, 1500, 700, 365, 181, 90, 0, -30))],
    "releases": [0, 1, 2, 5, 9, 50],
    "bugfix_releases": [0, 1, 3, 4, 40],
    "is_prerelease_only": [True, False],
    "is_installable": [False, True],
    "status": ["quarantined", "archived", "active"],
    "is_inactive": [True, False],
    "abandonment_notice": ["This package is deprecated", ""],
    "prose_length": [0, 149, 151, 499, 500, 2999, 3000, 90_000],
    "has_example": [False, True],
    "docs_link": ["", "https://good.readthedocs.io"],
    "changelog": ["", "in the README"],
    "has_install_section": [False, True],
    "license": ["", "MIT"],
    "source": ["", "https://github.com/good/good"],
    "summary": ["", "Does what it should"],
    "tracker": ["", "https://github.com/good/good/issues"],
    "contact": ["", "good@example.org"],
    "requires_python": ["", ">=3.9"],
    "python_versions": [("Python 2.7",), ("Python 2.7", "Python 3.6"), ("Python 3",), ("Python 3.6", "Python 3.13")],
    "framework_versions": [("Plone 4.3", "Django 1.8"), ("Plone 4.3", "Plone 6.1")],
    "has_wheel": [False, True],
    "last_commit": [1, *map(days_before_now, (4000, 1500, 700, 100, 0))],
    "issues": [
        IssueCounts(open=10**9, closed=0),
        IssueCounts(open=9, closed=0),
        IssueCounts(open=9, closed=5),
        IssueCounts(open=1, closed=99),
    ],
    "maintainers": [1, 2, 9],
    "is_repository_archived": [True, False],
    "advisories": [("PYSEC-2026-1",), ()],
    "has_attestations": [False, True],
}
# What changes a judgement without being better or worse: none named costs points under metadata, and of what is not
# named nobody can say that its support has ended.
NEUTRAL_VALUES: dict[str, list[Any]] = {
    "has_repository": [False, True],
    "framework_versions": [()],
    "license_name": ["", "BSD"],
    "frameworks": [(), ("Plone",), ("Flask",)],
}
VALUES = {name: [*ORDERED_VALUES.get(name, ()), *NEUTRAL_VALUES.get(name, ())] for name in Signals.__struct_fields__}


def draw_signals() -> st.SearchStrategy[Signals]:
    """Draw packages of which any fact may be known or not."""
    drawn = {name: st.sampled_from([UNSET, *VALUES[name]]) for name in VALUES}
    return st.builds(Signals, **drawn | {"has_repository": st.booleans()})


def compute(signals: Signals, now: float = NOW) -> Score:
    return compute_score(signals, SCORING_CONFIG, now)


def compute_value(signals: Signals) -> float:
    """Return the score as a number; without any signal it is neutral."""
    found = compute(signals).value
    return float("nan") if found is UNSET else found


def test_all_signals_have_ordered_values() -> None:
    assert all(VALUES.values())


@given(draw_signals())
def test_score_is_integer_from_0_to_100(known: Signals) -> None:
    found = compute(known)

    assert found.value is UNSET or (isinstance(found.value, int) and 0 <= found.value <= 100)
    assert 0.0 <= found.confidence <= 1.0


@settings(max_examples=100)
@given(draw_signals(), st.sampled_from(sorted(ORDERED_VALUES)), st.data())
def test_better_signal_never_lowers_score(known: Signals, name: str, data: st.DataObject) -> None:
    ladder = ORDERED_VALUES[name]
    worse = data.draw(st.integers(0, len(ladder) - 2))
    better = data.draw(st.integers(worse + 1, len(ladder) - 1))

    low, high = (compute_value(replace(known, **{name: ladder[step]})) for step in (worse, better))

    assert not low > high


@settings(max_examples=100)
@given(draw_signals(), st.sampled_from(sorted(VALUES.keys() - {"has_repository"})))
def test_unknown_signal_costs_at_most_worst_value(known: Signals, name: str) -> None:
    unknown = compute_value(replace(known, **{name: UNSET}))

    worst = min(compute_value(replace(known, **{name: each})) for each in VALUES[name])

    assert not unknown < worst


@given(draw_signals())
def test_score_is_deterministic(known: Signals) -> None:
    assert compute(known) == compute(known)
    assert json.encode(compute(known).fields) == json.encode(compute(known).fields)


@given(draw_signals())
def test_breakdown_round_trip(known: Signals) -> None:
    found = compute(known)

    breakdown = found.fields.health_score_breakdown

    assert breakdown is not UNSET
    assert json.decode(json.encode(breakdown)) == breakdown
    groups = {name: breakdown[name] for name in breakdown if name != "caps"}
    assert set(groups) == {"recency", "documentation", "metadata"} | (
        {"compatibility", "maintenance", "security"} if found.model == "full" else set()
    )
    for name, group in groups.items():
        assert set(group) == {"points", "max_points", "findings", "unknown"}
        rules = {finding["rule"] for finding in group["findings"]} | {each["rule"] for each in group["unknown"]}
        assert rules == set(GROUPS[name])
        for finding in group["findings"]:
            assert set(finding) == {"rule", "points", "maximum", "seen", "to_do", "read_more"}
            assert 0 <= finding["points"] <= finding["maximum"]
            assert finding["seen"]
            assert bool(finding["to_do"]) == bool(finding["read_more"])
    assert all(set(cap) == {"cap", "at_most", "reason", "read_more"} for cap in breakdown["caps"])


@given(draw_signals())
def test_group_points_add_up_to_score(known: Signals) -> None:
    found = compute(known)
    breakdown = found.fields.health_score_breakdown
    assert breakdown is not UNSET
    groups = [breakdown[name] for name in found.groups]

    if (most := sum(group["max_points"] for group in groups)) > 10:
        assert found.uncapped == pytest.approx(100 * sum(group["points"] for group in groups) / most, abs=2)


def test_unknown_signals_lower_confidence_only() -> None:
    sure, unsure = compute(build_signals()), compute(build_signals(last_commit=UNSET, has_attestations=UNSET))

    assert (sure.value, sure.confidence) == (100, 1.0)
    assert (unsure.value, unsure.confidence) == (100, 0.92)
    assert set(unsure.groups["maintenance"].unknown) == {"commit"}


def test_no_signals_give_no_score() -> None:
    nothing = compute(Signals())

    assert (nothing.value, nothing.confidence) == (UNSET, 0.0)
    assert "health_score" not in json.decode(json.encode(nothing.fields))


def test_model_is_full_after_repository_lookup() -> None:
    assert compute(build_signals(has_repository=False)).model == "basic"
    assert compute(build_signals(last_commit=UNSET, issues=UNSET)).model == "full"


@pytest.mark.parametrize(
    ("model", "points"),
    [
        ("basic", {"recency": 40, "documentation": 30, "metadata": 30}),
        (
            "full",
            {"recency": 25, "documentation": 25, "metadata": 15, "compatibility": 15, "maintenance": 12, "security": 8},
        ),
    ],
)
def test_group_weights_follow_model(model: str, points: dict[str, int]) -> None:
    found = compute(build_signals(has_repository=model == "full"))

    assert {name: group.max_points for name, group in found.groups.items()} == pytest.approx(points)


@pytest.mark.parametrize(
    ("cap", "at_most", "known"),
    [
        ("not-installable", 0, {"is_installable": False}),
        ("not-installable", 0, {"status": "quarantined"}),
        ("retired", 20, {"status": "archived"}),
        ("retired", 20, {"status": "deprecated"}),
        ("inactive", 25, {"is_inactive": True}),
        ("repository-archived", 30, {"is_repository_archived": True}),
        ("given-up", 40, {"abandonment_notice": "This package is deprecated"}),
        ("python-excluded", 40, {"requires_python": "<3.10", "python_versions": ()}),
        ("python-excluded", 40, {"requires_python": "", "python_versions": ("Python 2.7",)}),
        ("advisory", 50, {"advisories": ("PYSEC-2026-1",)}),
        ("pre-releases-only", 60, {"is_prerelease_only": True}),
    ],
)
def test_cap_limits_score_with_reason(cap: str, at_most: int, known: dict[str, Any]) -> None:
    found = compute(build_signals(**known))

    assert found.value == at_most
    assert found.uncapped is not UNSET
    assert found.uncapped > at_most
    (applied,) = found.caps
    assert (applied.cap, applied.at_most) == (cap, at_most)
    assert applied.reason
    assert applied.read_more


def test_lowest_cap_applies_and_all_are_listed() -> None:
    found = compute(build_signals(status="archived", advisories=("PYSEC-2026-1",)))

    assert found.value == 20
    assert [cap.cap for cap in found.caps] == ["retired", "advisory"]


def test_popularity_is_no_fact() -> None:
    assert not {name for name in Signals.__struct_fields__ if "star" in name or "download" in name}


def test_quotes_are_one_short_line() -> None:
    found = compute(build_signals(summary="An \x1b[31mattack\n" + "x" * 5000))

    (finding,) = [each for each in found.groups["metadata"].findings if each.rule == "summary"]
    assert finding.observation.isprintable()
    assert len(finding.observation) <= 160


def test_every_rule_and_cap_has_weight_page_and_description() -> None:
    for group, rules in GROUPS.items():
        assert set(SCORING_CONFIG.rules[group]) == set(rules)
        assert all(rule.description for rule in rules.values())
        assert all(weighed.read_more for weighed in SCORING_CONFIG.rules[group].values())
    assert set(SCORING_CONFIG.caps) == set(CAPS)


def test_rule_without_weight_is_omitted() -> None:
    rules = {**SCORING_CONFIG.rules, "security": {**SCORING_CONFIG.rules["security"]}}
    rules["security"]["attestations"] = replace(rules["security"]["attestations"], weight=0)

    found = compute_score(build_signals(), replace(SCORING_CONFIG, rules=rules), NOW)

    (finding,) = found.groups["security"].findings
    assert (finding.rule, finding.points, finding.max_points) == ("advisories", 8, 8)
