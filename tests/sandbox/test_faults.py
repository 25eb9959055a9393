"""Each fault as a client sees it, and the counts of requests."""

import asyncio
import threading
import time
from collections.abc import Callable
from http.client import IncompleteRead
from types import SimpleNamespace
from urllib.request import urlopen

import aiohttp
import msgspec
import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault, FaultKind, Faults, RetryAfter
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.waiting import wait_until

Fetch = Callable[..., SimpleNamespace]

BLOG = "/pypi/acme-blog/json"


@pytest.mark.parametrize("status", [403, 404, 429, 500, 502, 503])
def test_status_fault(fetch: Fetch, pypi: LocalPyPI, status: int) -> None:
    pypi.faults.add(Fault(str(status)))

    response = fetch(BLOG)

    assert (response.status, response.headers["Retry-After"]) == (status, None)


def test_retry_after_seconds(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("503", retry_after=RetryAfter(30)))

    assert fetch(BLOG).headers["Retry-After"] == "30"


def test_retry_after_date(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("503", retry_after=RetryAfter(30, as_date=True)))

    assert fetch(BLOG).headers["Retry-After"].endswith(" GMT")


def test_timeout_fault(pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("timeout"))

    with pytest.raises(TimeoutError):
        urlopen(pypi.url + BLOG, timeout=0.2)

    assert pypi.requests.by_kind == {"project": 1}


def test_cancelled_request_is_not_active(pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("timeout"))
    with pytest.raises(TimeoutError):
        urlopen(pypi.url + BLOG, timeout=0.1)

    wait_until(lambda: pypi.requests.active == 0)


def test_service_stops_with_waiting_client(fake_registry: FakeRegistry) -> None:
    result = threading.Event()

    def wait_for_response(url: str) -> None:
        with pytest.raises(ConnectionError):
            urlopen(url)
        result.set()

    with LocalPyPI(fake_registry) as service:
        service.faults.add(Fault("timeout"))
        threading.Thread(target=wait_for_response, args=(service.url + BLOG,), daemon=True).start()
        wait_until(lambda: service.requests.total == 1)

    assert result.wait(30)


def test_reset_fault(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("reset"))

    with pytest.raises(ConnectionResetError):
        fetch(BLOG)


def test_truncated_fault(fetch: Fetch, pypi: LocalPyPI) -> None:
    full_length = len(fetch(BLOG).body)
    pypi.faults.add(Fault("half"))

    with pytest.raises(IncompleteRead) as error:
        fetch(BLOG)

    assert 0 < len(error.value.partial) < full_length


@pytest.mark.parametrize("path", [BLOG, "/simple/", "/pypi/nobody/json"])
def test_malformed_fault(fetch: Fetch, pypi: LocalPyPI, path: str) -> None:
    pypi.faults.add(Fault("broken"))

    response = fetch(path, {"Accept": "application/vnd.pypi.simple.v1+json"})

    assert response.status == 200
    assert int(response.headers["Content-Length"]) == len(response.body)
    with pytest.raises(msgspec.DecodeError):
        response.json()


def test_empty_fault(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("empty"))

    response = fetch(BLOG)

    assert (response.status, response.body) == (200, b"")


def test_html_fault(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("html"))

    response = fetch(BLOG)

    assert (response.status, response.headers["Content-Type"].partition(";")[0]) == (200, "text/html")
    assert b"<h1>" in response.body


def test_oversized_fault(pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("huge"))

    with urlopen(pypi.url + BLOG, timeout=5) as response:
        pieces = [response.read(1_000_000) for _ in range(20)]

    assert {len(piece) for piece in pieces} == {1_000_000}


def test_redirect_fault(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("redirect", times=1), Fault("redirect", location="http://elsewhere.example/"))

    answers = [fetch(BLOG), fetch(BLOG)]

    assert [response.status for response in answers] == [302, 302]
    assert [answer.headers["Location"] for answer in answers] == [BLOG, "http://elsewhere.example/"]


