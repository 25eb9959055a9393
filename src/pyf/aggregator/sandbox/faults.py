"""Faults and rate limits that tests inject into local services, to check how clients handle them."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from random import Random
from threading import Lock

from aiohttp import web

from .responses import PreparedResponse


class FaultKind(StrEnum):
    """The kind of a fault."""

    FORBIDDEN = "403"
    NOT_FOUND = "404"
    TOO_MANY_REQUESTS = "429"
    INTERNAL_SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    TIMEOUT = "timeout"
    """No response, as long as the client waits."""
    RESET = "reset"
    """The connection is reset (RST) instead of a response."""
    TRUNCATED = "half"
    """The connection ends in the middle of the body."""
    MALFORMED = "broken"
    """The complete response is neither JSON nor XML."""
    EMPTY = "empty"
    """200 without a body."""
    HTML = "html"
    """200 with an HTML error page."""
    OVERSIZED = "huge"
    """A body without end."""
    REDIRECT = "redirect"
    """302 to `location`, or to the same URL."""
    SLOW = "slow"
    """The correct response, in small pieces every `pause` seconds."""
    EMPTY_BROWSE = "empty_browse"
    """No project has the classifier."""
    STALE = "stale"
    """The project as it was before its last change."""
    THROTTLED = "throttled"
    """XML-RPC's equivalent of status 429: status 200 and a fault."""
    ERROR_MID_BODY = "midway"
    """ClickHouse's failure after the response has started: status 200, half a body, and the error as text."""
    SECONDARY_LIMIT = "secondary_limit"
    """GitHub's secondary rate limit: status 403 and a message."""
    SECONDARY_LIMIT_200 = "secondary_limit_200"
    """The same with status 200, as GraphQL may report it."""
    RESOURCE_LIMITS = "resource_limits"
    """GraphQL returns the first half of a query, and reports that the rest exceeds its limits."""
    PARTIAL = "left_out"
    """GraphQL returns the first half of a query, and reports an error."""


_REQUEST_KINDS = {
    FaultKind.EMPTY_BROWSE: ("browse",),
    FaultKind.STALE: ("project",),
    FaultKind.THROTTLED: ("browse", "changelog", "last_serial"),
    FaultKind.ERROR_MID_BODY: ("query",),
    FaultKind.SECONDARY_LIMIT: ("graphql", "repository", "pulls"),
    FaultKind.SECONDARY_LIMIT_200: ("graphql",),
    FaultKind.RESOURCE_LIMITS: ("graphql",),
    FaultKind.PARTIAL: ("graphql",),
}


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Retry-After in seconds from now, written in seconds or as an HTTP date."""

    seconds: float
    as_date: bool = False

    def to_header(self) -> str:
        if not self.as_date:
            return f"{self.seconds:.0f}"
        return format_datetime(datetime.now(UTC) + timedelta(seconds=self.seconds), usegmt=True)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, the requests that it affects, and how often.

    Attributes:
        request: The kind of the request, "" for any.
        project: A normalized name, "" for any.
        times: How many requests it affects; None for all until it is cleared.
        probability: The fraction of affected requests, chosen with the seed of `Faults`.
    """

    kind: FaultKind | str
    request: str = ""
    project: str = ""
    times: int | None = None
    probability: float = 1.0
    retry_after: RetryAfter | None = None
    location: str = ""
    pause: float = 0.05

    def __post_init__(self) -> None:
        FaultKind(self.kind)

    def applies_to(self, request: str, project: str) -> bool:
        """Return whether the fault affects a request."""
        request_kinds = _REQUEST_KINDS.get(FaultKind(self.kind))
        if request_kinds is not None and request not in request_kinds:
            return False
        return self.request in ("", request) and self.project in ("", project)


