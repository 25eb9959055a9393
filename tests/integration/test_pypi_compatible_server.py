"""What our adapter of PyPI relies on, asked of the server that `PYPI_TEST_URL` names: a mirror, or a stand-in.

`pyfdemo --serve` prints the address of one.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from pyf.aggregator.adapters.http import Http
from pyf.aggregator.adapters.pypi import PyPIFeed, PyPIJournal, PyPIRegistry
from pyf.aggregator.adapters.service import Limits, Service
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.domain.project import Project
from pyf.aggregator.ports import Wanted

URL = os.environ.get("PYPI_TEST_URL", "")

pytestmark = [pytest.mark.integration, pytest.mark.skipif(not URL, reason="PYPI_TEST_URL names no server")]

SOME = 5
NOBODY = "nobody-has-published-a-project-of-this-name"


@dataclass(frozen=True)
class Server:
    registry: PyPIRegistry
    journal: PyPIJournal
    feed: PyPIFeed


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Http(contact="integration tests") as http:
        service = Service(http, Limits(workers=4, delay=0.01))
        yield Server(PyPIRegistry(service, URL), PyPIJournal(service, URL), PyPIFeed(service, URL))


@pytest.fixture(scope="module")
def projects(server: Server) -> list[Project]:
    """Some projects that have releases."""
    names = sorted(server.registry.serials().by_name)[:SOME]
    readings = server.registry.read([Wanted(name=name) for name in names])
    return [reading.answer for reading in readings if isinstance(reading.answer, Project)]


def test_the_list_of_serials_ends_with_its_own_and_the_journal_is_no_older(server: Server) -> None:
    serials = server.registry.serials()

    assert serials.by_name
    assert max(serials.by_name.values()) <= serials.last_serial <= server.journal.last_serial()


def test_projects_that_are_listed_can_be_read_with_all_releases_described(projects: list[Project]) -> None:
    assert projects
    assert all(release.metadata for project in projects for release in project.releases)


def test_a_project_is_at_least_as_new_as_the_list_says(server: Server, projects: list[Project]) -> None:
    listed = server.registry.serials().by_name

    assert all(project.last_serial >= listed[project.normalized_name] for project in projects)


def test_what_does_not_exist_is_told_by_both_witnesses(server: Server) -> None:
    (reading,) = server.registry.read([Wanted(name=NOBODY)])
    (standing,) = server.registry.standings([NOBODY])

    assert isinstance(reading.answer, NotFound)
    assert isinstance(standing.answer, NotFound)


def test_a_project_is_among_those_of_its_classifiers(server: Server, projects: list[Project]) -> None:
    described = [(project, project.newest.metadata) for project in projects]
    carried = {metadata.classifiers[0]: project for project, metadata in described if metadata and metadata.classifiers}

    found = dict(server.registry.browse(carried))

    assert carried
    assert all(project.normalized_name in found[classifier] for classifier, project in carried.items())


def test_a_classifier_that_does_not_exist_finds_nothing(server: Server) -> None:
    assert dict(server.registry.browse(["Framework :: Nobody"])) == {"Framework :: Nobody": frozenset()}


def test_the_journal_tells_what_came_after_a_serial_in_order(server: Server) -> None:
    last = server.journal.last_serial()

    serials = [entry.serial for entry in server.journal.since(max(0, last - 100))]

    assert serials
    assert serials == sorted(serials)
    assert serials[0] > last - 100


def test_the_feeds_name_projects_and_releases(server: Server) -> None:
    assert all(entry.name and not entry.version for entry in server.feed.newest_projects())
    assert all(entry.name and entry.version for entry in server.feed.newest_releases())
