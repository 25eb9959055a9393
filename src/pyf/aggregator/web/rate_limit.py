"""Limits for requests: URL length, body size, and requests per minute and client. Checked before the index is read."""

import re
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_network
from typing import cast

from litestar.datastructures import Headers
from litestar.types import HTTPReceiveMessage, HTTPScope, Receive

from .problems import RequestRejected
from .token_buckets import IN_MEMORY, TokenBuckets

# Characters of a URL, and bytes of a body.
MAX_URL_LENGTH, MAX_BODY_SIZE = 8_000, 64 * 1024

# Static files cost nothing; health checks must always be answered.
_UNLIMITED_PREFIXES = ("/static/", "/health")

_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]*))(?::(?P<port>[0-9]{1,5}))?")
# What follows on the connection is not read: the rest of a body, or a hidden request.
_CLOSE = {"connection": "close"}


def _find_malformed(scope: HTTPScope) -> RequestRejected | None:
    """Return the rejection of a request that programs on the way may read in another way than this one."""
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if len(values) > 1 or not all(map(is_host, values)):
        return RequestRejected(HTTPStatus.BAD_REQUEST, "The Host header is invalid.", headers=_CLOSE)
    names = {name for name, _ in scope["headers"]}
    if {b"content-length", b"transfer-encoding"} <= names:
        detail = "A request has either Content-Length or Transfer-Encoding."
        return RequestRejected(HTTPStatus.BAD_REQUEST, detail, headers=_CLOSE)
    return None


def is_host(value: str) -> bool:
    """Tell whether a Host header is a name or an IP address, with an optional port."""
    match = _HOST.fullmatch(value)
    if match is None or not 0 < int(match["port"] or 80) < 65_536:
        return False
    try:
        return match["ipv6"] is None or bool(IPv6Address(match["ipv6"]))
    except ValueError:
        return False


def reject_body() -> RequestRejected:
    """Return the rejection of a body that is too large, which is not read."""
    detail = f"The body is too large; the limit is {MAX_BODY_SIZE} bytes."
    return RequestRejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, headers=_CLOSE)


async def buffer_body(scope: HTTPScope, receive: Receive) -> Receive | None:
    """Read a body of unknown length, and return a function that receives it again; None if it is too large."""
    if all(name != b"transfer-encoding" for name, _ in scope["headers"]):
        return receive
    messages: deque[HTTPReceiveMessage] = deque()
    size, has_more = 0, True
    while has_more:
        message = cast(HTTPReceiveMessage, await receive())
        messages.append(message)
        if message["type"] == "http.disconnect":
            break
        size, has_more = size + len(message["body"]), message["more_body"]
        if size > MAX_BODY_SIZE:
            return None

    async def receive_buffered() -> HTTPReceiveMessage:
        return messages.popleft() if messages else cast(HTTPReceiveMessage, await receive())

    return receive_buffered


class RequestLimiter:
    """Rejects requests that are malformed or too large, and those of clients above the rate limit.

    Must be used from the event loop only.

    Args:
        requests_per_minute: Requests of a client network, which may come in one burst; 0 means no limit.
        path: The file of the token buckets, which the processes of a server share.
    """

    def __init__(
        self, *, requests_per_minute: int, path: str = IN_MEMORY, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._capacity = requests_per_minute
        self._buckets = TokenBuckets(requests_per_minute, path, clock)

    def find_rejection(self, scope: HTTPScope) -> RequestRejected | None:
        """Return the reason to reject a request, None to accept it."""
        if (malformed := _find_malformed(scope)) is not None:
            return malformed
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL_LENGTH:
            return RequestRejected(
                HTTPStatus.REQUEST_URI_TOO_LONG, f"The URL is too long; the limit is {MAX_URL_LENGTH} characters."
            )
        length = Headers.from_scope(scope).get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > MAX_BODY_SIZE:
            return reject_body()
        if not self._capacity or scope["path"].startswith(_UNLIMITED_PREFIXES):
            return None
        client = scope.get("client")
        wait = self._buckets.take_token(to_client_network(client[0]) if client else "")
        if not wait:
            return None
        return RequestRejected(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"Rate limit exceeded: {self._capacity} requests per minute. Retry in {wait} s.",
            headers={"retry-after": str(wait)},
        )


def to_client_network(ip: str) -> str:
    """Return the network that identifies a client: an IPv6 client usually controls a whole /64."""
    if ":" not in ip:
        return ip
    try:
        ipv6 = IPv6Address(ip.partition("%")[0])
        # A dual-stack socket reports IPv4 clients as mapped addresses: they must not share one /64.
        return str(ipv6.ipv4_mapped or ip_network((ipv6, 64), strict=False))
    except ValueError:  # a proxy may send any text
        return ip
