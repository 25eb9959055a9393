"""Counters of requests, and stored rate limits."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.readers import make_json_reader
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import Request, ServiceClient, ServiceLimits
from pyf.aggregator.adapters.metrics_store import LocalRequestMetrics
from pyf.aggregator.adapters.pypi import PyPIRegistry
from pyf.aggregator.adapters.repository_hosts.github import GitHubGraphQL
from pyf.aggregator.adapters.typesense import Server
from pyf.aggregator.domain.errors import AggregatorError, Unavailable
from pyf.aggregator.ports import ServiceRateLimit
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.repository_hosts import HOSTED_REPOSITORIES, TOKEN, create_client, to_ref
from support.typesense_fake import ADMIN_KEY, LocalTypesense

DOCUMENT = {"info": {"name": "acme", "version": "1.0"}, "releases": {"1.0": []}, "last_serial": 1}
NOW = 1_800_000_000.0


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    with LocalPyPI(FakeRegistry([DOCUMENT])) as pypi:
        yield pypi


def create_service_client(http: HttpClient, *, retries: int = 0, timeout: float = 5) -> ServiceClient:
    return ServiceClient(
        http, ServiceLimits(retries=RetryPolicy(max_retries=retries, backoff=0), timeout=timeout), name="pypi"
    )


def send_ignoring_errors(service: ServiceClient, url: str) -> None:
    try:
        service.get(Request(url=url), make_json_reader(dict[str, object]))
    except AggregatorError:
        return


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("503", "503"),
        ("429", "429"),
        ("404", "404"),
        ("broken", "invalid_response"),
        ("reset", "connection_lost"),
        ("half", "connection_lost"),
        ("timeout", "timeout"),
    ],
)
def test_request_outcomes(http: HttpClient, pypi: LocalPyPI, fault: str, outcome: str) -> None:
    pypi.faults.add(Fault(fault, times=1))
    service = create_service_client(http, retries=1, timeout=0.3)

    send_ignoring_errors(service, f"{pypi.url}/pypi/acme/json")

    again = 0 if fault == "404" else 1
    assert http.request_metrics.count_by_outcome() == {("pypi", outcome): 1} | ({("pypi", "200"): 1} if again else {})
    assert http.count() == 1 + again


def test_xmlrpc_fault_is_an_invalid_response(http: HttpClient, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("throttled"))

    with pytest.raises(Unavailable):
        list(PyPIRegistry(create_service_client(http), pypi.url).browse_classifiers(["Framework :: Plone"]))

    assert http.request_metrics.count_by_outcome() == {("pypi", "invalid_response"): 1}


def test_refused_connection_and_lost_connection_differ(http: HttpClient) -> None:
    send_ignoring_errors(create_service_client(http), "http://127.0.0.1:1/pypi/acme/json")

    assert http.request_metrics.count_by_outcome() == {("pypi", "no_connection"): 1}


def test_invalid_request_is_not_counted(http: HttpClient) -> None:
    send_ignoring_errors(create_service_client(http), "http://127.0.0.1:99999/")

    assert http.request_metrics.count_by_outcome() == {}


def test_typesense_requests_are_counted() -> None:
    traffic = LocalRequestMetrics()
    with LocalTypesense() as local:
        server = Server([local.url], ADMIN_KEY, timeout=2, retry_timeout=0.5, request_metrics=traffic)
        local.faults.add(Fault("503", request="list_collections", times=1))
        server.request(lambda client: client.collections.retrieve())
        answered = dict(traffic.count_by_outcome())
    with pytest.raises(Unavailable):
        server.request(lambda client: client.collections.retrieve())
    server.close()

    assert (answered["typesense", "503"], answered["typesense", "200"] >= 2) == (1, True)
    assert traffic.count_by_outcome()["typesense", "no_connection"]


def test_counts_of_threads_add_up() -> None:
    traffic = LocalRequestMetrics()

    with ThreadPoolExecutor(8) as threads:
        for _ in range(8):
            threads.submit(lambda: [traffic.record("pypi", "200") for _ in range(2_000)])

    assert traffic.count_by_outcome() == {("pypi", "200"): 16_000}


def test_github_rate_limit_headers() -> None:
    with LocalGitHub(HOSTED_REPOSITORIES, token=TOKEN) as github, HttpClient() as http:
        list(GitHubGraphQL(create_client(http, github.url)).fetch_repositories([to_ref("plone/plone.api")]))
    (quota,) = http.request_metrics.get_rate_limits()

    assert (quota.kind, quota.limit, quota.remaining) == ("graphql", 5000, 4999)
    assert TOKEN not in str(quota)


@pytest.mark.parametrize("prefix", ["X-RateLimit-", "RateLimit-", "x-ratelimit-"])
def test_reset_header_is_date_or_seconds(httpserver: HTTPServer, prefix: str) -> None:
    for path, reset in (("/date", "1800000100"), ("/seconds", "100")):
        headers = {f"{prefix}Limit": "60", f"{prefix}Remaining": "59", f"{prefix}Reset": reset}
        httpserver.expect_request(path).respond_with_json({}, headers=headers)

    for path in ("/date", "/seconds"):
        with HttpClient(request_metrics=LocalRequestMetrics(now=lambda: NOW)) as http:
            send_ignoring_errors(create_service_client(http), httpserver.url_for(path))

            expected = ServiceRateLimit(service="pypi", kind="", remaining=59, limit=60, resets_at=NOW + 100)
            assert http.request_metrics.get_rate_limits() == [expected]


@given(st.dictionaries(st.sampled_from(["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]), st.text()))
def test_invalid_rate_limit_headers_are_ignored(headers: dict[str, str]) -> None:
    traffic = LocalRequestMetrics(now=lambda: NOW)

    traffic.record_headers("pypi", headers)

    assert all(isinstance(quota.remaining, int) and quota.resets_at >= 0 for quota in traffic.get_rate_limits())