def test_slow_fault(fetch: Fetch, pypi: LocalPyPI) -> None:
    right = fetch(BLOG).body
    pypi.faults.add(Fault("slow", pause=0.01))

    start = time.monotonic()
    body = fetch(BLOG).body

    assert body == right
    assert time.monotonic() - start > 0.1, "twenty pieces with a pause after each"


def test_stale_fault(fetch: Fetch, pypi: LocalPyPI, fake_registry: FakeRegistry) -> None:
    fake_registry.publish("acme-blog", "3.0")
    pypi.faults.add(Fault("stale", project="acme-blog", times=1))

    versions = [fetch(BLOG).json()["info"]["version"] for _ in range(2)]

    assert versions == ["2.0", "3.0"]


def test_unknown_fault_kind_is_rejected() -> None:
    assert {Fault(kind).kind for kind in FaultKind} == set(FaultKind)

    with pytest.raises(ValueError, match="teapot"):
        Fault("teapot")


def test_applies_to_request_and_project() -> None:
    faults = Faults()
    faults.add(Fault("500", request="project", project="acme-blog", times=2))

    struck = [
        faults.next_fault(request, project) is not None
        for request, project in [
            ("release", "acme-blog"),
            ("project", "acme-shop"),
            ("project", "acme-blog"),
            ("project", "acme-blog"),
            ("project", "acme-blog"),
        ]
    ]

    assert struck == [False, False, True, True, False]
    assert faults.hits == {"500": 2}


def test_probability_is_deterministic() -> None:
    def fates(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault("500", probability=0.3))
        return [faults.next_fault("project", "acme") is not None for _ in range(200)]

    assert fates(1) == fates(1) != fates(2)
    assert 30 < sum(fates(1)) < 90


def test_first_matching_fault_wins_until_clear(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("503", times=1), Fault("502"))
    before = [fetch(BLOG).status for _ in range(3)]

    pypi.faults.clear()

    assert before == [503, 502, 502]
    assert fetch(BLOG).status == 200


def test_request_log_counts_by_kind(fetch: Fetch, pypi: LocalPyPI) -> None:
    paths = {
        "project": BLOG,
        "release": "/pypi/acme-blog/1.0/json",
        "simple_index": "/simple/",
        "simple_page": "/simple/acme-blog/",
        "rss": "/rss/updates.xml",
        "other": "/favicon.ico",
    }
    for path in paths.values():
        fetch(path, {"User-Agent": "acme/1.0"})

    summary = fetch("/_requests").json()

    assert summary == {"total": 6, "most_at_once": 1, **dict.fromkeys(paths, 1)}
    assert [(one.kind, one.path, one.user_agent) for one in pypi.requests.log] == [
        (kind, path, "acme/1.0") for kind, path in paths.items()
    ]
    times = [one.time for one in pypi.requests.log]
    assert times == sorted(times)


def test_rate_limited_request_is_counted(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("503", times=1), Fault("reset", times=1))
    fetch(BLOG)
    with pytest.raises(ConnectionResetError):
        fetch(BLOG)

    assert pypi.requests.total == pypi.requests.by_kind["project"] == 2


def test_max_active_requests(pypi: LocalPyPI) -> None:
    pypi.latency = 0.05

    async def ask() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=7)) as session:
            await asyncio.gather(*(answered(session) for _ in range(28)))

    async def answered(session: aiohttp.ClientSession) -> None:
        async with session.get(pypi.url + BLOG) as response:
            await response.read()

    asyncio.run(ask())

    assert pypi.requests.max_active == 7
    assert pypi.requests.total == 28


def test_request_log_clear(fetch: Fetch, pypi: LocalPyPI) -> None:
    fetch(BLOG)

    pypi.requests.clear()

    assert pypi.requests.summarize() == {"total": 0, "most_at_once": 0}
    assert pypi.requests.log == []
