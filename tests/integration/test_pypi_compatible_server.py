"""What our adapter of PyPI relies on, asked of the server that `PYPI_TEST_URL` names: a mirror, or a stand-in.

`pyfdemo --serve` prints the address of one.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.adapters.pypi import PyPIChangelog, PyPIFeed, PyPIRegistry
from pyf.aggregator.domain.documents.project import Project
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.ports import ProjectRequest

URL = os.environ.get("PYPI_TEST_URL", "")

pytestmark = [pytest.mark.integration, pytest.mark.skipif(not URL, reason="PYPI_TEST_URL names no server")]

PROJECT_COUNT = 5
MISSING_NAME = "nobody-has-published-a-project-of-this-name"


@dataclass(frozen=True)
class PyPIAdapters:
    registry: PyPIRegistry
    changelog: PyPIChangelog
    feed: PyPIFeed


@pytest.fixture(scope="module")
def server() -> Iterator[PyPIAdapters]:
    with HttpClient(contact="integration tests") as http:
        service = ServiceClient(http, ServiceLimits(max_concurrency=4, delay=0.01))
        yield PyPIAdapters(PyPIRegistry(service, URL), PyPIChangelog(service, URL), PyPIFeed(service, URL))


@pytest.fixture(scope="module")
def projects(server: PyPIAdapters) -> list[Project]:
    """Some projects that have releases."""
    names = sorted(server.registry.fetch_serials().by_name)[:PROJECT_COUNT]
    results = server.registry.read_projects([ProjectRequest(name=name) for name in names])
    return [result.outcome for result in results if isinstance(result.outcome, Project)]


def test_serials_and_changelog_agree(server: PyPIAdapters) -> None:
    serials = server.registry.fetch_serials()

    assert serials.by_name
    assert max(serials.by_name.values()) <= serials.last_serial <= server.changelog.fetch_last_serial()


def test_listed_projects_have_release_metadata(projects: list[Project]) -> None:
    assert projects
    assert all(release.metadata for project in projects for release in project.releases)


def test_project_serial_is_not_older_than_list(server: PyPIAdapters, projects: list[Project]) -> None:
    listed = server.registry.fetch_serials().by_name

    assert all(project.last_serial >= listed[project.normalized_name] for project in projects)


def test_missing_project_is_confirmed_by_simple_api(server: PyPIAdapters) -> None:
    (project_result,) = server.registry.read_projects([ProjectRequest(name=MISSING_NAME)])
    (page_status,) = server.registry.check_simple_pages([MISSING_NAME])

    assert isinstance(project_result.outcome, NotFound)
    assert isinstance(page_status.outcome, NotFound)


def test_browse_classifiers_finds_project(server: PyPIAdapters, projects: list[Project]) -> None:
    metadata_pairs = [(project, project.newest_release.metadata) for project in projects]
    project_by_classifier = {
        metadata.classifiers[0]: project for project, metadata in metadata_pairs if metadata and metadata.classifiers
    }

    names_by_classifier = dict(server.registry.browse_classifiers(project_by_classifier))

    assert project_by_classifier
    assert all(
        project.normalized_name in names_by_classifier[classifier]
        for classifier, project in project_by_classifier.items()
    )


def test_browse_unknown_classifier_is_empty(server: PyPIAdapters) -> None:
    assert dict(server.registry.browse_classifiers(["Framework :: Nobody"])) == {"Framework :: Nobody": frozenset()}


def test_changelog_is_ordered(server: PyPIAdapters) -> None:
    last = server.changelog.fetch_last_serial()

    serials = [entry.serial for entry in server.changelog.fetch_since(max(0, last - 100))]

    assert serials
    assert serials == sorted(serials)
    assert serials[0] > last - 100


def test_feeds_list_projects_and_releases(server: PyPIAdapters) -> None:
    assert all(entry.name and not entry.version for entry in server.feed.fetch_newest_projects())
    assert all(entry.name and entry.version for entry in server.feed.fetch_newest_releases())
