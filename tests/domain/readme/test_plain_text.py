"""Changelog headings, and the plain text of READMEs that cannot be rendered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, msgpack

from pyf.aggregator.domain.readme.plain_text import (
    MAX_TEXT_LENGTH,
    Readme,
    clean_readme,
    is_changelog_heading,
    render_plain_text,
)
from support.html_checks import assert_safe_html


@pytest.mark.parametrize(
    "heading",
    [
        *("Changelog", "CHANGELOG", "Change log", "Change-Log", "Change Log:", "Changelogs", "Changes", "History"),
        *("Change history", "Change Notes", "Revision history", "Release history", "Version history", "Release log"),
        *("Release notes", "Release Note", "Releases", "What's new", "What’s new?", "Whats New", "Version Changes"),
        *("Recent changes", "Full changelog", "The complete change log", "Latest release notes"),
        *(
            "CHANGES (v1.0)",
            "Changelog (unreleased)",
            "[Changelog]",
            "Changes [1.0]",
            "Changelog: 1.0",
            "Changes - 1.0",
        ),
        *("Changes in 2.0", "Changes in version 2.0.0b1", "Changes in plone.api 2.0", "Changes since version 1.2"),
        *(
            "What's new in v1.0.0:",
            "What's new in napari 0.4.5",
            "Changes 1.0 - 2024-01-31",
            "Changes 1.0 (2024-01-31)",
        ),
        *("Release notes 2024-01-31", "Release notes for plone.api", "Changelog for package foo", "Changelog of foo"),
        *("5. Changelog", "1.2.3 Changes", "IV. Changes", "A. Changes", "b) History", "--- History ---", "* Changes *"),
        *("🎉 What's new", "📜 CHANGES", "Changelog 📝", "✨ Release notes ✨", "Ｃｈａｎｇｅｓ"),
    ],
)
def test_changelog_is_detected(heading: str) -> None:
    assert is_changelog_heading(heading)


@pytest.mark.parametrize(
    "heading",
    [
        *("Changes to the settings file", "Changes in behaviour", "Changes in 5.0 settings", "Breaking changes"),
        *("Changes you need to make for version 2", "Does this branch change the numbers?", "Changing settings"),
        *("History plugin", "History page", "Output History", "Project history", "History of the project", "History2"),
        *("Release", "Releasing", "Release process", "Release 1.0", "Releases of the hounds", "Versions", "1.0.0"),
        *("New features", "What is new", "News", "Upgrade to version 10.0+", "Version 0.16.0 Update: Bug Fix"),
        *("Updating the changelog", "How to write a changelog", "Changelog generator", "Changeset", "Exchanges"),
        *("", "🎉", "1.", "Changelog " + "x" * 100),
    ],
)
def test_other_text_is_no_changelog(heading: str) -> None:
    assert not is_changelog_heading(heading)


@pytest.mark.parametrize("repeated", ["changes ", "1.", "the ", "(", "changes in a ", "-", "release notes for "])
def test_hostile_heading_is_parsed_quickly(repeated: str) -> None:
    assert not is_changelog_heading(repeated * 100_000)


any_text = st.text(st.characters(codec=None, categories=None))


def test_text_is_shown_as_written_and_is_the_first_chapter() -> None:
    made = render_plain_text(Readme(text="a  <b>\n\n   c & d", summary="What it is."))

    assert made.html == "<pre>a  &lt;b&gt;\n\n   c &amp; d</pre>"
    assert made.first_chapter == "What it is.\na <b>\nc & d"
    assert (made.title, made.main_content, made.changelog) == (UNSET, UNSET, UNSET)


def test_blank_readme_has_only_its_summary() -> None:
    made = render_plain_text(Readme(text=" \n\t", summary="What it is."))

    assert (made.html, made.first_chapter) == ("", "What it is.")


def test_without_text_and_summary_there_is_no_first_chapter() -> None:
    assert render_plain_text(Readme(text="")).first_chapter is UNSET


def test_long_text_is_cut_at_line_end() -> None:
    text = "0123456\n" * (MAX_TEXT_LENGTH // 8) + "and more\n"

    assert clean_readme(Readme(text=text)).text == "0123456\n" * (MAX_TEXT_LENGTH // 8)
    assert clean_readme(Readme(text="x" + text)).text == "x" + "0123456\n" * (MAX_TEXT_LENGTH // 8 - 1)


def test_long_line_is_cut_at_limit() -> None:
    assert clean_readme(Readme(text="x" * (MAX_TEXT_LENGTH + 1))).text == "x" * MAX_TEXT_LENGTH


def test_text_at_limit_is_complete() -> None:
    text = "x\n" + "y" * (MAX_TEXT_LENGTH - 2)

    assert clean_readme(Readme(text=text)).text == text


def test_non_text_is_dropped_and_unencodable_marked() -> None:
    readme = clean_readme(Readme(text="a\x00b\x1bc\ud800d\te\n", summary="\udfff", content_type="text/\x00plain"))

    assert readme == Readme(text="abc\ufffdd\te\n", summary="\ufffd", content_type="text/plain")


@given(any_text, any_text)
def test_any_readme_can_be_sent_and_shown(text: str, summary: str) -> None:
    readme = Readme(text=text, summary=summary, content_type=text)

    made = render_plain_text(readme)

    assert_safe_html(made.html)
    assert msgpack.decode(msgpack.encode(clean_readme(readme)), type=Readme) == clean_readme(readme)
    assert msgpack.encode(made)


@given(any_text)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean_readme(Readme(text=text, summary=text))

    assert clean_readme(once) == once
