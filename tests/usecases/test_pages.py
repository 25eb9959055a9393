"""What pages show of a project, of several and of a collection."""

import re

import pytest
from msgspec.json import encode

from pyf.aggregator.domain.errors import Invalid, NotFound
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.domain.search import Question
from pyf.aggregator.usecases.project_page import Left, project_page, releases
from pyf.aggregator.usecases.search import search, suggest
from pyf.aggregator.usecases.side_by_side import side_by_side
from pyf.aggregator.usecases.start_page import Lost, start_page
from pyf.aggregator.usecases.target import Target
from small_site import ADDRESSES, filled

PLONE = Target(collection="plone")


def test_a_page_tells_all_of_a_project() -> None:
    page = project_page(filled(), PLONE, "Plone_API")

    assert (page.hit.name, page.hit.version, page.install) == ("plone.api", "2.0.0", "pip install plone.api")
    assert [line.version for line in page.releases] == ["2.0.0", "1.5.0", "1.0.0"]
    assert [(each.line.name, each.inside) for each in page.requirements] == [
        ("collective.easyform", "collective-easyform"),
        ("requests", ""),
        ("pytest", ""),
    ]
    assert page.requirements[-1].line.extras == ("test",)
    assert [hit.name for hit in page.dependents] == ["collective.easyform", "Products.Old"]
    assert (page.maintainers, page.authors) == (("ada", "bob"), ("Ada Lovelace",))
    assert page.downloads.last_month == 12_345
    assert list(page.downloads.history) == sorted(page.downloads.history)
    assert page.repository is not None
    assert page.repository.stars == 86


def test_the_matrix_has_a_row_for_releases_in_a_row_that_support_the_same() -> None:
    found = project_page(filled(), PLONE, "plone.api").compatibility

    assert [column.name for column in found.columns] == ["Plone 6.1", "Plone 6.0", "Plone 5.2"]
    assert [(row.newest, row.supports) for row in found.rows] == [
        ("2.0.0", (True, True, False)),
        ("1.5.0", (False, True, True)),
    ]


def test_a_score_has_reasons_and_says_what_to_do() -> None:
    health = project_page(filled(), PLONE, "plone.api").health

    findings = [finding for group in health.groups for finding in group.findings]
    assert health.score is not None
    assert any(finding.to_do for finding in findings)


def test_a_quarantined_project_has_a_page_that_leads_nowhere() -> None:
    page = project_page(filled(), PLONE, "plone.evil")

    assert (page.is_quarantined, page.install, page.description, page.links) == (True, "", "", ())


def test_a_project_that_has_left_says_why() -> None:
    with pytest.raises(Left) as left:
        project_page(filled(), PLONE, "Plone.Gone")

    assert left.value.tombstone.reason == "PyPI has removed it"


@pytest.mark.parametrize("show", [project_page, releases])
def test_a_project_that_the_profile_excludes_is_not_there(show: object) -> None:
    hiding = Target(collection="plone", filter=Filter(profile="plone", exclude={"plone-api": "a test"}))

    with pytest.raises(NotFound):
        show(filled(), hiding, "plone.api")  # type: ignore[operator]
    assert [hit.name for hit in project_page(filled(), hiding, "collective.easyform").dependents] == []


def test_nothing_that_is_shown_has_an_address_in_it() -> None:
    services = filled()
    names = [holding.name_normalized for holding in services.index.holdings("plone")]

    shown = encode(
        [
            [project_page(services, PLONE, name) for name in names],
            side_by_side(services, PLONE, ["plone.api", "collective.easyform"]),
            start_page(services, PLONE),
            search(services, PLONE, Question()),
            suggest(services, PLONE, "plone"),
        ]
    ).decode()

    assert not [address for address in ADDRESSES if address in shown]
    assert not re.search(r"[\w.]+@[\w.]+", shown)


def test_links_lead_to_web_pages_only() -> None:
    services = filled()

    assert [link.url for link in project_page(services, PLONE, "plone.api").links] == [
        "https://plone.example",
        "https://github.com/p/a",
    ]
    assert [link.url for link in project_page(services, PLONE, "collective.hostile").links] == [
        'https://ok.example/?a=1&b="2"'
    ]


def test_projects_stand_side_by_side() -> None:
    found = side_by_side(filled(), PLONE, ["plone.rest", "Plone.Api"])

    assert [side.hit.name for side in found.sides] == ["plone.rest", "plone.api"]
    assert [version.name for version in found.framework_versions] == ["Plone 6.1", "Plone 6.0", "Plone 5.2"]
    assert [side.supports for side in found.sides] == [(False, True, False), (True, True, False)]
    assert found.sides[1].supported_once == (True, True, True)
    assert found.sides[1].requirements == ("collective.easyform", "requests")


@pytest.mark.parametrize("names", [[], ["plone.api"], ["plone.api", "Plone-Api", " "], list("abcde")])
def test_two_to_four_projects_are_compared(names: list[str]) -> None:
    with pytest.raises(Invalid):
        side_by_side(filled(), PLONE, names)


@pytest.mark.parametrize("name", ["plone.evil", "plone.gone", "nobody"])
def test_what_nobody_shall_install_is_not_compared(name: str) -> None:
    with pytest.raises(NotFound):
        side_by_side(filled(), PLONE, ["plone.api", name])


def test_a_start_page_shows_what_is_new_rising_healthy_and_left_behind() -> None:
    page = start_page(filled(), PLONE)

    assert page.projects == 5
    assert page.newest_change is not None
    assert page.newest_change.name == "collective.easyform"
    assert [new.hit.name for new in page.new][:2] == ["collective.easyform", "collective.hostile"]
    assert [(rise.hit.name, rise.growth) for rise in page.rising] == [
        ("collective.easyform", 2.67),
        ("plone.api", 1.23),
    ]
    assert [hit.name for hit in page.healthiest] == ["plone.api"]
    assert {lost.hit.name: lost.how for lost in page.lost_support} == {
        "plone.rest": Lost.ARCHIVED,
        "Products.Old": Lost.FRAMEWORK_ENDED,
    }


def test_nothing_quarantined_or_hidden_is_on_a_start_page() -> None:
    hiding = Target(collection="plone", filter=Filter(profile="plone", exclude={"products-old": "a test"}))

    shown = encode(start_page(filled(), hiding)).decode()

    assert "plone.evil" not in shown
    assert "Products.Old" not in shown


def test_an_empty_collection_has_a_start_page() -> None:
    services = filled()
    services.admin.create("bare-1", services.index.state("plone"), alias="bare")

    page = start_page(services, Target(collection="bare"))

    assert (page.projects, page.newest_change, page.new, page.lost_support) == (0, None, (), ())
