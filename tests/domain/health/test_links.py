"""Targets of links by their labels and URLs."""

import pytest

from pyf.aggregator.domain.health.links import find_links, find_tracker
from support.builders import build_fields

PAGE = "https://registry.example/project/a/"
FORGE = "https://github.com/o/r"


def find_docs_link(label: str, url: str) -> str:
    return find_links(build_fields(package_url=PAGE, project_urls={label: url})).docs


@pytest.mark.parametrize(
    ("label", "url"),
    [
        ("Documentation", "https://a.example"),
        ("Docs", "https://a.example/manual"),
        ("Read the Docs", "https://a.example"),
        ("Homepage", "https://a.readthedocs.io/en/latest"),
        ("Homepage", "https://o.github.io/r"),
        ("Homepage", "http://docs.a.example"),
        ("Homepage", "https://a.example/docs/a"),
        ("User_Guide", f"{FORGE}/wiki"),
        ("Documentation", f"{FORGE}/tree/main/docs"),
    ],
)
def test_documentation_link_is_found(label: str, url: str) -> None:
    assert find_docs_link(label, url) == url


@pytest.mark.parametrize(
    ("label", "url"),
    [
        ("Documentation", PAGE),
        ("Documentation", "https://registry.example/simple/a"),
        ("Documentation", "https://pypi.mirror.example/pypi/a"),
        ("Documentation", FORGE),
        ("Documentation", f"{FORGE}#readme"),
        ("Documentation", f"{FORGE}/blob/main/README.md"),
        ("Homepage", "https://a.example"),
        ("Changelog", "https://a.readthedocs.io/changelog"),
        ("Documentation", "UNKNOWN"),
        ("Documentation", ""),
        ("Documentation", "https://[half"),
    ],
)
def test_package_page_is_no_documentation(label: str, url: str) -> None:
    assert find_docs_link(label, url) == ""


def test_docs_url_field_is_documentation() -> None:
    found = find_links(build_fields(docs_url="https://a.example/manual"))

    assert found.docs == "https://a.example/manual"


@pytest.mark.parametrize(
    ("label", "url", "is_source"),
    [
        ("Source", "https://code.a.example/a", True),
        ("Homepage", "https://www.GitHub.com/o/r", True),
        ("Homepage", "github.com/o/r", True),
        ("Repository", "git+https://git.example/o/r.git", True),
        ("Homepage", "https://gitlab.example.org/o/r", True),
        ("Funding", "https://github.com/sponsors/o", False),
        ("GitHub Sponsors", "https://money.example/o", False),
        ("Code of Conduct", "https://a.example/conduct", False),
        ("Homepage", "https://github.com/o", False),
        ("Homepage", "https://a.example", False),
    ],
)
def test_source_link_is_found(label: str, url: str, is_source: bool) -> None:
    assert bool(find_links(build_fields(project_urls={label: url})).source) is is_source


def test_source_link_is_repository_without_path() -> None:
    """It is found by the same parser and in the same order as the repository that stars come from."""
    links = {"Changes": f"{FORGE}/blob/main/CHANGES.md", "Source Code": "git+ssh://git@github.com/o/code.git"}

    assert find_links(build_fields(project_urls=links)).source == "https://github.com/o/code"


def test_home_page_can_be_source() -> None:
    assert find_links(build_fields(home_page=FORGE)).source == FORGE


@pytest.mark.parametrize(("label", "url"), [("Bug Tracker", "https://a.example/bugs"), ("X", f"{FORGE}/issues")])
def test_issue_tracker_is_found(label: str, url: str) -> None:
    assert find_links(build_fields(project_urls={label: url})).tracker == url


@pytest.mark.parametrize("label", ["Changelog", "Release notes", "What's New", "Changes", "News"])
def test_changelog_link_is_found(label: str) -> None:
    assert find_links(build_fields(project_urls={label: "https://a.example/x"})).changelog == "https://a.example/x"


@pytest.mark.parametrize(
    ("label", "url", "tracker"),
    [
        ("Bugs", "https://a.example/bugs", "https://a.example/bugs"),
        ("Bugs", "github.com/o/r/issues", "https://github.com/o/r/issues"),
        ("Source", "https://github.com/o/r.git", "https://github.com/o/r/issues"),
        ("Source", "https://gitlab.com/o/r", "https://gitlab.com/o/r/-/issues"),
        ("Source", "https://codeberg.org/o/r", "https://codeberg.org/o/r/issues"),
        ("Source", "https://bitbucket.org/o/r", ""),
        ("Homepage", "https://a.example", ""),
    ],
)
def test_issues_of_the_repository_are_the_tracker_of_a_package_that_links_none(
    label: str, url: str, tracker: str
) -> None:
    assert find_tracker(build_fields(project_urls={label: url})) == tracker
