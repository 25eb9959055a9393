"""Signals from the README of a built document."""

import time

import pytest

from pyf.aggregator.domain.health.extract_signals import ReadmeSignals, extract_readme_signals
from pyf.aggregator.domain.readme.plain_text import Readme, RenderedReadme, render_plain_text
from pyf.aggregator.domain.readme.rendering import render_readme
from support.builders import build_fields

SUMMARY = "Does things"


def extract(rendered_readme: RenderedReadme) -> ReadmeSignals:
    return extract_readme_signals(
        build_fields(
            summary=SUMMARY,
            description=rendered_readme.html,
            title=rendered_readme.title,
            first_chapter=rendered_readme.first_chapter,
            main_content=rendered_readme.main_content,
            changelog=rendered_readme.changelog,
        )
    )


def extract_from_markdown(text: str) -> ReadmeSignals:
    return extract(render_readme(Readme(text=text, content_type="text/markdown", summary=SUMMARY)))


def extract_from_rst(text: str) -> ReadmeSignals:
    return extract(render_readme(Readme(text=text, content_type="text/x-rst", summary=SUMMARY)))


def test_prose_is_the_text_without_code_badges_summary_and_changelog() -> None:
    plain = extract_from_markdown("# Thing\n\nFifty characters of prose, which are counted here.\n")

    dressed = extract_from_markdown(
        "# Thing\n\n[![build](https://ci.example/b.svg)](https://ci.example)\n\n"
        "Fifty characters of prose, which are counted here.\n\n"
        "```python\nfor each in things:\n    each.do()\n```\n\n"
        "# Changelog\n\n" + "A change that was made a long time ago.\n\n" * 50
    )

    assert 50 <= plain.prose_length <= 60
    assert abs(dressed.prose_length - plain.prose_length) <= 5


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("# Thing\n\n```python\nimport thing\n```\n", True),
        ("# Thing\n\n```\n$ thing --help\n```\n", True),
        ("# Thing\n\n```\npip install thing\n```\n", False),
        ("# Thing\n\n```bash\n# first\n$ python3 -m pip install thing\n```\n", False),
        ("# Thing\n\n```\npip install thing\nthing --help\n```\n", True),
        ("# Thing\n\nIt is `thing`.\n", False),
        ("", False),
    ],
)
def test_install_command_is_no_example(text: str, has: bool) -> None:
    assert extract_from_markdown(text).has_example is has


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("# Thing\n\nRun `pip install thing`.\n", True),
        ("# Thing\n\n## Installation\n\nAs usual.\n", True),
        ("# Thing\n\n## 2. Installing thing\n\nAs usual.\n", True),
        ("# Thing\n\n```\nuv add thing\n```\n", True),
        ("# Thing\n\n```\neggs =\n    thing\n```\n", True),
        ("# Thing\n\nThis installer installs other things, once it is there.\n", False),
        ("", False),
    ],
)
def test_installing_is_reported_by_a_command_or_a_heading(text: str, has: bool) -> None:
    assert extract_from_markdown(text).has_install_section is has


def test_rst_signals_are_extracted() -> None:
    evidence = extract_from_rst(
        "Thing\n=====\n\nSome words of prose.\n\nInstallation\n------------\n\n::\n\n    import thing\n"
    )

    assert (evidence.has_example, evidence.has_install_section) == (True, True)
    assert 0 < evidence.prose_length < 60


def test_unrendered_text_is_prose_with_code() -> None:
    text = "Thing does this and that, and this is how::\n\n    import thing\n"

    evidence = extract(render_plain_text(Readme(text=text, content_type="text/plain", summary=SUMMARY)))

    assert (evidence.prose_length > 40, evidence.has_example) == (True, True)


def test_without_a_readme_there_is_nothing() -> None:
    assert extract_readme_signals(build_fields(summary=SUMMARY)) == ReadmeSignals(
        prose_length=0, has_example=False, has_install_section=False
    )


@pytest.mark.parametrize(
    "text",
    ["-\n" * 25_000, "<pre>" + "::" + "\n" * 49_000, "::\n" * 16_000, "install " * 6_000, "<pre></pre>" * 4_000],
    ids=["dashes", "blank lines", "colons", "installing", "blocks"],
)
def test_any_text_is_parsed_quickly(text: str) -> None:
    """Not a measurement: a pattern that goes back and forth would take minutes for these."""
    started = time.monotonic()

    extract_readme_signals(build_fields(description=text, first_chapter=text, main_content=text))

    assert time.monotonic() - started < 20
