"""`Pypistats` over HTTP against a sandbox server that enforces the service's limits."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise

import pytest
from msgspec import UNSET

from pyf.aggregator.adapters.downloads.pypistats import Pypistats, build_pypistats_limits
from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.domain.downloads import Downloads
from pyf.aggregator.domain.errors import AggregatorError, NotFound, Unavailable
from pyf.aggregator.sandbox.downloads import DownloadTable, LocalPypistats, build_pypistats_limit
from pyf.aggregator.sandbox.faults import Fault
from support.download_sources import DOWNLOADS, NEWEST
from support.raw_server import build_ok_response, wire

# Length of the service's second in these tests; its minute takes 3.6 s.
SCALE = 0.06
NO_WAIT = RetryPolicy(max_retries=1, backoff=0)


@pytest.fixture
def local() -> Iterator[LocalPypistats]:
    with LocalPypistats(DOWNLOADS) as local:
        yield local


@contextmanager
def open_pypistats(url: str, limits: ServiceLimits) -> Iterator[Pypistats]:
    with HttpClient() as http:
        yield Pypistats(ServiceClient(http, limits), url)


def fetch_counts(
    url: str, *names: str, limits: ServiceLimits = ServiceLimits(retries=NO_WAIT)
) -> dict[str, Downloads | AggregatorError]:
    with open_pypistats(url, limits) as source:
        return {count.name: count.outcome for batch in source.fetch_counts(names) for count in batch}


def parse_body(body: bytes) -> Downloads | AggregatorError:
    """Return the outcome of a response about `flask`."""
    with wire(build_ok_response(body)) as served:
        return fetch_counts(served.url, "flask")["flask"]


def test_pypistats_recorded_response(shared_data: object) -> None:
    body = (shared_data / "pypi" / "pypistats-recent-flask.json").read_bytes()  # type: ignore[operator]

    assert parse_body(body) == Downloads(last_day=6399553, last_week=39375127, last_month=157236987)


def test_pypistats_missing_count_is_unset() -> None:
    outcome = parse_body(
        b'{"package": "flask", "data": {"last_day": null, "last_month": 0}, "type": "recent_downloads"}'
    )

    assert outcome == Downloads(last_day=UNSET, last_week=UNSET, last_month=0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Sorry</html>",
        b'{"package": "flask"}',
        b'{"package": "flask", "data": {"last_day": -1}}',
        b'{"package": "flask", "data": {"last_day": "many"}}',
        b'{"package": "django", "data": {"last_day": 1, "last_week": 7, "last_month": 30}}',
    ],
)
def test_mismatched_response_is_unavailable(body: bytes) -> None:
    assert isinstance(parse_body(body), Unavailable)


@pytest.mark.parametrize("fault", ["403", "429", "500", "502", "503", "reset", "half", "broken", "empty", "html"])
def test_pypistats_failure_is_not_a_missing_project(local: LocalPypistats, fault: str) -> None:
    local.faults.add(Fault(fault, project="busy"))

    outcomes = fetch_counts(local.url, "busy", "quiet")

    assert isinstance(outcomes["busy"], Unavailable)
    assert isinstance(outcomes["quiet"], Downloads)


def test_pypistats_retries_transient_failure(local: LocalPypistats) -> None:
    local.faults.add(Fault("502", times=1), Fault("half", times=1))

    outcomes = fetch_counts(local.url, "busy", limits=ServiceLimits(retries=RetryPolicy(max_retries=2, backoff=0)))

    assert isinstance(outcomes["busy"], Downloads)
    assert local.requests.total == 3


@pytest.mark.parametrize("name", ["../../etc", "a/b", "a?b=c", "a#b", "ä", "%2e", "a b"])
def test_pypistats_quotes_name(local: LocalPypistats, name: str) -> None:
    outcomes = fetch_counts(local.url, name)

    assert isinstance(outcomes[name], NotFound)
    (request,) = local.requests.log
    assert (request.kind, request.path.count("/")) == ("recent", 4)


def test_pypistats_delay_respects_real_limit() -> None:
    names = [f"project-{number}" for number in range(34)]
    table = DownloadTable({name: {NEWEST - timedelta(1): 1} for name in names}, NEWEST)

    with LocalPypistats(table, rate_limit=build_pypistats_limit(SCALE)) as local:
        outcomes = fetch_counts(local.url, *names, limits=build_pypistats_limits(2.0 * SCALE, NO_WAIT))
        arrived = sorted(request.time for request in local.requests.log)

    assert all(isinstance(outcome, Downloads) for outcome in outcomes.values())
    assert len(arrived) == 34  # not one was refused and repeated
    assert arrived[-1] - arrived[0] >= 2.0 * SCALE * 33


def test_pypistats_slow_response_keeps_rate() -> None:
    with LocalPypistats(DOWNLOADS, latency=0.15) as local:
        fetch_counts(
            local.url, *(f"nobody-{number}" for number in range(12)), limits=build_pypistats_limits(0.05, NO_WAIT)
        )

    assert local.requests.max_active > 1


def test_pypistats_recovers_from_used_up_minute() -> None:
    """Another program on the same IP address has used up the minute; the 429 has no `Retry-After`."""
    scale = 0.02
    retries = RetryPolicy(max_retries=3, backoff=2.0 * scale)

    with LocalPypistats(DOWNLOADS, rate_limit=build_pypistats_limit(scale)) as local:
        assert local.rate_limit is not None
        for _ in range(30):
            local.rate_limit.acquire(time.monotonic())
        outcomes = fetch_counts(local.url, "busy", "quiet", "null", limits=build_pypistats_limits(2.0 * scale, retries))

    assert all(isinstance(outcome, Downloads) for outcome in outcomes.values())


def test_pypistats_429_pauses_all_requests(local: LocalPypistats) -> None:
    local.faults.add(Fault("429", times=1))

    fetch_counts(
        local.url, "busy", "quiet", "null", limits=ServiceLimits(max_concurrency=1, cooldown=0.4, retries=NO_WAIT)
    )

    arrived = [request.time for request in local.requests.log]
    assert max(later - earlier for earlier, later in pairwise(arrived)) >= 0.4
    assert len(arrived) == 4


def test_pypistats_estimate_cost(local: LocalPypistats) -> None:
    with open_pypistats(local.url, build_pypistats_limits(2.0, NO_WAIT)) as source:
        effort = source.estimate_cost(2000)

    assert effort.requests == 2000
    assert 66 * 60 < effort.seconds < 70 * 60
