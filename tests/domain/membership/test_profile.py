from typing import Any

import pytest
from msgspec.structs import replace
from trove_classifiers import classifiers as trove

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.domain.membership.profile import Filter, matches_classifiers

PLONE = Filter(profile="plone", classifiers=("Framework :: Plone",))


@pytest.mark.parametrize(
    ("classifier", "belongs"),
    [
        ("Framework :: Plone", True),
        ("Framework :: Plone :: 6.0", True),
        ("Framework :: Plone :: Addon :: Deep", True),
        ("Framework :: Plonesque", False),
        ("Framework :: Plonesque :: 6.0", False),
        ("Framework", False),
    ],
)
def test_classifier_covers_subclassifiers(classifier: str, belongs: bool) -> None:
    assert matches_classifiers(classifier, ["Framework :: Plone"]) is belongs


def test_expansion_has_unique_classifiers() -> None:
    known = ["Framework :: Plone :: 6.0", "Framework :: Plone :: 9.9", "Framework :: Django", "Framework :: Plone"]

    assert PLONE.expand_classifiers(known) == (
        "Framework :: Plone",
        "Framework :: Plone :: 6.0",
        "Framework :: Plone :: 9.9",
    )


def test_filters_that_admit_the_same_have_the_same_key() -> None:
    one = Filter(classifiers=("B :: b", "A :: a"))
    other = Filter(profile="mine", classifiers=("A :: a", "B :: b"))

    assert one.key == other.key != PLONE.key != Filter(everything=True).key


FLASK = Filter(classifiers=("Framework :: Flask",), requires=("flask",), names=("flask-*", "*-flask", "eve"))


def test_pattern_matches_whole_name_with_star() -> None:
    listed = ["flask-login", "flask-", "pytest-flask", "eve", "flask", "flaskless", "my-flask-login", "eve-more"]

    assert FLASK.matching_names(listed) == {"flask-login", "flask-", "pytest-flask", "eve"}
    assert FLASK.matching_pattern("pytest-flask") == "*-flask"
    assert FLASK.matching_pattern("flaskless") == ""


@pytest.mark.parametrize("other", [Filter(), replace(FLASK, strict=True), replace(FLASK, everything=True), PLONE])
def test_only_a_filter_with_requirements_looks_beyond_classifiers(other: Filter) -> None:
    assert FLASK.uses_requirements
    assert not other.uses_requirements
    assert other.matching_names(["flask-login"]) == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        {"requires": ("flask", "quart")},
        {"names": ("flask-*",)},
        {"strict": True},
        {"classifiers": ("Framework :: Quart",)},
        {"everything": True},
    ],
)
def test_another_rule_is_another_key(change: dict[str, Any]) -> None:
    """A verdict that another rule has given must not hide a member."""
    changed = replace(FLASK, **change)

    assert changed.key != FLASK.key
    assert not changed.admits_same_as(FLASK)


@pytest.mark.parametrize("change", [{"include": {"a": "b"}}, {"exclude": {"a": "b"}}])
def test_include_and_exclude_change_members_but_not_the_filter_key(change: dict[str, Any]) -> None:
    changed = replace(FLASK, **change)

    assert changed.key == FLASK.key
    assert not changed.admits_same_as(FLASK)
    assert changed.admits_same_as(replace(changed, profile="mine"))


def test_key_of_classifier_filter_is_stable() -> None:
    assert Filter(classifiers=("B :: b", "A :: a")).key == "A :: a\nB :: b"


@pytest.mark.parametrize("key", sorted(load_profiles()))
def test_every_built_in_classifier_is_published(key: str) -> None:
    assert set(load_profiles()[key].classifiers) <= set(trove)


def test_four_profiles_are_built_in() -> None:
    assert set(load_profiles()) >= {"plone", "django", "flask", "fastapi"}
