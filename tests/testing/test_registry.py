"""Behavior of `FakePackageRegistry` that tests control."""

import pytest

from pyf.aggregator.domain.documents.project import Project
from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.ports import ProjectRequest
from pyf.aggregator.testing.registry import FakePackageRegistry
from support.registries import PROJECTS, build_release


def read_outcome(registry: FakePackageRegistry, name: str) -> object:
    (reading,) = registry.read_projects([ProjectRequest(name=name)])
    return reading.outcome


def test_failing_project_is_set_in_any_spelling() -> None:
    registry = FakePackageRegistry(PROJECTS, unavailable=["plone.api"])

    assert isinstance(read_outcome(registry, "plone-api"), Unavailable)


def test_later_publication_is_in_changelog() -> None:
    registry = FakePackageRegistry(PROJECTS)

    registry.publish(Project(name="late", last_serial=40, releases=(build_release("late", "1.0", 9),)))

    assert isinstance(read_outcome(registry, "late"), Project)
    assert [(entry.name, entry.action) for entry in registry.fetch_since(30)] == [("late", "new release")]


def test_removal_is_in_changelog() -> None:
    registry = FakePackageRegistry(PROJECTS)

    registry.remove("plone.api", 41)

    assert isinstance(read_outcome(registry, "plone-api"), NotFound)
    assert [(entry.name, entry.action) for entry in registry.fetch_since(30)] == [("plone-api", "remove project")]
    assert registry.fetch_last_serial() == 41


def test_changes_have_growing_serials() -> None:
    registry = FakePackageRegistry(PROJECTS)

    with pytest.raises(ValueError, match="serial 3 comes after 30"):
        registry.remove("plone.api", 3)
    assert isinstance(read_outcome(registry, "plone-api"), Project)


def test_changelog_page_has_oldest_changes() -> None:
    registry = FakePackageRegistry(PROJECTS, page_size=2)

    assert [entry.serial for entry in registry.fetch_since(0)] == [5, 10]


def test_all_releases_have_readmes_on_request() -> None:
    registry = FakePackageRegistry(PROJECTS, descriptions="all")

    project = read_outcome(registry, "plone-api")

    assert isinstance(project, Project)
    assert {release.metadata and release.metadata.description for release in project.releases} == {"# plone.api"}
