"""Retries, and the throttle of a service: concurrency, rate, and pauses that the service demands."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina
from aiolimiter import AsyncLimiter
from msgspec import Struct

from ...domain.errors import Unavailable
from ...domain.timestamps import parse_email_date
from ...ports import RateLimiter

T = TypeVar("T")

_log = logging.getLogger(__name__)
_SECONDS = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]*)?)\s*", re.ASCII)


class Transient(Unavailable):
    """A failure that a retry may cure; callers may treat it as `Unavailable`."""


class NoConnection(Transient):
    """There is no connection to the server or to its proxy."""


class Timeout(Transient):
    """The response was not complete in time; a smaller request may also help."""


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """Number and delays of retries; times in seconds.

    Attributes:
        backoff: Delay before the first retry. It doubles with each retry; up to half of it is added at random.
        max_wait: Longest delay. A service that demands a longer pause is not retried.
    """

    max_retries: int = 3
    backoff: float = 2.0
    max_wait: float = 120.0


async def retry(
    attempt: Callable[[], Awaitable[T]],
    error: Transient,
    policy: RetryPolicy,
    report_wait: Callable[[Transient, float], None] = lambda _error, _seconds: None,
) -> T:
    """Retry an attempt that has failed once and return its result; raise the last failure.

    The caller makes the first attempt: most succeed, and stamina costs as much as decoding a document.

    Args:
        report_wait: Called with a failure and the seconds until the next attempt, at least.
    """
    should_retry = _build_retry_predicate(policy.max_wait)
    async for attempt_context in stamina.retry_context(
        on=should_retry,
        attempts=policy.max_retries + 1,
        timeout=None,
        wait_initial=policy.backoff,
        wait_max=policy.max_wait,
        wait_jitter=policy.backoff / 2,
    ):
        with attempt_context:
            if attempt_context.num > 1:
                _log.info("retry %d of %d: %s", attempt_context.num - 1, policy.max_retries, error)
                try:
                    return await attempt()
                except Transient as next_error:
                    error = next_error
            if attempt_context.num <= policy.max_retries and should_retry(error):
                report_wait(error, error.retry_after or attempt_context.next_wait)
            raise error
    raise AssertionError("stamina returns or raises")


def parse_retry_after(header: str, now: float) -> float | None:
    """Return the delay of a `Retry-After` header (seconds or an HTTP date), None for a past or unreadable value.

    Args:
        now: Current time in Unix seconds.
    """
    seconds = _SECONDS.fullmatch(header)
    wait = float(seconds[1]) if seconds else (parse_email_date(header) or 0.0) - now
    return wait if wait > 0 else None


def _build_retry_predicate(max_wait: float) -> Callable[[Exception], bool | float]:
    def get_backoff(failure: Exception) -> bool | float:
        if not isinstance(failure, Transient) or (failure.retry_after or 0) > max_wait:
            return False
        return failure.retry_after or True

    return get_backoff


# Requests closer together than this (seconds) pass in batches: a timer for each costs throughput.
_BATCH_WINDOW = 0.05


class Throttle:
    """Asynchronous context manager around one request; belongs to the event loop it is created on.

    Args:
        rate_limiter: Limits the rate of all processes that share it.
    """

    def __init__(self, max_concurrency: int, delay: float, rate_limiter: RateLimiter | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self._shared_limit = SharedRateLimit(rate_limiter, delay) if rate_limiter is not None and delay > 0 else None
        self._slots = asyncio.Semaphore(max_concurrency)
        self._local_limiter = (
            AsyncLimiter(max(1.0, _BATCH_WINDOW / delay), max(delay, _BATCH_WINDOW)) if delay > 0 else None
        )
        self._paused_until = 0.0

    def pause(self, seconds: float) -> None:
        """Hold back this process's requests for that time."""
        self._paused_until = max(self._paused_until, self.loop.time() + seconds)

    async def pause_all(self, seconds: float) -> None:
        """Hold back the requests of all processes that share the rate limit for that time."""
        self.pause(seconds)
        if self._shared_limit is not None:
            await self._shared_limit.block_for(seconds)

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        try:
            while (wait := self._paused_until - self.loop.time()) > 0:  # noqa: ASYNC110 - `pause` may extend it
                await asyncio.sleep(wait)
            if self._local_limiter is not None:
                await self._local_limiter.acquire()
            if self._shared_limit is not None:
                await self._shared_limit.acquire()
        except BaseException:
            self._slots.release()
            raise

    async def __aexit__(self, *exc_info: object) -> None:
        self._slots.release()


class SharedRateLimit:
    """Permits of a rate limit shared with other processes, acquired in batches if they are close together.

    If the shared limiter is unavailable, only the local limit holds: the service may then reject requests, which is
    better than sending none.
    """

    def __init__(self, rate_limiter: RateLimiter, delay: float) -> None:
        self._rate_limiter = rate_limiter
        self._batch_size = max(1, int(_BATCH_WINDOW / delay))
        self._remaining = 0
        self._lock = asyncio.Lock()

    async def acquire(self) -> None:
        """Wait for the next permit."""
        async with self._lock:
            if not self._remaining:
                await asyncio.sleep(await self._acquire_permits())
                self._remaining = self._batch_size
            self._remaining -= 1

    async def block_for(self, seconds: float) -> None:
        """Issue no permits for that time."""
        try:
            await asyncio.to_thread(self._rate_limiter.block_for, seconds)
        except Unavailable as error:
            _log.warning("cannot share the service's pause with other processes: %s", error)

    async def _acquire_permits(self) -> float:
        try:
            return await asyncio.to_thread(self._rate_limiter.acquire, self._batch_size)
        except Unavailable as error:
            _log.warning("shared rate limiter unavailable; using the local limit: %s", error)
            return 0.0
