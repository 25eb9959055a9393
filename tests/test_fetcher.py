"""The main job in a few lines, with fakes: the index contains what PyPI serves, and nothing else."""

import pytest
from trove_classifiers import classifiers as published

from pyf.aggregator.domain.documents.project import Project
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.testing.registry import FakePackageRegistry
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.ingest.fetch import fetch_collection
from pyf.aggregator.usecases.ingest.incremental import update_collection
from pyf.aggregator.usecases.read.package import get_package_documents
from pyf.aggregator.usecases.report import IngestReport
from support.fake_dependencies import build_fake_dependencies
from support.registries import PLONE, PROJECTS, build_release

FILTER = Filter(profile="plone", classifiers=(PLONE,))
TARGET = Target(collection="plone", filter=FILTER)


@pytest.fixture
def registry() -> FakePackageRegistry:
    return FakePackageRegistry(PROJECTS)


@pytest.fixture
def deps(registry: FakePackageRegistry) -> Dependencies:
    return build_fake_dependencies(registry=registry, changelog=registry, request_counter=registry)


def run_fetch(deps: Dependencies) -> IngestReport:
    return fetch_collection(deps, TARGET, default=FILTER)


def run_update(deps: Dependencies) -> IngestReport:
    return update_collection(deps, TARGET, default=FILTER)


def list_names(deps: Dependencies) -> list[str]:
    return [project_state.name_normalized for project_state in deps.index.iter_project_states("plone")]


def test_fetch_indexes_every_release(deps: Dependencies) -> None:
    report = run_fetch(deps)

    assert (report.indexed, report.documents, report.is_complete) == (3, 5, True)
    assert list_names(deps) == ["acme-blog", "leaky", "plone-api"]


def test_show_matches_any_spelling_newest_first(deps: Dependencies) -> None:
    run_fetch(deps)

    documents = get_package_documents(deps, TARGET, "PLONE_api")

    assert [document["id"] for document in documents] == ["plone.api-2.0", "plone.api-1.0", "plone.api-2.1a1"]
    assert [document["is_newest"] for document in documents] == [True, False, False]


def test_update_indexes_published_releases(deps: Dependencies, registry: FakePackageRegistry) -> None:
    run_fetch(deps)
    registry.publish(
        Project(name="collective.new", last_serial=40, releases=(build_release("collective.new", "1.0", 7),))
    )

    report = run_update(deps)

    assert report.indexed == 1
    assert "collective-new" in list_names(deps)


def test_update_removes_withdrawn_and_keeps_unavailable(deps: Dependencies, registry: FakePackageRegistry) -> None:
    run_fetch(deps)
    registry.remove("Acme_Blog", serial=40)
    registry.publish(Project(name="leaky", last_serial=41, releases=(build_release("leaky", "1.1", 8),)))
    registry.unavailable.add("leaky")

    report = run_update(deps)

    assert (report.removed, report.failed) == (1, ["leaky"])
    assert list_names(deps) == ["leaky", "plone-api"]


def test_idle_update_makes_two_requests(deps: Dependencies) -> None:
    run_fetch(deps)

    report = run_update(deps)

    assert (report.indexed, report.requests) == (0, len(FILTER.expand_classifiers(published)) + 1)
