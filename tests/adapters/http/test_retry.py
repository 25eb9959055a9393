"""What is asked again, how often, and after how long."""

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
    """An attempt that fails with each of these errors in turn, and then succeeds."""

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
def test_a_wait_is_read_from_seconds_and_from_dates(header: str, seconds: float) -> None:
    assert parse_retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    ["", "0", "-5", "soon", "1e9", "inf", "nan", "9" * 5000, "١٢", "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 99 Foo 2026"],
)
def test_what_asks_for_no_wait_is_none(header: str) -> None:
    assert parse_retry_after(header, NOW) is None


@given(st.text())
def test_no_header_is_an_error(header: str) -> None:
    wait = parse_retry_after(header, NOW)

    assert wait is None or wait > 0


def test_a_failure_that_heals_is_forgotten() -> None:
    attempt = FailingAttempt(Transient("503"), Transient("503"))

    assert run_retry(attempt, Transient("503")) == "done"
    assert len(attempt.times) == 3


@pytest.mark.parametrize("most", [0, 1, 3])
def test_after_the_last_retry_the_last_failure_is_raised(most: int) -> None:
    attempt = FailingAttempt(*(Transient(f"failure {number}") for number in range(1, 10)))

    with pytest.raises(Transient, match=f"failure {most}"):
        run_retry(attempt, Transient("failure 0"), most=most)
    assert len(attempt.times) == most


def test_a_lasting_failure_ends_the_retries() -> None:
    attempt = FailingAttempt(NotFound("404"))

    with pytest.raises(NotFound):
        run_retry(attempt, Transient("503"))
    assert len(attempt.times) == 1


def test_pauses_grow_with_each_retry() -> None:
    attempt = FailingAttempt(Transient("503"), Transient("503"))

    run_retry(attempt, Transient("503"), backoff=0.02)

    first, second, third = attempt.times
    assert second - first >= 0.04
    assert third - second >= 0.08


def test_a_service_that_asks_for_a_pause_gets_it() -> None:
    attempt = FailingAttempt(Transient("429", retry_after=0.2))

    run_retry(attempt, Transient("503"))

    first, second = attempt.times
    assert second - first >= 0.2


def test_a_service_that_asks_for_a_long_pause_is_not_waited_for() -> None:
    attempt = FailingAttempt()

    with pytest.raises(Transient) as raised:
        run_retry(attempt, Transient("429", retry_after=121), longest_wait=120)
    assert raised.value.retry_after == 121
    assert attempt.times == []
