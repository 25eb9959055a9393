"""The request limiter delays only the clients above the limit."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.types import HTTPScope

from pyf.aggregator.web.rate_limit import RequestLimiter, TokenBuckets, buffer_body
from support.registry_world import Clock


def build_scope(client: str = "10.0.0.1", path: str = "/") -> HTTPScope:
    scope: dict[str, Any] = {
        "type": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": (client, 1),
    }
    return cast(HTTPScope, scope)


def test_request_limiter_allows_capacity_and_reports_retry_after() -> None:
    clock = Clock()
    limiter = RequestLimiter(requests_per_minute=3, clock=clock)
    rejections = [limiter.find_rejection(build_scope()) for _ in range(4)]

    assert rejections[:3] == [None, None, None]
    assert rejections[3] is not None
    assert rejections[3].headers == {"retry-after": "20"}
    clock.advance(20)
    assert limiter.find_rejection(build_scope()) is None
    assert limiter.find_rejection(build_scope()) is not None


def test_clients_have_separate_limits() -> None:
    limiter = RequestLimiter(requests_per_minute=1, clock=Clock())
    limiter.find_rejection(build_scope("10.0.0.1"))

    assert limiter.find_rejection(build_scope("10.0.0.1")) is not None
    assert limiter.find_rejection(build_scope("10.0.0.2")) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("a:b", "a:c", False),
    ],
)
def test_client_network_groups_addresses(one: str, other: str, same: bool) -> None:
    limiter = RequestLimiter(requests_per_minute=1, clock=Clock())
    limiter.find_rejection(build_scope(one))

    assert (limiter.find_rejection(build_scope(other)) is not None) is same


def test_large_file_counts_as_several_requests() -> None:
    scope = build_scope(path="/in/plone/check")
    scope["headers"] = [(b"content-length", b"2000000")]
    limiter = RequestLimiter(requests_per_minute=60, clock=Clock())

    first, second = (limiter.find_rejection(scope) for _ in range(2))

    assert first is None
    assert second is not None
    assert second.headers["retry-after"] == "2"
    assert RequestLimiter(requests_per_minute=1, clock=Clock()).find_rejection(scope) is None


@pytest.mark.parametrize("path", ["/static/style.css", "/health"])
def test_unlimited_paths_are_not_counted(path: str) -> None:
    limiter = RequestLimiter(requests_per_minute=1, clock=Clock())

    assert [limiter.find_rejection(build_scope(path=path)) for _ in range(5)] == [None] * 5


def test_oldest_clients_are_evicted(tmp_path: Path) -> None:
    clock = Clock()
    buckets = TokenBuckets(1, str(tmp_path / "buckets"), clock)
    for number in range(12_000):
        clock.advance(0.001)
        buckets.take_tokens(str(number))
    with sqlite3.connect(tmp_path / "buckets") as connection:
        count, oldest = connection.execute("SELECT count(*), min(CAST(client AS INTEGER)) FROM buckets").fetchone()

    assert (count, oldest) == (10_001, 1_999)


def test_full_buckets_are_evicted(tmp_path: Path) -> None:
    clock = Clock()
    buckets = TokenBuckets(1, str(tmp_path / "buckets"), clock)
    for _ in range(999):
        buckets.take_tokens("earlier")
    clock.advance(61)
    buckets.take_tokens("now")
    with sqlite3.connect(tmp_path / "buckets") as connection:
        assert connection.execute("SELECT client FROM buckets").fetchall() == [("now",)]


def test_requests_are_accepted_while_limits_cannot_be_stored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    limiter = RequestLimiter(requests_per_minute=1, path=str(tmp_path / "buckets"), clock=Clock())
    with sqlite3.connect(tmp_path / "buckets") as connection:
        connection.execute("DROP TABLE buckets")

    assert [limiter.find_rejection(build_scope()) for _ in range(2)] == [None, None]
    assert "requests are not limited" in caplog.text


def test_processes_share_limits(tmp_path: Path) -> None:
    clock = Clock()
    limiters = [RequestLimiter(requests_per_minute=3, path=str(tmp_path / "buckets"), clock=clock) for _ in range(2)]
    rejections = [limiters[number % 2].find_rejection(build_scope()) for number in range(4)]

    assert [rejection is None for rejection in rejections] == [True, True, True, False]


@given(st.lists(st.floats(0, 100), max_size=200), st.integers(1, 1000))
def test_rate_never_exceeds_capacity(pauses: list[float], capacity: int) -> None:
    clock = Clock()
    limiter = RequestLimiter(requests_per_minute=capacity, clock=clock)
    allowed_count = 0
    for pause in pauses:
        clock.advance(pause)
        allowed_count += limiter.find_rejection(build_scope()) is None

    assert allowed_count <= capacity + sum(pauses) * capacity / 60 + 1e-3


def run_buffered(headers: list[tuple[bytes, bytes]], messages: list[dict[str, Any]]) -> list[Any] | None:
    """Return the messages that a handler receives after its body was buffered; None for a body that is too large."""
    sent = iter(messages)

    async def receive() -> Any:
        return next(sent)

    async def run() -> list[Any] | None:
        buffered = await buffer_body(cast(HTTPScope, {**build_scope(), "headers": headers}), receive)
        return None if buffered is None else [await buffered() for _ in messages]

    return asyncio.run(run())


@pytest.mark.parametrize("headers", [[], [(b"transfer-encoding", b"chunked")]])
def test_buffered_body_is_received_by_the_handler(headers: list[tuple[bytes, bytes]]) -> None:
    messages = [
        {"type": "http.request", "body": b"one", "more_body": True},
        {"type": "http.request", "body": b"two", "more_body": False},
        {"type": "http.disconnect"},
    ]

    assert run_buffered(headers, messages) == messages


def test_buffered_body_may_end_early() -> None:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"one", "more_body": True},
        {"type": "http.disconnect"},
    ]

    assert run_buffered([(b"transfer-encoding", b"chunked")], messages) == messages


def test_large_chunked_body_is_not_buffered() -> None:
    messages = [{"type": "http.request", "body": b"x" * 10_000, "more_body": True} for _ in range(100)]

    assert run_buffered([(b"transfer-encoding", b"chunked")], messages) is None
