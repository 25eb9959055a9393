"""Contract of equal document ids of two projects: `a-1.0-2` belongs to `a` and to `a-1.0`."""

import pytest

from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.schema import RepositoryFields
from pyf.aggregator.ports import PackageIndex
from support.builders import PLONE, build_project

pytestmark = pytest.mark.usefixtures("plone_collection")

A = build_project("a", "1.0-2", "0.9", summary="of a")
A_1_0 = build_project("a-1.0", "2", "1", summary="of a-1.0")


@pytest.fixture(params=["together", "one by one", "the other way round"])
def colliding_index(request: pytest.FixtureRequest, index: PackageIndex) -> PackageIndex:
    """An index with both projects, written in one of the orders in which that may happen."""
    steps = {"together": [[A, A_1_0]], "one by one": [[A], [A_1_0]], "the other way round": [[A_1_0], [A]]}
    for step in steps[request.param]:
        assert not index.put(PLONE, step)
    return index


def test_packages_with_same_id_are_both_stored(colliding_index: PackageIndex) -> None:
    for project, name in ((A, "a"), (A_1_0, "a-1.0")):
        held = [document.registry for document in colliding_index.get_project_documents(PLONE, name)]
        assert held == sorted(project.documents, key=lambda document: document.is_newest, reverse=True)
        assert list(colliding_index.get_documents(PLONE, [project.name_normalized])[project.name_normalized]) == held
    assert sorted(document.registry.id for document in colliding_index.export(PLONE)) == [
        "a-0.9",
        "a-1.0-1",
        "a-1.0-2",
        "a-1.0-2",
    ]
    assert [
        (h.name_normalized, h.release_count, h.last_serial) for h in colliding_index.iter_project_states(PLONE)
    ] == [
        ("a", 2, 1),
        ("a-1-0", 2, 1),
    ]


def test_packages_with_same_id_are_replaced_apart(colliding_index: PackageIndex) -> None:
    for name in ("a", "a-1.0"):
        versions = ("1.0-2", "0.9") if name == "a" else ("2", "1")
        assert not colliding_index.put(
            PLONE, [build_project(name, *versions, summary=f"again, of {name}", last_serial=5)]
        )
    colliding_index.update(PLONE, {"a-1-0": RepositoryFields(repository_stars=7)})

    shown = {(d.registry.name, d.registry.summary): d.repository for d in colliding_index.export(PLONE)}

    assert shown.keys() == {("a", "again, of a"), ("a-1.0", "again, of a-1.0")}
    assert shown["a-1.0", "again, of a-1.0"] == RepositoryFields(repository_stars=7)
    assert [h.last_serial for h in colliding_index.iter_project_states(PLONE)] == [5, 5]


@pytest.mark.parametrize(("leaving", "staying"), [("a", "a-1-0"), ("a-1-0", "a")])
def test_packages_with_same_id_are_removed_apart(colliding_index: PackageIndex, leaving: str, staying: str) -> None:
    colliding_index.remove(PLONE, [Tombstone(name=leaving, removed_at=1, reason="gone")])

    assert not colliding_index.get_project_documents(PLONE, leaving)
    assert len(colliding_index.get_project_documents(PLONE, staying)) == 2


def test_removing_release_leaves_other_package(colliding_index: PackageIndex) -> None:
    colliding_index.put(PLONE, [build_project("a", "0.9")])
    colliding_index.put(PLONE, [build_project("a-1.0", "2")])

    assert [document.registry.version for document in colliding_index.get_project_documents(PLONE, "a")] == ["0.9"]
    assert [document.registry.version for document in colliding_index.get_project_documents(PLONE, "a-1.0")] == ["2"]
