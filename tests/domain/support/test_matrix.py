"""Displayed links, requirements and support of a release, for any metadata."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.documents.project_links import list_public_links
from pyf.aggregator.domain.membership.requirements import parse_requirement_lines
from pyf.aggregator.domain.support.matrix import build_support_matrix, sort_newest_first
from support.builders import build_fields
from support.scoring_fixtures import SCORING_CONFIG

TODAY = date(2026, 9, 1)
TEXT = st.text(max_size=60)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:a@b.example",
        "//evil.example",
        "/relative",
        "https://user:word@host.example/",
        "https://[half",
        "http://",
        "https://a.example/\nb",
        "https://a.example/?to=ada@lovelace.example",
        "x" * 600,
        "",
    ],
)
def test_unsafe_link_is_omitted(url: str) -> None:
    assert list_public_links(build_fields(project_urls={"Home": url}, home_page=url), url) == ()


def test_duplicate_urls_keep_first_label() -> None:
    newest = build_fields(
        project_urls={"Code": "https://a.example/x", "": "https://b.example"}, home_page="https://A.example/x/"
    )

    assert [(link.label, link.url) for link in list_public_links(newest, "https://c.example")] == [
        ("Code", "https://a.example/x"),
        ("Link", "https://b.example"),
        ("Repository", "https://c.example"),
    ]


def test_links_to_repositories_have_their_web_url() -> None:
    newest = build_fields(
        project_urls={"Code": "https://github.com/o/r>`_", "Source": "github:o/s", "Git": "git@github.com:o/t.git"},
        home_page="https://x.example/a b",
    )

    assert [link.url for link in list_public_links(newest)][:3] == [
        "https://github.com/o/r",
        "https://github.com/o/s",
        "https://github.com/o/t",
    ]
    assert "https://x.example/a b" not in {link.url for link in list_public_links(newest)}


@given(st.dictionaries(TEXT, TEXT, max_size=5), TEXT)
def test_any_links_are_read(links: dict[str, str], url: str) -> None:
    for link in list_public_links(build_fields(project_urls=links, home_page=url), url):
        assert link.url.startswith(("http://", "https://"))
        assert 0 < len(link.label) <= 60


def test_requirements_are_taken_apart() -> None:
    lines = parse_requirement_lines(
        ["zope >=5,<6", "Attrs; python_version < '3'", "mypy ; extra == 'dev'", "", "not a requirement!", "attrs"]
    )

    assert [(line.name, line.versions, line.condition, line.extras) for line in lines] == [
        ("Attrs", "", 'python_version < "3"', ()),
        ("attrs", "", "", ()),
        ("zope", "<6,>=5", "", ()),
        ("not a requirement!", "", "", ()),
        ("mypy", "", 'extra == "dev"', ("dev",)),
    ]


@given(st.lists(st.one_of(TEXT, st.just("a; extra == 'x'"), st.just("a @ git+https://u@x.example/y")), max_size=6))
def test_any_lines_are_read(lines: list[str]) -> None:
    assert all(line.name for line in parse_requirement_lines(lines))


def test_releases_in_a_row_that_support_the_same_are_one_row() -> None:
    documents = [
        build_fields("a", version, framework_versions=tuple(supported), yanked=version == "2.2")
        for version, supported in {
            "10.0": ["Plone 6.1", "Plone 10"],
            "2.2": ["Plone 4.3"],
            "2.1": ["Plone 6.0"],
            "2.0": ["Plone 6.0"],
            "1.0": [],
        }.items()
    ]

    matrix = build_support_matrix(documents, SCORING_CONFIG, TODAY)

    assert [(column.name, column.is_supported) for column in matrix.columns] == [
        ("Plone 10", True),
        ("Plone 6.1", True),
        ("Plone 6.0", True),
    ]
    assert [(row.newest, row.oldest, row.release_count, row.supports) for row in matrix.rows] == [
        ("10.0", "10.0", 1, (True, True, False)),
        ("2.1", "2.0", 2, (False, False, True)),
        ("1.0", "1.0", 1, (False, False, False)),
    ]


def test_pre_releases_stand_where_their_version_does_and_are_counted() -> None:
    supported = {"1.0": "5.2", "3.0a1": "6.1", "2.0": "6.0", "nonsense": "4.3", "2.0rc1": "6.0", "3.0a2": "6.1"}
    documents = [build_fields("a", each, framework_versions=(f"Plone {v}",)) for each, v in supported.items()]

    rows = build_support_matrix(documents, SCORING_CONFIG, TODAY).rows

    assert [(row.newest, row.oldest, row.release_count, row.prerelease_count) for row in rows] == [
        ("3.0a2", "3.0a1", 2, 2),
        ("2.0", "2.0rc1", 2, 1),
        ("1.0", "1.0", 1, 0),
        ("nonsense", "nonsense", 1, 1),
    ]


@given(
    st.lists(st.one_of(TEXT, st.from_regex(r"(Plone|Django) [0-9]{1,3}(\.[0-9]{1,3})?", fullmatch=True)), max_size=9)
)
def test_framework_versions_have_one_order(versions: list[str]) -> None:
    assert sort_newest_first(versions) == sort_newest_first(reversed(versions))
    assert sorted(sort_newest_first(versions)) == sorted(versions)
