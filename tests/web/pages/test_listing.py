"""A list: the pages that it leads to, the order of what it can be narrowed to, and versions in few words."""

import pytest

from pyf.aggregator.domain.search import Facet, FacetCount, HealthBand, Question, Results
from pyf.aggregator.web.pages.asked import Asked
from pyf.aggregator.web.pages.listing import ListPage, list_page
from pyf.aggregator.web.pages.support import in_order, supports
from pyf.aggregator.web.pages.templating import coded


def page_of(question: Question, *, total: int = 0, **facets: tuple[str, ...]) -> ListPage:
    counts = {
        Facet(name): [FacetCount(value=value, count=n) for n, value in enumerate(values)]
        for name, values in facets.items()
    }
    return list_page("plone", Asked(question=question), Results(total=total, hits=(), facets=counts), feed="/f")


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
def test_the_first_the_last_and_the_neighbouring_pages_are_linked(current: int, total: int, links: list[int]) -> None:
    page = page_of(Question(page=current), total=total)

    assert [link.number for link in page.pages] == links


def test_from_beyond_the_last_page_the_way_leads_back_to_it() -> None:
    page = page_of(Question(text="x", page=99), total=45)

    assert page.previous
    assert (page.previous.address, page.next) == ("/in/plone/search?q=x&page=3", None)


def test_versions_are_listed_by_what_they_are_of_and_the_newest_first() -> None:
    assert in_order(["Plone 5.2", "Zope 4", "Plone 6.1", "Plone 10.0"]) == [
        "Plone 10.0",
        "Plone 6.1",
        "Plone 5.2",
        "Zope 4",
    ]


def test_python_3_says_nothing_beside_its_own_releases() -> None:
    (python,) = supports(["Python 3", "Python 3.9", "Python 3.12"])

    assert (python.thing, python.versions) == ("Python", ("3.12", "3.9"))
    assert supports(["Python 3"])[0].versions == ("3",)


def test_health_is_listed_from_the_best() -> None:
    (facet,) = page_of(Question(), health=("poor", "excellent", "fair")).facets

    assert [choice.label for choice in facet.choices] == ["Excellent", "Fair", "Poor"]


def test_filters_that_are_set_are_chips_and_each_can_be_taken_away() -> None:
    page = page_of(Question(text="x", health=(HealthBand.GOOD,), licenses=("MIT",), updated_within=30, page=2))

    assert [(chip.label, chip.way.address) for chip in page.chips] == [
        ("Health: Good", "/in/plone/search?q=x&license=MIT&within=30"),
        ("Licence: MIT", "/in/plone/search?q=x&health=good&within=30"),
        ("Updated within a month", "/in/plone/search?q=x&health=good&license=MIT"),
    ]
    assert page.cleared == "/in/plone/search?q=x"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Set `license` to <b>", "Set <code>license</code> to &lt;b&gt;"),
        ("`<i>` and `a`", "<code>&lt;i&gt;</code> and <code>a</code>"),
        ("one ` only", "one ` only"),
        ("", ""),
    ],
)
def test_what_stands_between_backticks_is_code(text: str, html: str) -> None:
    assert coded(text) == html
