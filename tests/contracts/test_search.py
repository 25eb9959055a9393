"""What every engine answers to a question."""

import pytest

from builders import PLONE, project_documents, registry_fields
from engines import NOW
from pyf.aggregator.adapters.index.plain_search import PlainSearch
from pyf.aggregator.domain.search import Facet, FacetCount, Question
from pyf.aggregator.ports import PackageIndex, ProjectDocuments, SearchEngine

pytestmark = pytest.mark.usefixtures("plone")


@pytest.fixture
def searched(index: PackageIndex) -> SearchEngine:
    return PlainSearch(index, now=lambda: NOW)


def test_an_older_release_is_found_where_only_it_has_the_framework_version(
    index: PackageIndex, searched: SearchEngine
) -> None:
    old = registry_fields("plone.api", "1.0", is_newest=False, framework_versions=("Plone 5.2",))
    new = registry_fields("plone.api", "2.0", framework_versions=("Plone 6.0",))
    index.put(PLONE, [ProjectDocuments(name_normalized="plone-api", documents=(old, new))])

    found = searched.search(PLONE, Question(framework_versions=("Plone 5.2",)))

    assert [(hit.version, hit.is_newest) for hit in found.hits] == [("1.0", False)]
    assert FacetCount(value="Plone 6.0", count=1) in found.facets[Facet.FRAMEWORK_VERSIONS]


def test_a_quarantined_project_is_not_found(index: PackageIndex, searched: SearchEngine) -> None:
    index.put(PLONE, [project_documents("bad", project_status="quarantined")])

    found = searched.search(PLONE, Question(text="bad"))

    assert (found.total, found.hits) == (0, ())
    assert searched.suggest(PLONE, "bad", limit=5) == []
