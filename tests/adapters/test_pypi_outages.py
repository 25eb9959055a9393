"""A registry that does not answer is not a registry that says no."""

from collections.abc import Iterator

import pytest

from pyf.aggregator.adapters.http import Http
from pyf.aggregator.adapters.pypi import PyPIFeed, PyPIJournal, PyPIRegistry
from pyf.aggregator.adapters.retry import Retries
from pyf.aggregator.adapters.service import Limits, Service
from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.domain.project import Project
from pyf.aggregator.ports import Wanted
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.faults import Fault, RetryAfter
from pyf.aggregator.sample.services import LocalPyPI

OUTAGES = ["403", "429", "500", "502", "503", "timeout", "reset", "half", "broken", "empty", "html", "redirect"]


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    ecosystem = Ecosystem()
    for name in ("acme-blog", "acme-shop"):
        for version in ("1.0", "2.0", "3.0"):
            ecosystem.publish(name, version)
    with LocalPyPI(ecosystem) as pypi:
        yield pypi


@pytest.fixture
def service() -> Iterator[Service]:
    with Http() as http:
        yield Service(http, Limits(timeout=0.5, retries=Retries(most=1, backoff=0)))


@pytest.mark.parametrize("kind", OUTAGES)
def test_no_outage_is_taken_for_a_missing_project(service: Service, pypi: LocalPyPI, kind: str) -> None:
    pypi.faults.add(Fault(kind, project="acme-blog"))
    registry = PyPIRegistry(service, pypi.url)

    readings = {r.name: r.answer for r in registry.read([Wanted(name="acme-blog"), Wanted(name="acme-shop")])}
    standings = {s.name: s.answer for s in registry.standings(["acme-blog", "acme-shop"])}

    assert isinstance(readings["acme-blog"], Unavailable)
    assert isinstance(standings["acme-blog"], Unavailable)
    assert isinstance(readings["acme-shop"], Project)
    assert standings["acme-shop"] == "active"


@pytest.mark.parametrize("kind", OUTAGES)
def test_an_outage_of_releases_keeps_the_project(service: Service, pypi: LocalPyPI, kind: str) -> None:
    pypi.faults.add(Fault(kind, request="release", project="acme-blog"))

    (reading,) = PyPIRegistry(service, pypi.url).read([Wanted(name="acme-blog")])

    assert isinstance(reading.answer, Project)
    assert reading.failed_versions.keys() == {"1.0", "2.0"}
    assert all(isinstance(error, Unavailable) for error in reading.failed_versions.values())


@pytest.mark.parametrize("kind", [*(kind for kind in OUTAGES if kind != "timeout"), "404"])
def test_an_outage_of_what_is_always_there_is_unavailable(service: Service, pypi: LocalPyPI, kind: str) -> None:
    pypi.faults.add(Fault(kind))
    registry, journal = PyPIRegistry(service, pypi.url), PyPIJournal(service, pypi.url)
    feed = PyPIFeed(service, pypi.url)

    for ask in (
        registry.serials,
        journal.last_serial,
        lambda: journal.since(0),
        lambda: list(registry.browse(["Framework :: Plone"])),
        feed.newest_projects,
        feed.newest_releases,
    ):
        with pytest.raises(Unavailable):
            ask()


def test_a_project_that_the_registry_says_is_missing_is_missing(service: Service, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("404", project="acme-blog"))

    (reading,) = PyPIRegistry(service, pypi.url).read([Wanted(name="acme-blog")])

    assert isinstance(reading.answer, NotFound)


def test_a_registry_that_asks_for_a_long_pause_says_so_to_the_caller(service: Service, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("429", project="acme-blog", retry_after=RetryAfter(3600)))

    (reading,) = PyPIRegistry(service, pypi.url).read([Wanted(name="acme-blog")])

    assert isinstance(reading.answer, Unavailable)
    assert reading.answer.retry_after == 3600
