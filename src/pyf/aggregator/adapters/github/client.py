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
from ..http.retry import Timeout, Transient, parse_retry_after
from ..http.service_client import Request, Response, ServiceClient

# Where GitHub wants a pause and does not say how long: so many seconds at least, says its documentation.
DEFAULT_PAUSE = 60.0

# Statuses that are answers about a thing; of 451 its owner or a court has had it taken away.
_RESOURCE_STATUSES = frozenset({301, 302, 307, 308, 404, 410, 451})

_LIMIT_STATUSES = frozenset({403, 429, 503})

# Seconds between two attempts at most.
_MAX_BACKOFF = 30.0

_log = logging.getLogger(__name__)


class LimitReached(Transient):
    """GitHub wants us to pause for `retry_after` seconds."""


class PauseTooLong(Unavailable):
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
        service: ServiceClient,
        base_url: str,
        token: str = "",
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.headers: Mapping[str, str] = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }
        self._service = service
        self._sleep = sleep
        self._now = now

    def send(self, request: Request) -> Response:
        """Send a request once and return the reply, where it is an answer.

        Raises `Invalid` for a token that GitHub does not accept, `LimitReached`, `TooSlow` for a query that took
        GitHub too long, `Transient` where another attempt may help, and `Unavailable` for all other refusals.
        """
        response = self._service.send(request)
        if response.status == HTTPStatus.OK or (response.status in _RESOURCE_STATUSES and not request.must_exist):
            return response
        text = f"{request}: {_format_response(response)}"
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise Invalid(f"GITHUB_TOKEN is not accepted: GitHub answers {_format_response(response)}")
        self.check_limit(request, response, message=parse_message(response))
        if response.status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT):
            raise Timeout(text)
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status == HTTPStatus.REQUEST_TIMEOUT:
            raise Transient(text)
        raise Unavailable(text)

    def check_limit(self, request: Request, response: Response, *, message: str, is_limited: bool = False) -> None:
        """Raise `LimitReached` for a reply that tells of a limit, by its status, by what it `says` or otherwise."""
        mentions_limit = is_limited or "rate limit" in message.lower() or "abuse detection" in message.lower()
        retry_delay = parse_retry_after(response.headers.get("Retry-After", ""), self._now())
        is_used_up = response.headers.get("X-RateLimit-Remaining") == "0"
        is_refused = response.status in _LIMIT_STATUSES and (retry_delay is not None or is_used_up)
        if not (mentions_limit or is_refused or response.status == HTTPStatus.TOO_MANY_REQUESTS):
            return
        if retry_delay is not None:
            raise LimitReached(f"{request}: GitHub asks to wait {retry_delay:.0f} s", retry_after=retry_delay)
        if is_used_up:
            resets_at = _parse_seconds(response.headers.get("X-RateLimit-Reset", "")) or self._now() + DEFAULT_PAUSE
            moment = f"{datetime.fromtimestamp(resets_at, UTC):%H:%M} UTC"
            wait = max(resets_at - self._now(), 0.0) + 1.0  # clocks differ
            raise LimitReached(f"{request}: GitHub's rate limit is used up until {moment}", retry_after=wait)
        raise LimitReached(f"{request}: GitHub asks for a pause", retry_after=DEFAULT_PAUSE)

    def wait(self, error: Transient, failures: int) -> None:
        """Sleep before the next attempt, after so many failures in a row; raises `Stopped` for one that lasts too long.

        A limit says itself how long; other troubles are waited for in steps of the distance between requests.
        """
        limits = self._service.limits
        if not isinstance(error, LimitReached):
            self._sleep(min(limits.delay * 2**failures, _MAX_BACKOFF))
            return
        seconds = error.retry_after or DEFAULT_PAUSE
        if seconds > limits.retries.max_wait:
            raise PauseTooLong(str(error), retry_after=seconds) from error
        _log.warning("%s; it goes on in %.0f s", error, seconds)
        self._sleep(seconds)


def parse_message(response: Response) -> str:
    """Return what a refusal says in words, "" for one that says nothing that can be read."""
    try:
        return _decoder.decode(response.body).message
    except (DecodeError, UnicodeDecodeError):
        return ""


def _format_response(response: Response) -> str:
    message = " ".join(parse_message(response).split())
    return f"{response.status} {message:.200}" if message else _format_status(response.status)


def _format_status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _parse_seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
