"""Filters as users write them: the profile's framework, major versions, and degrees of support."""

import pytest
from msgspec.structs import replace

from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.domain.replacement import Replacement
from pyf.aggregator.domain.search import SearchQuery, Sort
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.read.package import get_package
from pyf.aggregator.usecases.read.search import search_with_hints
from support.builders import build_project, build_query, build_state
from support.fake_dependencies import build_fake_dependencies

PLONE = Target(collection="plone", filter=Filter(profile="plone", classifiers=("Framework :: Plone",)))


@pytest.fixture
def deps() -> Dependencies:
    deps = build_fake_dependencies()
    deps.admin.create("plone", build_state())
    pythons = ("Python 3.11", "Python 3.12")
    deps.index.put(
        "plone",
        [
            build_project("modern", framework_versions=("Plone 6.0",), supported_python_versions=pythons),
            build_project(
                "newest", framework_versions=("Plone 6.1",), python_versions=pythons, supported_python_versions=pythons
            ),
            build_project("outdated", framework_versions=("Plone 5.2", "Zope 4", "Zope 5")),
            build_project("zope.only", framework_versions=("Zope 5",)),
        ],
    )
    return deps


def find(deps: Dependencies, query: SearchQuery) -> list[str]:
    outcome = search_with_hints(deps, PLONE, replace(query, sort=Sort.NAME))
    return [hit.name for hit in outcome.results.hits]


@pytest.mark.parametrize(
    ("framework", "names"),
    [
        ("6", ["modern", "newest"]),
        ("plone 6", ["modern", "newest"]),
        ("6.1", ["newest"]),
        ("5", ["outdated"]),
        ("Zope 5", ["outdated", "zope.only"]),
        ("4", ["outdated"]),
        ("7", []),
    ],
)
def test_version_means_the_framework_of_the_profile_first(deps: Dependencies, framework: str, names: list[str]) -> None:
    assert find(deps, build_query(framework=(framework,))) == names


def test_declared_only_narrows_and_counts_declared_versions(deps: Dependencies) -> None:
    query = build_query(python=("3.12",))
    outcome = search_with_hints(deps, PLONE, replace(query, declared_only=True))

    assert find(deps, query) == ["modern", "newest"]
    assert [hit.name for hit in outcome.results.hits] == ["newest"]
    assert outcome.query.get_selected("python") == ("Python 3.12",)
    assert "declared_python" not in outcome.results.facets
    assert {count.value: count.count for count in outcome.results.facets["python"]}["Python 3.12"] == 1


def test_unknown_version_is_reported_by_the_public_name_of_its_filter(deps: Dependencies) -> None:
    outcome = search_with_hints(deps, PLONE, replace(build_query(python=("2.6",)), declared_only=True))

    assert [(unknown.facet.label, unknown.value) for unknown in outcome.unknown_values] == [("Python version", "2.6")]


def test_curated_replacement_has_the_last_word(deps: Dependencies) -> None:
    curated = {"outdated": Replacement(name="modern", reason="it stopped at Plone 5")}
    deps = replace(deps, load_replacements=lambda: curated)

    hits = search_with_hints(deps, PLONE, SearchQuery(sort=Sort.NAME)).results.hits

    assert [hit.replaced_by for hit in hits] == ["", "", "modern", ""]
    assert get_package(deps, PLONE, "outdated").hit.replaced_by == "modern"
