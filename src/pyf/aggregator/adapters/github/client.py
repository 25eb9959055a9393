"""Talks to GitHub's API in turn, and tells its refusals apart: a wrong token, the limits, and an overload.

GitHub's limits come with statuses 200, 403 and 429; headers and text say which one it is, and how long it lasts.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from ...domain.errors import Invalid, Unavailable
from ..retry import TooSlow, Transient, retry_after
from ..service import Reply, Request, Service

# Where GitHub wants a pause and does not say how long: so many seconds at least, says its documentation.
PAUSE = 60.0

# Statuses that are answers about a thing; of 451 its owner or a court has had it taken away.
_ANSWERS = frozenset({301, 302, 307, 308, 404, 410, 451})

_REFUSALS = frozenset({403, 429, 503})

# Seconds between two attempts at most.
_LONGEST_BACKOFF = 30.0

_log = logging.getLogger(__name__)


class LimitReached(Transient):
    """GitHub wants us to pause for `retry_after` seconds."""


class Stopped(Unavailable):
    """GitHub can't be asked anything for longer than is waited for."""


class _Message(Struct):
    message: str = ""


_decoder = Decoder(_Message)


class GitHubClient:
    """One conversation with GitHub's API; `token` is "" for none, and goes into a header and nowhere else.

    `pause` sleeps for so many seconds, `now` is in Unix seconds.
    """

    def __init__(
        self,
        service: Service,
        base_url: str,
        token: str = "",
        *,
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.headers: Mapping[str, str] = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }
        self._service = service
        self._pause = pause
        self._now = now

    def send(self, request: Request) -> Reply:
        """Send a request once and return the reply, where it is an answer.

        Raises `Invalid` for a token that GitHub does not accept, `LimitReached`, `TooSlow` for a query that took
        GitHub too long, `Transient` where another attempt may help, and `Unavailable` for all other refusals.
        """
        reply = self._service.exchange(request)
        if reply.status == HTTPStatus.OK or (reply.status in _ANSWERS and not request.always_there):
            return reply
        text = f"{request}: {_named(reply)}"
        if reply.status == HTTPStatus.UNAUTHORIZED:
            raise Invalid(f"GITHUB_TOKEN is not accepted: GitHub answers {_named(reply)}")
        self.check_limit(request, reply, says=message_of(reply))
        if reply.status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT):
            raise TooSlow(text)
        if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR or reply.status == HTTPStatus.REQUEST_TIMEOUT:
            raise Transient(text)
        raise Unavailable(text)

    def check_limit(self, request: Request, reply: Reply, *, says: str, is_limited: bool = False) -> None:
        """Raise `LimitReached` for a reply that tells of a limit, by its status, by what it `says` or otherwise."""
        speaks_of_it = is_limited or "rate limit" in says.lower() or "abuse detection" in says.lower()
        asked = retry_after(reply.headers.get("Retry-After", ""), self._now())
        is_used_up = reply.headers.get("X-RateLimit-Remaining") == "0"
        refuses = reply.status in _REFUSALS and (asked is not None or is_used_up)
        if not (speaks_of_it or refuses or reply.status == HTTPStatus.TOO_MANY_REQUESTS):
            return
        if asked is not None:
            raise LimitReached(f"{request}: GitHub asks to wait {asked:.0f} s", retry_after=asked)
        if is_used_up:
            until = _seconds(reply.headers.get("X-RateLimit-Reset", "")) or self._now() + PAUSE
            moment = f"{datetime.fromtimestamp(until, UTC):%H:%M} UTC"
            wait = max(until - self._now(), 0.0) + 1.0  # clocks differ
            raise LimitReached(f"{request}: GitHub's rate limit is used up until {moment}", retry_after=wait)
        raise LimitReached(f"{request}: GitHub asks for a pause", retry_after=PAUSE)

    def wait(self, trouble: Transient, failures: int) -> None:
        """Sleep before the next attempt, after so many failures in a row; raises `Stopped` for one that lasts too long.

        A limit says itself how long; other troubles are waited for in steps of the distance between requests.
        """
        limits = self._service.limits
        if not isinstance(trouble, LimitReached):
            self._pause(min(limits.delay * 2**failures, _LONGEST_BACKOFF))
            return
        seconds = trouble.retry_after or PAUSE
        if seconds > limits.retries.longest_wait:
            raise Stopped(str(trouble), retry_after=seconds) from trouble
        _log.warning("%s; it goes on in %.0f s", trouble, seconds)
        self._pause(seconds)


def message_of(reply: Reply) -> str:
    """Return what a refusal says in words, "" for one that says nothing that can be read."""
    try:
        return _decoder.decode(reply.body).message
    except (DecodeError, UnicodeDecodeError):
        return ""


def _named(reply: Reply) -> str:
    message = " ".join(message_of(reply).split())
    return f"{reply.status} {message:.200}" if message else _status(reply.status)


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
