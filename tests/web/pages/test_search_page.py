"""Page links, filters and versions of the search page."""

import pytest

from pyf.aggregator.domain.documents.document import Document
from pyf.aggregator.domain.documents.facets import HealthBand
from pyf.aggregator.domain.search import FacetCount, SearchQuery, SearchResults, to_hit
from pyf.aggregator.web.pages.formatting import group_versions, sort_versions
from pyf.aggregator.web.pages.hits import build_flags
from pyf.aggregator.web.pages.layout import render_code
from pyf.aggregator.web.pages.search_page import SearchPage, build_search_page
from pyf.aggregator.web.pages.search_params import SearchParams
from support.builders import build_fields, build_query


def build_page(query: SearchQuery, *, total: int = 0, **facets: tuple[str, ...]) -> SearchPage:
    counts = {
        name: [FacetCount(value=value, count=n) for n, value in enumerate(values)] for name, values in facets.items()
    }
    return build_search_page(
        "plone", SearchParams(query=query), SearchResults(total=total, hits=(), facets=counts), feed_url="/f"
    )


@pytest.mark.parametrize(
    ("current", "total", "links"),
    [
        (1, 0, []),
        (1, 20, []),
        (1, 21, [1, 2]),
        (1, 200, [1, 2, 0, 10]),
        (3, 200, [1, 2, 3, 4, 0, 10]),
        (5, 200, [1, 0, 4, 5, 6, 0, 10]),
        (4, 100, [1, 2, 3, 4, 5]),
        (10, 200, [1, 0, 9, 10]),
    ],
)
def test_page_links_show_first_last_and_neighbors(current: int, total: int, links: list[int]) -> None:
    page = build_page(SearchQuery(page=current), total=total)

    assert [link.number for link in page.pages] == links


def test_previous_action_from_past_the_end_leads_to_last_page() -> None:
    page = build_page(SearchQuery(text="x", page=99), total=45)

    assert page.previous_action
    assert (page.previous_action.url, page.next_action) == ("/in/plone/search?q=x&page=3", None)


def test_sort_versions_by_product_newest_first() -> None:
    assert sort_versions(["Plone 5.2", "Zope 4", "Plone 6.1", "Plone 10.0"]) == [
        "Plone 10.0",
        "Plone 6.1",
        "Plone 5.2",
        "Zope 4",
    ]


def test_group_versions_drops_major_beside_its_minors() -> None:
    (python,) = group_versions(["Python 3", "Python 3.9", "Python 3.12"])

    assert (python.product, python.versions) == ("Python", ("3.12", "3.9"))
    assert group_versions(["Python 3"])[0].versions == ("3",)


def test_health_facet_starts_with_the_best_band() -> None:
    (facet,) = build_page(SearchQuery(), health=("poor", "excellent", "fair")).facets

    assert [choice.label for choice in facet.choices] == ["Excellent", "Fair", "Poor"]


def test_chips_link_to_the_search_without_them() -> None:
    page = build_page(build_query(text="x", health=(HealthBand.GOOD,), license=("MIT",), updated_within=30, page=2))

    assert [(chip.label, chip.action.url) for chip in page.chips] == [
        ("Health: Good", "/in/plone/search?q=x&license=MIT&updated_within=30"),
        ("License: MIT", "/in/plone/search?q=x&health=good&updated_within=30"),
        ("Updated within a month", "/in/plone/search?q=x&health=good&license=MIT"),
    ]
    assert page.clear_url == "/in/plone/search?q=x"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Set `license` to <b>", "Set <code>license</code> to &lt;b&gt;"),
        ("`<i>` and `a`", "<code>&lt;i&gt;</code> and <code>a</code>"),
        ("one ` only", "one ` only"),
        ("", ""),
    ],
)
def test_render_code(text: str, html: str) -> None:
    assert render_code(text) == html


def test_flag_names_the_successor_in_a_bounded_size() -> None:
    hit = to_hit(Document(registry=build_fields("plone.old", summary=f"Replaced by {'x' * 100}")))

    (flag,) = [flag for flag in build_flags(hit) if flag.word.startswith("use ")]

    assert flag.severity == "mild"
    assert len(flag.word) < 50
