"""An outage of the registry is never taken for a missing project."""

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.adapters.pypi import PyPIChangelog, PyPIFeed, PyPIRegistry
from pyf.aggregator.domain.documents.project import Project
from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.ports import ProjectRequest
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault, RetryAfter
from pyf.aggregator.sandbox.pypi import LocalPyPI

OUTAGES = ["403", "429", "500", "502", "503", "timeout", "reset", "half", "broken", "empty", "html", "redirect"]


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    fake_registry = FakeRegistry()
    for name in ("acme-blog", "acme-shop"):
        for version in ("1.0", "2.0", "3.0"):
            fake_registry.publish(name, version)
    with LocalPyPI(fake_registry) as pypi:
        yield pypi


@pytest.fixture
def service() -> Iterator[ServiceClient]:
    with HttpClient() as http:
        yield ServiceClient(http, ServiceLimits(timeout=0.5, retries=RetryPolicy(max_retries=1, backoff=0)))


@pytest.mark.parametrize("kind", OUTAGES)
def test_outage_is_not_a_missing_project(service: ServiceClient, pypi: LocalPyPI, kind: str) -> None:
    pypi.faults.add(Fault(kind, project="acme-blog"))
    registry = PyPIRegistry(service, pypi.url)

    readings = {
        r.name: r.outcome
        for r in registry.read_projects([ProjectRequest(name="acme-blog"), ProjectRequest(name="acme-shop")])
    }
    standings = {s.name: s.outcome for s in registry.check_simple_pages(["acme-blog", "acme-shop"])}

    assert isinstance(readings["acme-blog"], Unavailable)
    assert isinstance(standings["acme-blog"], Unavailable)
    assert isinstance(readings["acme-shop"], Project)
    assert standings["acme-shop"] == "active"


@pytest.mark.parametrize("kind", OUTAGES)
def test_outage_of_release_keeps_project(service: ServiceClient, pypi: LocalPyPI, kind: str) -> None:
    pypi.faults.add(Fault(kind, request="release", project="acme-blog"))

    (result,) = PyPIRegistry(service, pypi.url).read_projects([ProjectRequest(name="acme-blog")])

    assert isinstance(result.outcome, Project)
    assert result.failed_versions.keys() == {"1.0", "2.0"}
    assert all(isinstance(error, Unavailable) for error in result.failed_versions.values())


@pytest.mark.parametrize("kind", [*(kind for kind in OUTAGES if kind != "timeout"), "404"])
def test_outage_of_index_and_changelog_is_unavailable(service: ServiceClient, pypi: LocalPyPI, kind: str) -> None:
    pypi.faults.add(Fault(kind))
    registry, changelog = PyPIRegistry(service, pypi.url), PyPIChangelog(service, pypi.url)
    feed = PyPIFeed(service, pypi.url)

    for ask in (
        registry.fetch_serials,
        changelog.fetch_last_serial,
        lambda: changelog.fetch_since(0),
        lambda: list(registry.browse_classifiers(["Framework :: Plone"])),
        feed.fetch_newest_projects,
        feed.fetch_newest_releases,
    ):
        with pytest.raises(Unavailable):
            ask()


def test_missing_project_is_not_found(service: ServiceClient, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("404", project="acme-blog"))

    (result,) = PyPIRegistry(service, pypi.url).read_projects([ProjectRequest(name="acme-blog")])

    assert isinstance(result.outcome, NotFound)


def test_long_retry_after_reaches_caller(service: ServiceClient, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("429", project="acme-blog", retry_after=RetryAfter(3600)))

    (result,) = PyPIRegistry(service, pypi.url).read_projects([ProjectRequest(name="acme-blog")])

    assert isinstance(result.outcome, Unavailable)
    assert result.outcome.retry_after == 3600


def test_project_document_has_a_size_limit(service: ServiceClient, httpserver: HTTPServer) -> None:
    body = b'{"info": {"name": "acme", "version": "1.0", "summary": "' + b"x" * (33 * 1024 * 1024) + b'"}}'
    httpserver.expect_request("/pypi/acme/json").respond_with_data(body)
    registry = PyPIRegistry(service, httpserver.url_for("/"))

    (result,) = registry.read_projects([ProjectRequest(name="acme")])

    assert isinstance(result.outcome, Unavailable)
    assert "larger than 33,554,432 bytes" in str(result.outcome)
