"""Compatibility: what a package supports, told from its classifiers and its `requires-python`."""

from datetime import date
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from healthy import STANDARDS, case, facts, moment
from pyf.aggregator.domain.health.compatibility import (
    RULES,
    admits_supported_python,
    supports_supported_framework,
)
from pyf.aggregator.domain.health.judging import Case
from pyf.aggregator.domain.health.standards import supported


def python(required: str, *named: str) -> dict[str, Any]:
    return {"requires_python": required, "python_versions": tuple(f"Python {version}" for version in named)}


@pytest.mark.parametrize(
    ("known", "admits"),
    [
        (python(">=3.8"), True),
        (python(">=3.8,<4"), True),
        (python(">=2.7,!=3.0.*"), True),
        (python(">=3.11.4"), True),
        (python("<3.10"), False),
        (python(">=3.6,<3.7", "3.6"), False),
        (python("~=2.7"), False),
        (python(">=2.6", "2.6", "2.7"), False),
        (python(">=3.8", "2.7"), True),
        (python("", "2.7"), False),
        (python("", "2.7", "3.6"), UNSET),
        (python("", "2", "3"), True),
        (python("", "3.6", "3.13"), True),
        (python("", "3.99"), True),
        (python(""), UNSET),
        (python("three"), UNSET),
        (python(f">={'9' * 5000}"), UNSET),
        (python("", "9" * 5000), UNSET),
        ({"requires_python": UNSET, "python_versions": UNSET}, UNSET),
    ],
)
def test_whether_a_supported_python_is_admitted(known: dict[str, Any], admits: bool) -> None:
    assert admits_supported_python(case(**known)) is admits


@pytest.mark.parametrize(
    ("known", "value"),
    [
        (python(">=3.8", "3.8", "3.12"), 1.0),
        (python("", "3.12"), 1.0),
        (python(">=3.8", "3.8"), 0.8),
        (python("", "3"), 0.8),
        (python("", "3.6", "2.7"), 0.3),
        (python("<3.9", "3.12"), 0.0),
        (python("", "2.7"), 0.0),
        (python(""), UNSET),
    ],
)
def test_naming_a_supported_python_is_worth_more_than_not_excluding_it(known: dict[str, Any], value: float) -> None:
    judgement = RULES["python"].judge(case(**known))

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
    assert supports_supported_framework(case(framework_versions=named)) is supports


def test_the_last_day_of_support_counts() -> None:
    known = facts(framework_versions=("Plone 6.0",))

    last, after = (
        supports_supported_framework(Case(known, STANDARDS, moment(day)))
        for day in (date(2026, 12, 31), date(2027, 1, 1))
    )

    assert (last, after) == (True, False)


def test_pythons_are_compared_as_numbers_and_a_list_that_was_outlived_ends_with_its_newest() -> None:
    ends = {"3.9": date(2025, 10, 31), "3.10": date(2026, 10, 31), "3.11": date(2027, 10, 31)}

    assert supported(ends, date(2026, 1, 1)) == ("3.10", "3.11")
    assert supported(ends, date(2040, 1, 1)) == ("3.11",)


def test_a_program_that_was_not_updated_for_years_condemns_nobody() -> None:
    years_later = Case(facts(**python(">=3.9", "3.15")), STANDARDS, moment(date(2040, 1, 1)))

    assert admits_supported_python(years_later) is True


def test_a_framework_that_nobody_knows_the_releases_of_is_no_fault() -> None:
    standards = replace(STANDARDS, frameworks={})

    assert supports_supported_framework(Case(facts(), standards, 0)) is UNSET
