"""Sequential client of a host's API, which distinguishes invalid tokens, rate limits and overload.

Hosts report limits with statuses 200, 403 and 429; headers and text say which limit it is and how long it lasts.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from ...domain.errors import Invalid, Unavailable
from ...domain.repositories import RepositoryRef
from ...ports import RepositoryResult
from ..http.errors import format_status
from ..http.retry import NoConnection, Timeout, Transient, parse_retry_after
from ..http.service_client import Request, Response, ServiceClient

T = TypeVar("T")

# Seconds of a pause whose length the host does not say; the minimum according to GitHub's documentation.
DEFAULT_PAUSE = 60.0

# Statuses about the requested resource; 451 is a takedown.
_RESOURCE_STATUSES = frozenset({301, 302, 307, 308, 404, 410, 451})

_LIMIT_STATUSES = frozenset({403, 429, 503})

# Seconds between two attempts at most.
_MAX_BACKOFF = 30.0

_log = logging.getLogger(__name__)


# Attempts per request, and repositories in a row without a response after which a host counts as down.
MAX_ATTEMPTS = 3
MAX_CONSECUTIVE_FAILURES = 3

# Times before 2001 are seconds from now.
_MIN_TIMESTAMP = 1e9


class LimitReached(Transient):
    """The host demands a pause of `retry_after` seconds."""


class AccessRefused(Unavailable):
    """The host refuses access to a resource to this client, for good."""


class PauseTooLong(Unavailable):
    """The host demands a longer pause than the client waits."""


class _Message(Struct):
    message: str = ""


_decoder = Decoder(_Message)


class HostAddress(Struct, frozen=True, kw_only=True):
    """A host, and where its API is.

    Attributes:
        name: The name in links, such as `gitlab.com`.
        label: The name in messages.
        url: The URL of the API, or of the host.
        token: "" for none; appears in a request header only.
        token_setting: The setting that has the token.
    """

    name: str
    label: str
    url: str
    token: str = ""
    token_setting: str

    def __repr__(self) -> str:
        """Leave out the token: representations end up in logs."""
        return f"<{self.name} at {self.url}>"


class HostClient:
    """Client of a host's API.

    Args:
        headers: Headers of each request.
        sleep: Sleeps for a number of seconds.
        now: Returns Unix seconds.
    """

    def __init__(
        self,
        service: ServiceClient,
        address: HostAddress,
        headers: Mapping[str, str],
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.base_url = address.url.rstrip("/")
        self.headers = headers
        self.address = address
        self._service = service
        self._sleep = sleep
        self._now = now

    def with_headers(self, headers: Mapping[str, str]) -> "HostClient":
        """Return a client of the same host that sends these headers instead."""
        return HostClient(self._service, self.address, headers, sleep=self._sleep, now=self._now)

    def send_with_retries(
        self, request: Request, *, max_attempts: int = MAX_ATTEMPTS, retries_timeouts: bool = True
    ) -> Response:
        """Send a request with retries; raise `Transient` without a response.

        Args:
            retries_timeouts: False if the caller sends a smaller request after a timeout.
        """
        for attempt in range(1, max_attempts):
            try:
                return self.send(request)
            except Transient as error:
                if isinstance(error, Timeout) and not retries_timeouts:
                    raise
                self.wait(error, attempt)
        return self.send(request)

    def send(self, request: Request) -> Response:
        """Send a request once and return its response.

        Raises:
            Invalid: For a token that the host rejects, or requires.
            LimitReached: For a rate limit.
            AccessRefused: If the host refuses access to the resource.
            Timeout: For a query that takes the host too long.
            Transient: If a retry may help.
            Unavailable: For all other errors.
        """
        response = self._service.send(request)
        if response.status == HTTPStatus.OK or (response.status in _RESOURCE_STATUSES and not request.must_exist):
            return response
        text = f"{request}: {_format_response(response)}"
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise Invalid(self._format_unauthorized(response))
        message = parse_message(response)
        self.check_limit(request, response, message=message)
        # A host gives a reason in JSON; a proxy or firewall on the way does not.
        if response.status == HTTPStatus.FORBIDDEN and message and not request.must_exist:
            raise AccessRefused(text)
        if response.status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT):
            raise Timeout(text)
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status == HTTPStatus.REQUEST_TIMEOUT:
            raise Transient(text)
        raise Unavailable(text)

    def check_limit(self, request: Request, response: Response, *, message: str, is_limited: bool = False) -> None:
        """Raise `LimitReached` for a response that reports a limit, by status, headers or message."""
        label = self.address.label
        mentions_limit = is_limited or "rate limit" in message.lower() or "abuse detection" in message.lower()
        retry_delay = parse_retry_after(response.headers.get("Retry-After", ""), self._now())
        is_used_up = _get_limit_header(response, "Remaining") == "0"
        is_refused = response.status in _LIMIT_STATUSES and (retry_delay is not None or is_used_up)
        if not (mentions_limit or is_refused or response.status == HTTPStatus.TOO_MANY_REQUESTS):
            return
        if retry_delay is not None:
            raise LimitReached(f"{request}: {label} demands a pause of {retry_delay:.0f} s", retry_after=retry_delay)
        if is_used_up:
            reset = _parse_seconds(_get_limit_header(response, "Reset")) or DEFAULT_PAUSE
            resets_at = reset if reset >= _MIN_TIMESTAMP else self._now() + reset
            moment = f"{datetime.fromtimestamp(resets_at, UTC):%H:%M} UTC"
            wait = max(resets_at - self._now(), 0.0) + 1.0  # clocks differ
            raise LimitReached(f"{request}: {label}'s rate limit is used up until {moment}", retry_after=wait)
        raise LimitReached(f"{request}: {label} demands a pause", retry_after=DEFAULT_PAUSE)

    def wait(self, error: Transient, failures: int) -> None:
        """Sleep before the next attempt; raise `PauseTooLong` if the host demands too long a pause.

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

    def _format_unauthorized(self, response: Response) -> str:
        text = f"{self.address.label} answers {_format_response(response)}"
        if self.address.token:
            return f"{self.address.token_setting} is not accepted: {text}"
        return f"{text}: set {self.address.token_setting}"


def fetch_one_by_one(
    refs: Iterable[RepositoryRef], fetch_result: Callable[[RepositoryRef], RepositoryResult]
) -> Iterator[Sequence[RepositoryResult]]:
    """Yield the results of repositories; raise `Unavailable` after several in a row without a response."""
    failures = 0
    for ref in refs:
        result = fetch_result(ref)
        yield [result]
        failures = failures + 1 if isinstance(result.outcome, Transient) else 0
        if failures == MAX_CONSECUTIVE_FAILURES:
            raise Unavailable(str(result.outcome))


def decode_response(decoder: Decoder[T], response: Response, label: str) -> T:
    """Decode a response about `label`; raise `Transient` for an unreadable one."""
    try:
        return decoder.decode(response.body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Transient(f"{label}: the response is not the expected JSON ({error})") from error


def parse_message(response: Response) -> str:
    """Return the message of an error response, "" without a readable one."""
    try:
        return _decoder.decode(response.body).message
    except (DecodeError, UnicodeDecodeError):
        return ""


def _format_response(response: Response) -> str:
    message = " ".join(parse_message(response).split())
    return f"{response.status} {message:.200}" if message else format_status(response.status)


def _get_limit_header(response: Response, name: str) -> str:
    return response.headers.get(f"X-RateLimit-{name}") or response.headers.get(f"RateLimit-{name}", "")


def _parse_seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
