"""What is counted of the requests to a service, and what is remembered of its limits."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from pyf.aggregator.adapters.body import json_reader
from pyf.aggregator.adapters.github import GitHubGraphQL
from pyf.aggregator.adapters.http import Http
from pyf.aggregator.adapters.index.typesense import Server
from pyf.aggregator.adapters.pypi import PyPIRegistry
from pyf.aggregator.adapters.retry import Retries
from pyf.aggregator.adapters.service import Limits, Request, Service
from pyf.aggregator.adapters.traffic import TrafficCount
from pyf.aggregator.domain.errors import AggregatorError, Unavailable
from pyf.aggregator.ports import Quota
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.github import LocalGitHub
from pyf.aggregator.sample.services import LocalPyPI
from repository_hosts import HOSTED, TOKEN, at, client
from typesense_double import ADMIN_KEY, LocalTypesense

DOCUMENT = {"info": {"name": "acme", "version": "1.0"}, "releases": {"1.0": []}, "last_serial": 1}
NOW = 1_800_000_000.0


@pytest.fixture
def http() -> Iterator[Http]:
    with Http() as http:
        yield http


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    with LocalPyPI(Ecosystem([DOCUMENT])) as pypi:
        yield pypi


def named(http: Http, *, retries: int = 0, timeout: float = 5) -> Service:
    return Service(http, Limits(retries=Retries(most=retries, backoff=0), timeout=timeout), name="pypi")


def ask(service: Service, url: str) -> None:
    try:
        service.fetch(Request(url=url), json_reader(dict[str, object]))
    except AggregatorError:
        return


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("503", "503"),
        ("429", "429"),
        ("404", "404"),
        ("broken", "unusable"),
        ("reset", "broken_off"),
        ("half", "broken_off"),
        ("timeout", "timeout"),
    ],
)
def test_a_request_is_counted_by_what_came_of_it(http: Http, pypi: LocalPyPI, fault: str, outcome: str) -> None:
    pypi.faults.add(Fault(fault, times=1))
    service = named(http, retries=1, timeout=0.3)

    ask(service, f"{pypi.url}/pypi/acme/json")

    again = 0 if fault == "404" else 1
    assert http.traffic.requests() == {("pypi", outcome): 1} | ({("pypi", "200"): 1} if again else {})
    assert http.count() == 1 + again


def test_what_xmlrpc_refuses_with_status_200_is_not_counted_as_an_answer(http: Http, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("throttled"))

    with pytest.raises(Unavailable):
        list(PyPIRegistry(named(http), pypi.url).browse(["Framework :: Plone"]))

    assert http.traffic.requests() == {("pypi", "unusable"): 1}


def test_a_host_that_is_not_there_is_told_from_one_that_breaks_off(http: Http) -> None:
    ask(named(http), "http://127.0.0.1:1/pypi/acme/json")

    assert http.traffic.requests() == {("pypi", "no_connection"): 1}


def test_what_was_never_sent_counts_for_nothing(http: Http) -> None:
    ask(named(http), "http://127.0.0.1:99999/")

    assert http.traffic.requests() == {}


def test_requests_to_a_typesense_server_are_counted_too() -> None:
    traffic = TrafficCount()
    with LocalTypesense() as local:
        server = Server([local.url], ADMIN_KEY, timeout=0.4, patience=0.5, traffic=traffic)
        local.faults.add(Fault("503", request="list_collections", times=1))
        server.ask(lambda client: client.collections.retrieve())
        answered = dict(traffic.requests())
    with pytest.raises(Unavailable):
        server.ask(lambda client: client.collections.retrieve())
    server.close()

    assert (answered["typesense", "503"], answered["typesense", "200"] >= 2) == (1, True)
    assert traffic.requests()["typesense", "no_connection"]


def test_counts_from_many_threads_add_up() -> None:
    traffic = TrafficCount()

    with ThreadPoolExecutor(8) as threads:
        for _ in range(8):
            threads.submit(lambda: [traffic.note("pypi", "200") for _ in range(2_000)])

    assert traffic.requests() == {("pypi", "200"): 16_000}


def test_github_says_with_every_answer_what_is_left() -> None:
    with LocalGitHub(HOSTED, token=TOKEN) as github, Http() as http:
        list(GitHubGraphQL(client(http, github.url)).look_up([at("plone/plone.api")]))
    (quota,) = http.traffic.quotas()

    assert (quota.kind, quota.limit, quota.left) == ("graphql", 5000, 4999)
    assert TOKEN not in str(quota)


@pytest.mark.parametrize("prefix", ["X-RateLimit-", "RateLimit-", "x-ratelimit-"])
def test_a_reset_may_be_a_date_or_a_number_of_seconds(httpserver: HTTPServer, prefix: str) -> None:
    for path, reset in (("/date", "1800000100"), ("/seconds", "100")):
        headers = {f"{prefix}Limit": "60", f"{prefix}Remaining": "59", f"{prefix}Reset": reset}
        httpserver.expect_request(path).respond_with_json({}, headers=headers)

    for path in ("/date", "/seconds"):
        with Http(traffic=TrafficCount(now=lambda: NOW)) as http:
            ask(named(http), httpserver.url_for(path))

            expected = Quota(service="pypi", kind="", left=59, limit=60, resets_at=NOW + 100)
            assert http.traffic.quotas() == [expected]


@given(st.dictionaries(st.sampled_from(["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]), st.text()))
def test_headers_that_make_no_sense_tell_nothing_and_break_nothing(headers: dict[str, str]) -> None:
    traffic = TrafficCount(now=lambda: NOW)

    traffic.note_headers("pypi", headers)

    assert all(isinstance(quota.left, int) and quota.resets_at >= 0 for quota in traffic.quotas())