class Faults:
    """The active faults; the first one that matches a request affects it. Thread-safe."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)  # noqa: S311 - not a secret
        self._lock = Lock()
        self._planned: list[tuple[Fault, Counter[str]]] = []
        self.hits: Counter[str] = Counter()
        """Affected requests by kind of fault."""

    def add(self, *faults: Fault) -> None:
        """Add faults after the active ones."""
        with self._lock:
            self._planned += [(fault, Counter()) for fault in faults]

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._planned = []

    def next_fault(self, request: str, project: str = "") -> Fault | None:
        """Return the fault of a request, None for a correct response."""
        if not self._planned:
            return None
        with self._lock:
            for fault, uses in self._planned:
                if not fault.applies_to(request, project) or (fault.times is not None and uses["n"] >= fault.times):
                    continue
                if fault.probability < 1.0 and self._random.random() >= fault.probability:
                    continue
                uses["n"] += 1
                self.hits[str(fault.kind)] += 1
                return fault
        return None


ERROR_PAGE = b"<!doctype html><title>Sorry</title><h1>We are having a moment</h1>"
_CHUNK_COUNT = 20
_OVERSIZED_CHUNK = b" " * 65_536


async def respond_with_fault(
    fault: Fault, request: web.BaseRequest, correct_response: PreparedResponse
) -> web.StreamResponse:
    """Send a faulty response instead of `correct_response`."""
    match FaultKind(fault.kind):
        case FaultKind.TIMEOUT:
            await asyncio.Event().wait()
        case FaultKind.RESET:
            _reset_connection(request)
        case FaultKind.TRUNCATED:
            return await _send_truncated(request, correct_response)
        case FaultKind.MALFORMED:
            return web.Response(
                body=correct_response.body[: len(correct_response.body) // 2] or b"{", headers=correct_response.headers
            )
        case FaultKind.EMPTY:
            return web.Response(body=b"", headers=correct_response.headers)
        case FaultKind.HTML:
            return web.Response(body=ERROR_PAGE, content_type="text/html")
        case FaultKind.OVERSIZED:
            return await _send_oversized(request, correct_response)
        case FaultKind.SLOW:
            return await _send_slowly(request, correct_response, fault.pause)
        case FaultKind.REDIRECT:
            return web.Response(status=302, headers={"Location": fault.location or request.raw_path})
        case status if status.isdigit():
            headers = {"Retry-After": fault.retry_after.to_header()} if fault.retry_after else {}
            return web.Response(status=int(status), body=ERROR_PAGE, content_type="text/html", headers=headers)
    return correct_response.to_response(request.headers)


def _reset_connection(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is not None:
        # SO_LINGER with a timeout of 0 makes the kernel send RST instead of FIN.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()


async def _send_truncated(request: web.BaseRequest, correct_response: PreparedResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=correct_response.status, headers=correct_response.headers)
    response.content_length = max(len(correct_response.body), 2)
    await response.prepare(request)
    await response.write(correct_response.body[: response.content_length // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _send_oversized(request: web.BaseRequest, correct_response: PreparedResponse) -> web.StreamResponse:
    response = web.StreamResponse(headers=correct_response.headers)
    response.enable_chunked_encoding()
    await response.prepare(request)
    while request.transport is not None and not request.transport.is_closing():
        await response.write(_OVERSIZED_CHUNK)
    return response


async def _send_slowly(
    request: web.BaseRequest, correct_response: PreparedResponse, pause: float
) -> web.StreamResponse:
    response = web.StreamResponse(status=correct_response.status, headers=correct_response.headers)
    response.content_length = len(correct_response.body)
    await response.prepare(request)
    step = max(len(correct_response.body) // _CHUNK_COUNT, 1)
    for start in range(0, len(correct_response.body), step):
        await response.write(correct_response.body[start : start + step])
        await asyncio.sleep(pause)
    return response


@dataclass(slots=True)
class RateLimit:
    """A limit of requests per period; the first request after a period starts the next one.

    Attributes:
        period: Seconds.
        retry_after: Sent to rejected clients, unless None.
        additional: Another limit that requests must be within.
    """

    requests: int
    period: float = 1.0
    retry_after: RetryAfter | None = None
    additional: "RateLimit | None" = None
    _period_start: float = field(default=float("-inf"), init=False)
    _request_count: int = field(default=0, init=False)

    def acquire(self, now: float) -> bool:
        """Count a request made at `now` (monotonic seconds); return whether it is within the limit."""
        if now - self._period_start >= self.period:
            self._period_start, self._request_count = now, 0
        self._request_count += 1
        return (self.additional is None or self.additional.acquire(now)) and self._request_count <= self.requests


@dataclass
class HourlyQuota:
    """Points that clients may spend until `resets_at` (Unix seconds); tests may set `remaining` at any time."""

    resource: str
    limit: int
    clock: Callable[[], float]
    window: float = 3600.0

    def __post_init__(self) -> None:
        self.remaining = self.limit
        self.resets_at = int(self.clock() + self.window)

    def spend(self) -> bool:
        """Spend a point; return False if none was left."""
        self._reset_if_due()
        was_available = self.remaining > 0
        self.remaining -= was_available
        return was_available

    def to_headers(self) -> dict[str, str]:
        """Return the headers with the state of the quota."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Used": str(self.limit - self.remaining),
            "X-RateLimit-Reset": str(self.resets_at),
            "X-RateLimit-Resource": self.resource,
        }

    def to_dict(self) -> dict[str, int]:
        """Return the quota in the format of `/rate_limit`."""
        self._reset_if_due()
        fields = {"limit": self.limit, "used": self.limit - self.remaining, "remaining": self.remaining}
        return fields | {"reset": self.resets_at}

    def _reset_if_due(self) -> None:
        if self.clock() >= self.resets_at:
            self.remaining, self.resets_at = self.limit, int(self.clock() + self.window)
