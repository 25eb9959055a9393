"""Compatibility: supported versions by classifiers and `requires-python`."""

from datetime import date
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from pyf.aggregator.domain.health.compatibility import RULES, can_use_supported_python, has_supported_framework
from pyf.aggregator.domain.health.rules import RuleContext
from pyf.aggregator.domain.health.scoring_config import list_supported
from support.scoring_fixtures import SCORING_CONFIG, build_context, build_signals, to_timestamp


def make_python_signals(required: str, *named: str) -> dict[str, Any]:
    return {"requires_python": required, "python_versions": tuple(f"Python {version}" for version in named)}


@pytest.mark.parametrize(
    ("known", "admits"),
    [
        (make_python_signals(">=3.8"), True),
        (make_python_signals(">=3.8,<4"), True),
        (make_python_signals(">=2.7,!=3.0.*"), True),
        (make_python_signals(">=3.11.4"), True),
        (make_python_signals("<3.10"), False),
        (make_python_signals(">=3.6,<3.7", "3.6"), False),
        (make_python_signals("~=2.7"), False),
        (make_python_signals(">=2.6", "2.6", "2.7"), False),
        (make_python_signals(">=3.8", "2.7"), True),
        (make_python_signals("", "2.7"), False),
        (make_python_signals("", "2.7", "3.6"), UNSET),
        (make_python_signals("", "2", "3"), True),
        (make_python_signals("", "3.6", "3.13"), True),
        (make_python_signals("", "3.99"), True),
        (make_python_signals(""), UNSET),
        (make_python_signals("three"), UNSET),
        (make_python_signals(f">={'9' * 5000}"), UNSET),
        (make_python_signals("", "9" * 5000), UNSET),
        ({"requires_python": UNSET, "python_versions": UNSET}, UNSET),
    ],
)
def test_whether_a_supported_python_is_admitted(known: dict[str, Any], admits: bool) -> None:
    assert can_use_supported_python(build_context(**known)) is admits


@pytest.mark.parametrize(
    ("known", "value"),
    [
        (make_python_signals(">=3.8", "3.8", "3.12"), 1.0),
        (make_python_signals("", "3.12"), 1.0),
        (make_python_signals(">=3.8", "3.8"), 0.8),
        (make_python_signals("", "3"), 0.8),
        (make_python_signals("", "3.6", "2.7"), 0.3),
        (make_python_signals("<3.9", "3.12"), 0.0),
        (make_python_signals("", "2.7"), 0.0),
        (make_python_signals(""), UNSET),
    ],
)
def test_declared_python_weighs_more_than_not_excluded(known: dict[str, Any], value: float) -> None:
    judgement = RULES["python"].evaluate(build_context(**known))

    assert (judgement if judgement is UNSET else judgement.value) == value


@pytest.mark.parametrize(
    ("named", "supports"),
    [
        (("Plone 6.1",), True),
        (("Plone 4.3", "Plone 6.0"), True),
        (("Plone 4.3", "Plone 5.2"), False),
        (("Plone 6",), True),
        (("Plone 5",), False),
        (("Plone 99.0",), True),
        (("Django 4.2",), False),
        (("Django 5",), True),
        (("Plone 4.4",), UNSET),
        (("Nobody 1.0",), UNSET),
        (("Nobody 1.0", "Plone 5.0"), False),
        ((f"Plone {'9' * 5000}",), UNSET),
        ((), UNSET),
        (UNSET, UNSET),
    ],
)
def test_whether_a_supported_release_of_a_framework_is_named(named: Any, supports: bool) -> None:
    assert has_supported_framework(build_context(framework_versions=named)) is supports


def test_last_day_of_support_is_supported() -> None:
    known = build_signals(framework_versions=("Plone 6.0",))

    last, after = (
        has_supported_framework(RuleContext(known, SCORING_CONFIG, to_timestamp(day)))
        for day in (date(2026, 12, 31), date(2027, 1, 1))
    )

    assert (last, after) == (True, False)


def test_python_versions_compare_as_numbers() -> None:
    ends = {"3.9": date(2025, 10, 31), "3.10": date(2026, 10, 31), "3.11": date(2027, 10, 31)}

    assert list_supported(ends, date(2026, 1, 1)) == ("3.10", "3.11")
    assert list_supported(ends, date(2040, 1, 1)) == ("3.11",)


def test_unlisted_newer_pythons_are_assumed_supported() -> None:
    years_later = RuleContext(
        build_signals(**make_python_signals(">=3.9", "3.15")), SCORING_CONFIG, to_timestamp(date(2040, 1, 1))
    )

    assert can_use_supported_python(years_later) is True


def test_framework_without_known_releases_is_not_evaluated() -> None:
    standards = replace(SCORING_CONFIG, frameworks={})

    assert has_supported_framework(RuleContext(build_signals(), standards, 0)) is UNSET
