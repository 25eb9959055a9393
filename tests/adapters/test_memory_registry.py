"""What tests can make the registry in memory do."""

import pytest

from pyf.aggregator.adapters.memory_registry import MemoryRegistry
from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.domain.project import Project
from pyf.aggregator.ports import Wanted
from registries import PROJECTS, released


def answer(registry: MemoryRegistry, name: str) -> object:
    (reading,) = registry.read([Wanted(name=name)])
    return reading.answer


def test_a_project_that_is_down_may_be_named_in_any_spelling() -> None:
    registry = MemoryRegistry(PROJECTS, down=["plone.api"])

    assert isinstance(answer(registry, "plone-api"), Unavailable)


def test_what_is_published_later_is_there_and_in_the_journal() -> None:
    registry = MemoryRegistry(PROJECTS)

    registry.publish(Project(name="late", last_serial=40, releases=(released("late", "1.0", 9),)))

    assert isinstance(answer(registry, "late"), Project)
    assert [(entry.name, entry.action) for entry in registry.since(30)] == [("late", "new release")]


def test_what_is_withdrawn_is_gone_and_the_journal_says_so() -> None:
    registry = MemoryRegistry(PROJECTS)

    registry.withdraw("plone.api", 41)

    assert isinstance(answer(registry, "plone-api"), NotFound)
    assert [(entry.name, entry.action) for entry in registry.since(30)] == [("plone-api", "remove project")]
    assert registry.last_serial() == 41


def test_changes_have_growing_serials() -> None:
    registry = MemoryRegistry(PROJECTS)

    with pytest.raises(ValueError, match="serial 3 comes after 30"):
        registry.withdraw("plone.api", 3)
    assert isinstance(answer(registry, "plone-api"), Project)


def test_a_page_of_the_journal_holds_the_oldest_changes() -> None:
    registry = MemoryRegistry(PROJECTS, page_size=2)

    assert [entry.serial for entry in registry.since(0)] == [5, 10]


def test_all_readmes_are_there_if_they_are_wanted() -> None:
    registry = MemoryRegistry(PROJECTS, descriptions="all")

    project = answer(registry, "plone-api")

    assert isinstance(project, Project)
    assert {release.metadata and release.metadata.description for release in project.releases} == {"# plone.api"}
