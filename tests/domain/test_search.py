"""Filter values in any spelling; ambiguous ones select nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.documents.schema import FACETS
from pyf.aggregator.domain.search import resolve_values, suggest_values

FRAMEWORKS = ("Plone 6.0", "Plone 6.1", "Zope 6.0", "Zope 5", "Django 5.2")
CLASSIFIERS = ("License :: OSI Approved :: MIT License", "Framework :: Plone", "Framework :: Plone :: 6.0", "A :: 6.0")


@pytest.mark.parametrize(
    ("facet", "value", "known", "expected"),
    [
        ("license", "mit", ("MIT", "MIT-0"), ("MIT",)),
        ("license", "apache", ("MIT", "Apache-2.0"), ("Apache-2.0",)),
        ("license", "GPL-2.0", ("GPL-2.0-only", "GPL-2.0-or-later"), ()),
        ("license", "pl", ("GPL-2.0-only",), ()),
        ("python", "3.1", ("Python 3.1", "Python 3.12"), ("Python 3.1",)),
        ("python", "python 3.12", ("Python 3.12",), ("Python 3.12",)),
        ("framework", "6.0", FRAMEWORKS, ("Plone 6.0",)),
        ("framework", "5", FRAMEWORKS, ("Zope 5",)),
        ("framework", "zope 6.0", FRAMEWORKS, ("Zope 6.0",)),
        ("framework", "6", FRAMEWORKS, ()),
        ("classifier", "mit license", CLASSIFIERS, ("License :: OSI Approved :: MIT License",)),
        ("classifier", "plone", CLASSIFIERS, ("Framework :: Plone",)),
        ("classifier", "6.0", CLASSIFIERS, ()),
        ("classifier", "Plone :: 6.0", CLASSIFIERS, ("Framework :: Plone :: 6.0",)),
        ("maintainer", "ADA", ("ada", "Ada", "adam"), ("ada", "Ada")),
        ("maintainer", " ", ("ada",), ()),
        ("status", "Archived", ("active", "archived"), ("archived",)),
    ],
)
def test_case_does_not_count_and_what_is_clear_may_be_left_out(
    facet: str, value: str, known: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert resolve_values(facet, value, known, frameworks=("Plone",)) == expected


def test_version_of_several_frameworks_is_ambiguous() -> None:
    assert resolve_values("framework", "6.0", FRAMEWORKS) == ()
    assert resolve_values("framework", "5.2", FRAMEWORKS) == ("Django 5.2",)


@given(st.sampled_from(sorted(FACETS)), st.text(), st.sets(st.text()), st.sets(st.text()))
def test_existing_value_resolves_to_itself(facet: str, value: str, known: set[str], frameworks: set[str]) -> None:
    assert set(resolve_values(facet, value, known, frameworks)) <= known
    assert resolve_values(facet, value, known | {value}, frameworks) == (value,)


def test_suggested_values_are_similar_or_frequent() -> None:
    known = {"MIT": 5, "BSD-3-Clause": 9, "GPL-2.0-only": 2, "GPL-2.0-or-later": 1, "ISC": 1, "0BSD": 1}

    assert suggest_values("gpl", known)[:2] == ("GPL-2.0-only", "GPL-2.0-or-later")
    assert suggest_values("????", known) == ("BSD-3-Clause", "MIT", "GPL-2.0-only", "0BSD", "GPL-2.0-or-later")
    assert suggest_values("gpl", {}) == ()
