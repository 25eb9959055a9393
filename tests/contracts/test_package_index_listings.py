"""Contract of listings of many projects: sorted and complete."""

import pytest

from pyf.aggregator.domain.collection import ProjectState, Tombstone
from pyf.aggregator.domain.documents.schema import DownloadFields, RepositoryFields
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.ports import PackageIndex, ProjectDocuments
from support.builders import PLONE, build_fields, build_project, build_state
from support.index_engines import IndexEngine

pytestmark = pytest.mark.usefixtures("plone_collection")


def make_names(count: int) -> list[str]:
    return [f"project-{number}" for number in range(count)]


def test_get_documents_returns_stored_packages_newest_first(index: PackageIndex) -> None:
    projects = [build_project("a", "1.0", "2.0"), build_project("b"), build_project("c")]
    index.put(PLONE, projects)
    index.update(PLONE, {"a": RepositoryFields(repository_stars=7)})

    held = index.get_documents(PLONE, (name for name in ("a", "c", "nowhere")))

    one, two = projects[0].documents
    assert {name: list(documents) for name, documents in held.items()} == {
        "a": [two, one],
        "c": list(projects[2].documents),
    }


def test_get_documents_of_no_names_is_empty(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a")])

    assert index.get_documents(PLONE, []) == {}


def test_project_state_has_lowest_values(index: PackageIndex) -> None:
    documents = (
        build_fields("a", "1.0", is_newest=False, last_serial=5, composed_with=2, status_checked=30),
        build_fields("a", "2.0", last_serial=7, composed_with=1, status_checked=10, project_status="archived"),
        build_fields("a", "0.9", is_newest=False, last_serial=0, composed_with=3, status_checked=20),
    )

    index.put(PLONE, [ProjectDocuments(name_normalized="a", documents=documents)])

    assert list(index.iter_project_states(PLONE)) == [
        ProjectState(
            name_normalized="a",
            last_serial=0,
            document_version=1,
            status_checked=10,
            project_status="archived",
            release_count=3,
        )
    ]


def test_project_states_are_sorted_by_name(index: PackageIndex) -> None:
    index.put(PLONE, [build_project(name) for name in make_names(1234)])

    found = [holding.name_normalized for holding in index.iter_project_states(PLONE)]

    assert found == sorted(make_names(1234))


def test_export_is_sorted_by_name_and_version(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("b", "1.0"), build_project("a-b", "1.0"), build_project("A", "2.0")])
    index.put(PLONE, [build_project("a", "1.10", "1.9", "2.0a1", "not a version")])

    found = [(document.registry.name_normalized, document.registry.version) for document in index.export(PLONE)]

    assert found == [
        ("a", "not a version"),
        ("a", "2.0a1"),
        ("a", "1.9"),
        ("a", "1.10"),
        ("a-b", "1.0"),
        ("b", "1.0"),
    ]


def test_export_has_fields_of_all_owners(index: PackageIndex) -> None:
    index.put(PLONE, [build_project(name, "1.0", "2.0") for name in make_names(250)])
    index.update(PLONE, {name: RepositoryFields(repository_stars=len(name)) for name in make_names(250)})
    index.update(PLONE, {"project-7": DownloadFields(download_last_day=3)})

    exported = [document.to_dict() for document in index.export(PLONE)]

    assert [document["repository_stars"] for document in exported] == [len(document["name"]) for document in exported]
    assert {document["id"] for document in exported if "download_last_day" in document} == {
        "project-7-1.0",
        "project-7-2.0",
    }
    assert len(exported) == 500


@pytest.mark.parametrize("listing", ["iter_project_states", "export"])
def test_listing_continues_during_writes(index: PackageIndex, listing: str) -> None:
    """What was there from the first to the last is in it once."""
    index.put(PLONE, [build_project(name) for name in make_names(600)])
    going_on = getattr(index, listing)(PLONE)
    next(going_on)

    index.remove(PLONE, [Tombstone(name="project-99", removed_at=1, reason="")])
    index.put(PLONE, [build_project("zope"), build_project("project-98", summary="new")])

    assert len(list(going_on)) in range(598, 601)


@pytest.mark.parametrize("listing", ["iter_project_states", "export"])
def test_listing_keeps_collection_after_alias_moved(engine: IndexEngine, index: PackageIndex, listing: str) -> None:
    index.put(PLONE, [build_project(name) for name in make_names(600)])
    engine.admin.create("plone-2", build_state())
    going_on = getattr(index, listing)("plone")
    next(going_on)

    engine.admin.set_alias("plone", "plone-2")

    assert len(list(going_on)) == 599


@pytest.mark.parametrize("listing", ["iter_project_states", "export"])
def test_listing_of_dropped_collection_fails(engine: IndexEngine, index: PackageIndex, listing: str) -> None:
    """A caller that took the short list for the whole would miss the rest."""
    index.put(PLONE, [build_project(name) for name in make_names(600)])
    going_on = getattr(index, listing)(PLONE)
    next(going_on)

    engine.admin.drop(PLONE)

    with pytest.raises(NotFound):
        list(going_on)
