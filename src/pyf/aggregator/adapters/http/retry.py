"""Decides which failures of a request are worth asking again, and when."""

import logging
import re
from collections.abc import Awaitable, Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeVar

import stamina
from msgspec import Struct

from ...domain.errors import Unavailable

T = TypeVar("T")

_log = logging.getLogger(__name__)
_SECONDS = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]*)?)\s*", re.ASCII)


class Transient(Unavailable):
    """A failure that asking again may heal; a caller need not tell it from `Unavailable`."""


class Timeout(Transient):
    """No complete answer came in time: asking for less may heal it, too."""


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """How often and when a request is repeated; times in seconds.

    `backoff` is the pause before the first repetition and doubles with each further one; up to half of it is added
    at random. A service that asks for a pause gets it; one that asks for more than `longest_wait` is not waited for.
    """

    max_retries: int = 3
    backoff: float = 2.0
    max_wait: float = 120.0


async def retry(attempt: Callable[[], Awaitable[T]], error: Transient, policy: RetryPolicy) -> T:
    """Repeat an attempt that has failed once, and return what it returns; raises the last failure.

    The first attempt is the caller's, because most succeed and stamina's machinery costs as much as the decoding of a
    document.
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
                _log.info("asking again, %d of %d: %s", attempt_context.num - 1, policy.max_retries, error)
                try:
                    return await attempt()
                except Transient as next_error:
                    error = next_error
            raise error
    raise AssertionError("stamina returns or raises")


def parse_retry_after(header: str, now: float) -> float | None:
    """Return the seconds that a `Retry-After` header asks to wait, from seconds or an HTTP date.

    None where it asks for nothing: a moment that has passed, or text that says nothing. `now` in Unix seconds.
    """
    if seconds := _SECONDS.fullmatch(header):
        wait = float(seconds[1])
    else:
        try:
            moment = parsedate_to_datetime(header)
            wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return wait if wait > 0 else None


def _build_retry_predicate(max_wait: float) -> Callable[[Exception], bool | float]:
    def get_backoff(failure: Exception) -> bool | float:
        if not isinstance(failure, Transient) or (failure.retry_after or 0) > max_wait:
            return False
        return failure.retry_after or True

    return get_backoff
