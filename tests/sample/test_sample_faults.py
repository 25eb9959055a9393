"""Each fault that can be ordered, seen from the other end of the wire; and that every request is counted."""

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

from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.faults import Fault, FaultKind, Faults, RetryAfter
from pyf.aggregator.sample.services import LocalPyPI

Fetch = Callable[..., SimpleNamespace]

BLOG = "/pypi/acme-blog/json"


@pytest.mark.parametrize("status", [403, 404, 429, 500, 502, 503])
def test_a_status(fetch: Fetch, pypi: LocalPyPI, status: int) -> None:
    pypi.faults.add(Fault(str(status)))

    answer = fetch(BLOG)

    assert (answer.status, answer.headers["Retry-After"]) == (status, None)


def test_a_status_with_the_seconds_to_wait(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("503", retry_after=RetryAfter(30)))

    assert fetch(BLOG).headers["Retry-After"] == "30"


def test_a_status_with_the_date_to_wait_for(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("503", retry_after=RetryAfter(30, as_date=True)))

    assert fetch(BLOG).headers["Retry-After"].endswith(" GMT")


def test_no_answer(pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("timeout"))

    with pytest.raises(TimeoutError):
        urlopen(pypi.url + BLOG, timeout=0.2)

    assert pypi.requests.by_kind == {"project": 1}


def test_a_request_that_was_given_up_is_not_under_way_for_ever(pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("timeout"))
    with pytest.raises(TimeoutError):
        urlopen(pypi.url + BLOG, timeout=0.1)

    deadline = time.monotonic() + 5
    while pypi.requests.at_once and time.monotonic() < deadline:
        time.sleep(0.01)

    assert pypi.requests.at_once == 0


def test_a_service_stops_although_a_client_still_waits(ecosystem: Ecosystem) -> None:
    ended = threading.Event()

    def wait_for_ever(url: str) -> None:
        with pytest.raises(ConnectionError):
            urlopen(url)
        ended.set()

    with LocalPyPI(ecosystem) as service:
        service.faults.add(Fault("timeout"))
        threading.Thread(target=wait_for_ever, args=(service.url + BLOG,), daemon=True).start()
        while not service.requests.total:
            time.sleep(0.01)

    assert ended.wait(5)


def test_a_reset_connection(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("reset"))

    with pytest.raises(ConnectionResetError):
        fetch(BLOG)


def test_half_an_answer(fetch: Fetch, pypi: LocalPyPI) -> None:
    whole = len(fetch(BLOG).body)
    pypi.faults.add(Fault("half"))

    with pytest.raises(IncompleteRead) as cut:
        fetch(BLOG)

    assert 0 < len(cut.value.partial) < whole


@pytest.mark.parametrize("path", [BLOG, "/simple/", "/pypi/nobody/json"])
def test_a_broken_answer_is_whole_and_no_json(fetch: Fetch, pypi: LocalPyPI, path: str) -> None:
    pypi.faults.add(Fault("broken"))

    answer = fetch(path, {"Accept": "application/vnd.pypi.simple.v1+json"})

    assert answer.status == 200
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    with pytest.raises(msgspec.DecodeError):
        answer.json()


def test_an_empty_answer(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("empty"))

    answer = fetch(BLOG)

    assert (answer.status, answer.body) == (200, b"")


def test_a_page_that_says_sorry(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("html"))

    answer = fetch(BLOG)

    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, "text/html")
    assert b"<h1>" in answer.body


def test_a_body_without_end(pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("huge"))

    with urlopen(pypi.url + BLOG, timeout=5) as answer:
        pieces = [answer.read(1_000_000) for _ in range(20)]

    assert {len(piece) for piece in pieces} == {1_000_000}


def test_a_redirect_to_itself_or_elsewhere(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("redirect", times=1), Fault("redirect", location="http://elsewhere.example/"))

    answers = [fetch(BLOG), fetch(BLOG)]

    assert [answer.status for answer in answers] == [302, 302]
    assert [answer.headers["Location"] for answer in answers] == [BLOG, "http://elsewhere.example/"]


def test_an_answer_that_drips(fetch: Fetch, pypi: LocalPyPI) -> None:
    right = fetch(BLOG).body
    pypi.faults.add(Fault("slow", pause=0.01))

    began = time.monotonic()
    body = fetch(BLOG).body

    assert body == right
    assert time.monotonic() - began > 0.1, "twenty pieces with a pause after each"


def test_the_project_as_it_was_before(fetch: Fetch, pypi: LocalPyPI, ecosystem: Ecosystem) -> None:
    ecosystem.publish("acme-blog", "3.0")
    pypi.faults.add(Fault("stale", project="acme-blog", times=1))

    versions = [fetch(BLOG).json()["info"]["version"] for _ in range(2)]

    assert versions == ["2.0", "3.0"]


def test_every_kind_of_fault_can_be_ordered_and_no_other() -> None:
    assert {Fault(kind).kind for kind in FaultKind} == set(FaultKind)

    with pytest.raises(ValueError, match="teapot"):
        Fault("teapot")


def test_a_fault_strikes_only_what_it_was_meant_for() -> None:
    faults = Faults()
    faults.add(Fault("500", request="project", project="acme-blog", times=2))

    struck = [
        faults.strike(request, project) is not None
        for request, project in [
            ("release", "acme-blog"),
            ("project", "acme-shop"),
            ("project", "acme-blog"),
            ("project", "acme-blog"),
            ("project", "acme-blog"),
        ]
    ]

    assert struck == [False, False, True, True, False]
    assert faults.struck == {"500": 2}


def test_faults_by_chance_are_the_same_for_the_same_seed() -> None:
    def fates(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault("500", probability=0.3))
        return [faults.strike("project", "acme") is not None for _ in range(200)]

    assert fates(1) == fates(1) != fates(2)
    assert 30 < sum(fates(1)) < 90


def test_the_first_fault_that_fits_strikes_until_all_are_taken_back(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("503", times=1), Fault("502"))
    before = [fetch(BLOG).status for _ in range(3)]

    pypi.faults.clear()

    assert before == [503, 502, 502]
    assert fetch(BLOG).status == 200


def test_every_request_is_counted_by_kind_and_logged(fetch: Fetch, pypi: LocalPyPI) -> None:
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


def test_a_refused_request_counts_like_any_other(fetch: Fetch, pypi: LocalPyPI) -> None:
    pypi.faults.add(Fault("503", times=1), Fault("reset", times=1))
    fetch(BLOG)
    with pytest.raises(ConnectionResetError):
        fetch(BLOG)

    assert pypi.requests.total == pypi.requests.by_kind["project"] == 2


def test_the_service_knows_how_many_asked_at_once(pypi: LocalPyPI) -> None:
    pypi.latency = 0.05

    async def ask() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=7)) as session:
            await asyncio.gather(*(answered(session) for _ in range(28)))

    async def answered(session: aiohttp.ClientSession) -> None:
        async with session.get(pypi.url + BLOG) as answer:
            await answer.read()

    asyncio.run(ask())

    assert pypi.requests.most_at_once == 7
    assert pypi.requests.total == 28


def test_counting_can_begin_anew(fetch: Fetch, pypi: LocalPyPI) -> None:
    fetch(BLOG)

    pypi.requests.clear()

    assert pypi.requests.summary() == {"total": 0, "most_at_once": 0}
    assert pypi.requests.log == []
