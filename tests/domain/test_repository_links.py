"""Which of a project's links is tried first, and which next."""

import pytest

from builders import build_fields
from pyf.aggregator.domain.repository_links import list_repository_candidates


def list_candidate_paths(*releases: dict[str, object]) -> list[str]:
    return [ref.path for ref in list_repository_candidates(build_fields(**release) for release in releases)]  # type: ignore[arg-type]


def test_links_are_tried_by_label_then_home_page_then_downloads_and_documentation() -> None:
    release = {
        "docs_url": "https://github.com/o/docs-url",
        "home_page": "https://github.com/o/home",
        "project_urls": {
            "Documentation": "https://github.com/o/docs",
            "Changelog": "https://github.com/o/changes",
            "Download": "https://github.com/o/download",
            "Source Code": "https://github.com/o/source",
        },
    }

    assert list_candidate_paths(release) == ["o/source", "o/changes", "o/home", "o/docs", "o/download", "o/docs-url"]


@pytest.mark.parametrize(
    "label",
    ["Source", "source", "Source Code", "SourceCode", "source_code", "Repository", "repo", "Code", "GitHub", "Git-Hub",
     "Source on GitHub", "GitHub Repository", "GitLab", "Git", "VCS", "  SOURCE: "],
)  # fmt: skip
def test_a_label_that_says_source_or_repository_comes_first(label: str) -> None:
    links = {"Homepage": "https://github.com/o/home", label: "https://github.com/o/source"}

    assert list_candidate_paths({"project_urls": links}) == ["o/source", "o/home"]


@pytest.mark.parametrize("label", ["Resources", "Report a bug", "Code of Conduct", "GitHub Sponsors", "Homepage", "源"])
def test_a_label_that_only_looks_like_it_does_not(label: str) -> None:
    links = {label: "https://github.com/o/other", "Source": "https://github.com/o/source"}

    assert list_candidate_paths({"project_urls": links}) == ["o/source", "o/other"]


def test_links_of_older_releases_come_last_and_each_repository_once() -> None:
    newest = {"version": "3.0", "project_urls": {"Source": "https://github.com/o/new"}}
    older = {"version": "2.0", "project_urls": {"Source": "git@github.com:O/NEW.git", "Home": "https://github.com/o/x"}}
    oldest = {"version": "1.0", "home_page": "http://github.com/former/old/"}

    assert list_candidate_paths(newest, older, oldest) == ["o/new", "o/x", "former/old"]


def test_what_leads_to_no_repository_is_left_out() -> None:
    links = {"Source": "UNKNOWN", "Donate": "https://github.com/sponsors/me", "Docs": "https://me.github.io/x"}

    assert list_candidate_paths({"project_urls": links, "home_page": "https://example.org"}) == []
