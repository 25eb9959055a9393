"""Test the views of one package, of several, and of a collection."""

import re

import pytest
from msgspec import UNSET, UnsetType
from msgspec.json import encode
from msgspec.structs import replace

from pyf.aggregator.domain.documents.schema import RepositoryFields
from pyf.aggregator.domain.errors import Invalid, NotFound
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.domain.replacement import Replacement
from pyf.aggregator.domain.search import SearchQuery
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.read.comparison import compare_packages
from pyf.aggregator.usecases.read.dashboard import RetirementReason, build_dashboard
from pyf.aggregator.usecases.read.package import ProjectRemoved, Successor, get_package, list_releases
from pyf.aggregator.usecases.read.search import search_packages, suggest_packages
from support.builders import build_project
from support.site_fixtures import EMAIL_ADDRESSES, build_small_site

PLONE = Target(collection="plone")


def test_get_package() -> None:
    page = get_package(build_small_site(), PLONE, "Plone_API")

    assert (page.hit.name, page.hit.version, page.install) == ("plone.api", "2.0.0", "pip install plone.api")
    assert [line.version for line in page.releases] == ["2.0.0", "1.5.0", "1.0.0"]
    assert [(each.line.name, each.indexed_name) for each in page.requirements] == [
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


@pytest.mark.parametrize(
    ("is_verified", "html"),
    [
        (True, '<a href="https://github.com/acme/forms/blob/v2.0.0/docs/a.md" rel="nofollow noopener ugc">a</a>'),
        (False, '<a rel="nofollow noopener ugc">a</a>'),
        (UNSET, '<a rel="nofollow noopener ugc">a</a>'),
    ],
)
def test_relative_links_lead_to_the_verified_repository(is_verified: bool | UnsetType, html: str) -> None:
    deps = build_small_site()
    project = build_project(description='<a data-href="docs/a.md" rel="nofollow noopener ugc">a</a>')
    deps.index.put("plone", [project])
    repository = RepositoryFields(
        repository_url="https://github.com/acme/forms",
        repository_verified=is_verified,
        repository_latest_release="v2.0.0",
    )
    deps.index.update("plone", {"plone-api": repository})

    assert get_package(deps, PLONE, "plone.api").description == html


def test_python_support_has_its_evidence() -> None:
    deps = build_small_site()
    fields = {"requires_python": ">=3.10,<3.14", "classifiers": ("Programming Language :: Python :: 3.12",)}
    deps.index.put("plone", [build_project(**fields)])

    support = {item.version: item for item in get_package(deps, PLONE, "plone.api").python_support}

    assert (support["3.12"].degree, support["3.13"].degree, support["3.14"].degree) == (
        "declared",
        "admitted",
        "excluded",
    )
    assert support["3.14"].evidence == 'requires-python ">=3.10,<3.14" excludes it'


def test_support_matrix_groups_releases() -> None:
    found = get_package(build_small_site(), PLONE, "plone.api").compatibility

    assert [column.name for column in found.columns] == ["Plone 6.1", "Plone 6.0", "Plone 5.2"]
    assert [(row.newest, row.supports) for row in found.rows] == [
        ("2.0.0", (True, True, False)),
        ("1.5.0", (False, True, True)),
    ]


def test_health_report_has_findings_and_advice() -> None:
    health = get_package(build_small_site(), PLONE, "plone.api").health

    findings = [finding for group in health.groups for finding in group.findings]
    assert health.score is not None
    assert any(finding.advice for finding in findings)


def test_quarantined_package_has_no_urls() -> None:
    page = get_package(build_small_site(), PLONE, "plone.evil")

    assert (page.is_quarantined, page.install, page.description, page.links) == (True, "", "", ())


def test_removed_package_has_reason() -> None:
    with pytest.raises(ProjectRemoved) as left:
        get_package(build_small_site(), PLONE, "Plone.Gone")

    assert left.value.tombstone.reason == "PyPI has removed it"


@pytest.mark.parametrize("show", [get_package, list_releases])
def test_excluded_package_is_not_found(show: object) -> None:
    hiding = Target(collection="plone", filter=Filter(profile="plone", exclude={"plone-api": "a test"}))

    with pytest.raises(NotFound):
        show(build_small_site(), hiding, "plone.api")  # type: ignore[operator]
    assert [hit.name for hit in get_package(build_small_site(), hiding, "collective.easyform").dependents] == []


def test_views_contain_no_emails() -> None:
    deps = build_small_site()
    names = [holding.name_normalized for holding in deps.index.iter_project_states("plone")]

    shown = encode(
        [
            [get_package(deps, PLONE, name) for name in names],
            compare_packages(deps, PLONE, ["plone.api", "collective.easyform"]),
            build_dashboard(deps, PLONE),
            search_packages(deps, PLONE, SearchQuery()),
            suggest_packages(deps, PLONE, "plone"),
        ]
    ).decode()

    assert not [address for address in EMAIL_ADDRESSES if address in shown]
    assert not re.search(r"[\w.]+@[\w.]+", shown)


def test_links_are_http_only() -> None:
    deps = build_small_site()

    assert [link.url for link in get_package(deps, PLONE, "plone.api").links] == [
        "https://plone.example",
        "https://github.com/p/a",
    ]
    links = get_package(deps, PLONE, "collective.hostile").links
    assert [link.url for link in links] == ["https://ok.example/?a=1&b=2"]


def test_compare_packages() -> None:
    found = compare_packages(build_small_site(), PLONE, ["plone.rest", "Plone.Api"])

    assert [side.hit.name for side in found.packages] == ["plone.rest", "plone.api"]
    assert [version.name for version in found.framework_versions] == ["Plone 6.1", "Plone 6.0", "Plone 5.2"]
    assert [side.supports for side in found.packages] == [(False, True, False), (True, True, False)]
    assert found.packages[1].ever_supported == (True, True, True)
    assert found.packages[1].requirements == ("collective.easyform", "requests")


@pytest.mark.parametrize("names", [[], ["plone.api"], ["plone.api", "Plone-Api", " "], list("abcde")])
def test_compare_needs_two_to_four_packages(names: list[str]) -> None:
    with pytest.raises(Invalid):
        compare_packages(build_small_site(), PLONE, names)


@pytest.mark.parametrize("name", ["plone.evil", "plone.gone", "nobody"])
def test_compare_rejects_quarantined_and_hidden(name: str) -> None:
    with pytest.raises(NotFound):
        compare_packages(build_small_site(), PLONE, ["plone.api", name])


def test_build_dashboard() -> None:
    page = build_dashboard(build_small_site(), PLONE)

    assert page.packages == 5
    assert page.newest_change is not None
    assert page.newest_change.name == "collective.easyform"
    assert [new.hit.name for new in page.new][:2] == ["collective.easyform", "collective.hostile"]
    assert [(rise.hit.name, rise.growth) for rise in page.trending] == [
        ("collective.easyform", 2.67),
        ("plone.api", 1.23),
    ]
    assert [hit.name for hit in page.healthiest] == ["plone.api"]
    assert {lost.hit.name: lost.reason for lost in page.unsupported} == {
        "plone.rest": RetirementReason.ARCHIVED,
        "Products.Old": RetirementReason.FRAMEWORK_ENDED,
    }


def test_dashboard_omits_quarantined_and_hidden() -> None:
    hiding = Target(collection="plone", filter=Filter(profile="plone", exclude={"products-old": "a test"}))

    shown = encode(build_dashboard(build_small_site(), hiding)).decode()

    assert "plone.evil" not in shown
    assert "Products.Old" not in shown


def test_dashboard_of_empty_collection() -> None:
    deps = build_small_site()
    deps.admin.create("bare-1", deps.index.get_state("plone"), alias="bare")

    page = build_dashboard(deps, Target(collection="bare"))

    assert (page.packages, page.newest_change, page.new, page.unsupported) == (0, None, (), ())


def test_ended_package_names_its_successor_and_whether_the_collection_has_it() -> None:
    deps = build_small_site()
    curated = {"plone-rest": Replacement(name="plone.api", reason="its authors say so")}

    by_status = get_package(deps, PLONE, "plone.rest").successor
    by_people = get_package(replace(deps, load_replacements=lambda: curated), PLONE, "plone.rest").successor

    assert by_status == Successor(name="", indexed_name="", reason="PyPI lists it as archived")
    assert by_people == Successor(name="plone.api", indexed_name="plone-api", reason="its authors say so")
    assert get_package(deps, PLONE, "plone.api").successor is None
