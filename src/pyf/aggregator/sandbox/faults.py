"""Faults that a test orders from a local service, before it looks at what the client makes of them.

Faults on the wire: what a client sees when a registry, a proxy or a cable is not at its best.
"""

import asyncio
import socket
import struct
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from random import Random
from threading import Lock

from aiohttp import web

from .responses import PreparedResponse


class FaultKind(StrEnum):
    """How an answer goes wrong."""

    FORBIDDEN = "403"
    NOT_FOUND = "404"
    TOO_MANY_REQUESTS = "429"
    INTERNAL_SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    TIMEOUT = "timeout"
    """Nothing comes, for as long as the client waits."""
    RESET = "reset"
    """The connection is reset (RST) instead of answered."""
    TRUNCATED = "half"
    """The connection ends in the middle of the body."""
    MALFORMED = "broken"
    """The whole answer comes, and it is no JSON or XML."""
    EMPTY = "empty"
    """200 without a body."""
    HTML = "html"
    """200 with a page that says sorry."""
    OVERSIZED = "huge"
    """A body without end."""
    REDIRECT = "redirect"
    """302 to `location`, or to the very same address."""
    SLOW = "slow"
    """The right answer, a little of it every `pause` seconds."""
    EMPTY_BROWSE = "empty_browse"
    """No project carries the classifier."""
    STALE = "stale"
    """The project as it was before its last change."""
    THROTTLED = "throttled"
    """XML-RPC's own way to say 429: status 200 and a fault."""
    ERROR_MID_BODY = "midway"
    """ClickHouse's way to fail when the answer has begun: status 200, half a body, and what went wrong as text."""
    SECONDARY_LIMIT = "secondary_limit"
    """GitHub's way to say that requests come too fast: status 403 and a message."""
    SECONDARY_LIMIT_200 = "secondary_limit_200"
    """The same with status 200, as GraphQL may say it."""
    RESOURCE_LIMITS = "resource_limits"
    """GraphQL answers the first half of a query, and says that the rest was too much."""
    PARTIAL = "left_out"
    """GraphQL answers the first half of a query, and says that something went wrong."""


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
    """When the client may come back, in seconds from now, told in seconds or as an HTTP date."""

    seconds: float
    as_date: bool = False

    def to_header(self) -> str:
        if not self.as_date:
            return f"{self.seconds:.0f}"
        return format_datetime(datetime.now(UTC) + timedelta(seconds=self.seconds), usegmt=True)


@dataclass(frozen=True, slots=True)
class Fault:
    """One order: what goes wrong, for which requests, how often.

    `request` is a request's kind and `project` a normalised name; "" means any. `times` is how many requests it
    strikes, None means until it is cleared. `probability` leaves some out, by the seed given to `Faults`.
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
        """Whether it is meant for such a request."""
        request_kinds = _REQUEST_KINDS.get(FaultKind(self.kind))
        if request_kinds is not None and request not in request_kinds:
            return False
        return self.request in ("", request) and self.project in ("", project)


class Faults:
    """The standing orders. The first that fits a request strikes it. Thread-safe."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)  # noqa: S311 - chance, no secret
        self._lock = Lock()
        self._planned: list[tuple[Fault, Counter[str]]] = []
        self.hits: Counter[str] = Counter()
        """How many requests were struck, by kind of fault."""

    def add(self, *faults: Fault) -> None:
        """Order faults, to come after those that stand."""
        with self._lock:
            self._planned += [(fault, Counter()) for fault in faults]

    def clear(self) -> None:
        """Take back all orders."""
        with self._lock:
            self._planned = []

    def next_fault(self, request: str, project: str = "") -> Fault | None:
        """Return the fault that a request meets, None for a request that is answered as it should be."""
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
    """Answer a request wrongly; `right` is what it should have got."""
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
        # Lingering for no time at all makes the kernel send RST instead of FIN.
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
