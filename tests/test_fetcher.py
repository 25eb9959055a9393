"""The main job in a few lines, on adapters in memory: what PyPI says is in the index, and nothing else is."""

import pytest
from trove_classifiers import classifiers as published

from pyf.aggregator.adapters.index.memory import MemoryIndex
from pyf.aggregator.adapters.index.memory_keys import MemoryApiKeys
from pyf.aggregator.adapters.memory_caches import MemoryRenderCache, MemoryVerdictStore
from pyf.aggregator.adapters.memory_downloads import MemoryDownloads
from pyf.aggregator.adapters.memory_registry import MemoryRegistry
from pyf.aggregator.adapters.rendering_inline import InlineRenderer
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.domain.project import Project
from pyf.aggregator.ports import Services
from pyf.aggregator.usecases.changes import changes
from pyf.aggregator.usecases.fetch import fetch
from pyf.aggregator.usecases.report import Report
from pyf.aggregator.usecases.show import show
from pyf.aggregator.usecases.target import Target
from registries import PLONE, PROJECTS, released

FILTER = Filter(profile="plone", classifiers=(PLONE,))
TARGET = Target(collection="plone", filter=FILTER)


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry(PROJECTS)


@pytest.fixture
def services(registry: MemoryRegistry) -> Services:
    index = MemoryIndex()
    return Services(
        registry=registry,
        journal=registry,
        index=index,
        admin=index,
        keys=MemoryApiKeys(index.resolve),
        renderer=InlineRenderer(MemoryRenderCache()),
        verdicts=MemoryVerdictStore(),
        downloads=MemoryDownloads(),
        requests=registry,
        now=lambda: 1_800_000_000,
    )


def filled(services: Services) -> Report:
    return fetch(services, TARGET, default=FILTER)


def updated(services: Services) -> Report:
    return changes(services, TARGET, default=FILTER)


def names(services: Services) -> list[str]:
    return [holding.name_normalized for holding in services.index.holdings("plone")]


def test_a_fetch_indexes_every_release_of_every_project_of_the_filter(services: Services) -> None:
    report = filled(services)

    assert (report.indexed, report.documents, report.is_whole) == (3, 5, True)
    assert names(services) == ["acme-blog", "leaky", "plone-api"]


def test_a_release_is_found_by_any_spelling_of_its_name_the_newest_first(services: Services) -> None:
    filled(services)

    documents = show(services, TARGET, "PLONE_api")

    assert [document["id"] for document in documents] == ["plone.api-2.0", "plone.api-1.0", "plone.api-2.1a1"]
    assert [document["is_newest"] for document in documents] == [True, False, False]


def test_what_is_published_is_in_the_index_after_the_next_run(services: Services, registry: MemoryRegistry) -> None:
    filled(services)
    registry.publish(Project(name="collective.new", last_serial=40, releases=(released("collective.new", "1.0", 7),)))

    report = updated(services)

    assert report.indexed == 1
    assert "collective-new" in names(services)


def test_what_is_withdrawn_leaves_and_what_does_not_answer_stays(services: Services, registry: MemoryRegistry) -> None:
    filled(services)
    registry.withdraw("Acme_Blog", serial=40)
    registry.publish(Project(name="leaky", last_serial=41, releases=(released("leaky", "1.1", 8),)))
    registry.down.add("leaky")

    report = updated(services)

    assert (report.removed, report.failed) == (1, ["leaky"])
    assert names(services) == ["leaky", "plone-api"]


def test_a_run_with_nothing_to_do_asks_once_a_classifier_and_once_for_the_newest_serial(services: Services) -> None:
    filled(services)

    report = updated(services)

    assert (report.indexed, report.requests) == (0, len(FILTER.expanded(published)) + 1)
