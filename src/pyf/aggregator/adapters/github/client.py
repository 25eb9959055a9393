"""Sequential client of GitHub's API, which distinguishes invalid tokens, rate limits and overload.

GitHub reports limits with statuses 200, 403 and 429; headers and text say which limit it is and how long it lasts.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from ...domain.errors import Invalid, Unavailable
from ..http.errors import format_status
from ..http.retry import NoConnection, Timeout, Transient, parse_retry_after
from ..http.service_client import Request, Response, ServiceClient

# Seconds of a pause whose length GitHub does not say; the minimum according to its documentation.
DEFAULT_PAUSE = 60.0

# Statuses about the requested resource; 451 is a takedown.
_RESOURCE_STATUSES = frozenset({301, 302, 307, 308, 404, 410, 451})

_LIMIT_STATUSES = frozenset({403, 429, 503})

# Seconds between two attempts at most.
_MAX_BACKOFF = 30.0

_log = logging.getLogger(__name__)


class LimitReached(Transient):
    """GitHub demands a pause of `retry_after` seconds."""


class AccessRefused(Unavailable):
    """GitHub refuses access to a resource to this client, for good."""


class PauseTooLong(Unavailable):
    """GitHub demands a longer pause than the client waits."""


class _Message(Struct):
    message: str = ""


_decoder = Decoder(_Message)


class GitHubClient:
    """Client of GitHub's API.

    Args:
        token: "" for none; appears in a request header only.
        sleep: Sleeps for a number of seconds.
        now: Returns Unix seconds.
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

    def without_token(self) -> "GitHubClient":
        """Return a client that GitHub treats as the public."""
        return GitHubClient(self._service, self.base_url, sleep=self._sleep, now=self._now)

    def send(self, request: Request) -> Response:
        """Send a request once and return its response.

        Raises:
            Invalid: For a token that GitHub rejects.
            LimitReached: For a rate limit.
            AccessRefused: If GitHub refuses access to the resource.
            Timeout: For a query that takes GitHub too long.
            Transient: If a retry may help.
            Unavailable: For all other errors.
        """
        response = self._service.send(request)
        if response.status == HTTPStatus.OK or (response.status in _RESOURCE_STATUSES and not request.must_exist):
            return response
        text = f"{request}: {_format_response(response)}"
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise Invalid(f"GITHUB_TOKEN is not accepted: GitHub answers {_format_response(response)}")
        message = parse_message(response)
        self.check_limit(request, response, message=message)
        # GitHub gives a reason in JSON; a proxy or firewall on the way does not.
        if response.status == HTTPStatus.FORBIDDEN and message and not request.must_exist:
            raise AccessRefused(text)
        if response.status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT):
            raise Timeout(text)
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status == HTTPStatus.REQUEST_TIMEOUT:
            raise Transient(text)
        raise Unavailable(text)

    def check_limit(self, request: Request, response: Response, *, message: str, is_limited: bool = False) -> None:
        """Raise `LimitReached` for a response that reports a limit, by status, headers or message."""
        mentions_limit = is_limited or "rate limit" in message.lower() or "abuse detection" in message.lower()
        retry_delay = parse_retry_after(response.headers.get("Retry-After", ""), self._now())
        is_used_up = response.headers.get("X-RateLimit-Remaining") == "0"
        is_refused = response.status in _LIMIT_STATUSES and (retry_delay is not None or is_used_up)
        if not (mentions_limit or is_refused or response.status == HTTPStatus.TOO_MANY_REQUESTS):
            return
        if retry_delay is not None:
            raise LimitReached(f"{request}: GitHub demands a pause of {retry_delay:.0f} s", retry_after=retry_delay)
        if is_used_up:
            resets_at = _parse_seconds(response.headers.get("X-RateLimit-Reset", "")) or self._now() + DEFAULT_PAUSE
            moment = f"{datetime.fromtimestamp(resets_at, UTC):%H:%M} UTC"
            wait = max(resets_at - self._now(), 0.0) + 1.0  # clocks differ
            raise LimitReached(f"{request}: GitHub's rate limit is used up until {moment}", retry_after=wait)
        raise LimitReached(f"{request}: GitHub demands a pause", retry_after=DEFAULT_PAUSE)

    def wait(self, error: Transient, failures: int) -> None:
        """Sleep before the next attempt; raise `PauseTooLong` if GitHub demands too long a pause.

        A limit determines the time itself; after other failures the delay doubles with each failure in a row.
        """
        limits = self._service.limits
        if not isinstance(error, LimitReached):
            seconds = min(limits.delay * 2**failures, _MAX_BACKOFF)
            if isinstance(error, NoConnection):
                _log.warning("%s; next try in %.0f s", error, seconds)
            self._sleep(seconds)
            return
        seconds = error.retry_after or DEFAULT_PAUSE
        if seconds > limits.retries.max_wait:
            raise PauseTooLong(str(error), retry_after=seconds) from error
        _log.warning("%s; continuing in %.0f s", error, seconds)
        self._sleep(seconds)


def parse_message(response: Response) -> str:
    """Return the message of an error response, "" without a readable one."""
    try:
        return _decoder.decode(response.body).message
    except (DecodeError, UnicodeDecodeError):
        return ""


def _format_response(response: Response) -> str:
    message = " ".join(parse_message(response).split())
    return f"{response.status} {message:.200}" if message else format_status(response.status)


def _parse_seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
