"""Which failed requests are retried, and after which delay."""

import logging
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina
from msgspec import Struct

from ...domain.errors import Unavailable
from ..timestamps import parse_email_date

T = TypeVar("T")

_log = logging.getLogger(__name__)
_SECONDS = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]*)?)\s*", re.ASCII)


class Transient(Unavailable):
    """A failure that a retry may cure; callers may treat it as `Unavailable`."""


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


async def retry(attempt: Callable[[], Awaitable[T]], error: Transient, policy: RetryPolicy) -> T:
    """Retry an attempt that has failed once and return its result; raise the last failure.

    The caller makes the first attempt: most succeed, and stamina costs as much as decoding a document.
    """
    async for attempt_context in stamina.retry_context(
        on=_build_retry_predicate(policy.max_wait),
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
