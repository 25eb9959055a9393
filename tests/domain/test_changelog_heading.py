"""A changelog is known by its heading, and documentation about changes is not taken for one."""

import pytest

from pyf.aggregator.domain.changelog_heading import is_changelog_heading


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
def test_it_reads_like_a_changelog(heading: str) -> None:
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
def test_it_does_not_read_like_a_changelog(heading: str) -> None:
    assert not is_changelog_heading(heading)


@pytest.mark.parametrize("repeated", ["changes ", "1.", "the ", "(", "changes in a ", "-", "release notes for "])
def test_a_hostile_heading_is_judged_without_delay(repeated: str) -> None:
    assert not is_changelog_heading(repeated * 100_000)
