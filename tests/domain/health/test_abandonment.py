"""Texts that announce the end of a project, and texts that only look like it."""

import pytest

from pyf.aggregator.domain.health.extract_signals import find_abandonment_notice


@pytest.mark.parametrize(
    "text",
    [
        "This package is no longer maintained.",
        "**This project is deprecated** in favour of another one",
        "The collective.thing package has been superseded by collective.other.",
        "This library isn't actively maintained",
        "A tool for tools\nDEPRECATED: use another tool",
        "[DEPRECATED] A tool for tools",
        "Unmaintained\n\nNobody is here.",
        "NOTE: THIS LIBRARY IS DEPRECATED IN FAVOR OF ANOTHER",
        "thing 3.0 will be the last version of thing",
        "This fork was merged into the original",
    ],
)
def test_find_abandonment_notice(text: str) -> None:
    assert find_abandonment_notice(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Deprecated decorator for functions and classes",
        "A library that helps with deprecations",
        "Python 2 is no longer supported",
        "Version 1.x is no longer maintained",
        "The old API is deprecated and will go",
        "This package is actively maintained",
        "Finds packages that are abandoned, obsolete or deprecated",
        "The last release of Plone 5 is supported",
        "x" * 2000 + "\nThis package is deprecated",
    ],
)
def test_find_abandonment_notice_ignores_similar_texts(text: str) -> None:
    assert find_abandonment_notice(text) == ""


def test_long_first_paragraph_is_evaluated_quickly() -> None:
    assert find_abandonment_notice("deprecated words " + "(" * 100_000 + "\n-" * 100_000) == ""
