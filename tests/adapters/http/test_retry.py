"""Retries: which failures, how many, after which delay."""

import asyncio
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.adapters.http.retry import RetryPolicy, Transient, parse_retry_after, retry
from pyf.aggregator.domain.errors import NotFound

NOW = 1_800_000_000.0


class FailingAttempt:
    """An attempt that raises each of these errors in turn, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.times: list[float] = []

    async def __call__(self) -> str:
        self.times.append(asyncio.get_running_loop().time())
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def run_retry(attempt: FailingAttempt, first: Transient, **retries: float) -> str:
    return asyncio.run(retry(attempt, first, RetryPolicy(**{"backoff": 0.0, **retries})))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("1.5", 1.5),
        (format_datetime(datetime.fromtimestamp(NOW + 30, UTC), usegmt=True), 30),
        ("Fri, 15 Jan 2027 08:00:30 -0000", 30),
    ],
)
def test_parse_retry_after(header: str, seconds: float) -> None:
    assert parse_retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    ["", "0", "-5", "soon", "1e9", "inf", "nan", "9" * 5000, "١٢", "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 99 Foo 2026"],
)
def test_parse_retry_after_without_delay(header: str) -> None:
    assert parse_retry_after(header, NOW) is None


@given(st.text())
def test_parse_retry_after_accepts_any_text(header: str) -> None:
    wait = parse_retry_after(header, NOW)

    assert wait is None or wait > 0


def test_retry_succeeds_after_failures() -> None:
    attempt = FailingAttempt(Transient("503"), Transient("503"))

    assert run_retry(attempt, Transient("503")) == "done"
    assert len(attempt.times) == 3


@pytest.mark.parametrize("max_retries", [0, 1, 3])
def test_retry_raises_last_failure(max_retries: int) -> None:
    attempt = FailingAttempt(*(Transient(f"failure {number}") for number in range(1, 10)))

    with pytest.raises(Transient, match=f"failure {max_retries}"):
        run_retry(attempt, Transient("failure 0"), max_retries=max_retries)
    assert len(attempt.times) == max_retries


def test_retry_stops_at_permanent_failure() -> None:
    attempt = FailingAttempt(NotFound("404"))

    with pytest.raises(NotFound):
        run_retry(attempt, Transient("503"))
    assert len(attempt.times) == 1


def test_retry_delays_grow() -> None:
    attempt = FailingAttempt(Transient("503"), Transient("503"))

    run_retry(attempt, Transient("503"), backoff=0.02)

    first, second, third = attempt.times
    assert second - first >= 0.04
    assert third - second >= 0.08


def test_retry_waits_for_retry_after() -> None:
    attempt = FailingAttempt(Transient("429", retry_after=0.2))

    run_retry(attempt, Transient("503"))

    first, second = attempt.times
    assert second - first >= 0.2


def test_retry_stops_at_retry_after_above_max_wait() -> None:
    attempt = FailingAttempt()

    with pytest.raises(Transient) as raised:
        run_retry(attempt, Transient("429", retry_after=121), max_wait=120)
    assert raised.value.retry_after == 121
    assert attempt.times == []
