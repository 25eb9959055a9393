"""Limits for requests: URL length, body size, and requests per minute and client. Checked before the index is read."""

import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_network
from math import ceil

from litestar.datastructures import Headers
from litestar.types import HTTPScope

from .problems import RequestRejected

# Characters of a URL, and bytes of a body; no handler reads a body.
MAX_URL_LENGTH, MAX_BODY_SIZE = 8_000, 64 * 1024

# Static files cost nothing; health checks must always be answered.
_UNLIMITED_PREFIXES = ("/static/", "/health")

# Beyond this count the client that was seen least recently is forgotten, and starts with full capacity.
_MAX_CLIENTS = 10_000

_SECONDS_PER_MINUTE = 60


class RequestLimiter:
    """Token bucket for each client network.

    Must be used from the event loop only: it has no lock.

    Args:
        requests_per_minute: capacity of a bucket, which may be used in one burst; 0 means no limit.
        clock: returns seconds.
    """

    def __init__(self, *, requests_per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = requests_per_minute
        self._clock = clock
        # By client: remaining tokens, and the time of this count.
        self._tokens: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def find_rejection(self, scope: HTTPScope) -> RequestRejected | None:
        """Return the reason to reject a request, None to accept it."""
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL_LENGTH:
            return RequestRejected(
                HTTPStatus.REQUEST_URI_TOO_LONG, f"The URL is too long; the limit is {MAX_URL_LENGTH} characters."
            )
        length = Headers.from_scope(scope).get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > MAX_BODY_SIZE:
            return RequestRejected(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is too large; the limit is {MAX_BODY_SIZE} bytes."
            )
        if not self._capacity or scope["path"].startswith(_UNLIMITED_PREFIXES):
            return None
        client = scope.get("client")
        wait = self._take_token(to_client_network(client[0]) if client else "")
        if not wait:
            return None
        return RequestRejected(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"Rate limit exceeded: {self._capacity} requests per minute. Retry in {wait} s.",
            headers={"retry-after": str(wait)},
        )

    def _take_token(self, client: str) -> int:
        """Take a token; return 0, or the seconds until the next one is available."""
        now, refill_rate = self._clock(), self._capacity / _SECONDS_PER_MINUTE
        tokens, updated_at = self._tokens.pop(client, (float(self._capacity), now))
        tokens = min(float(self._capacity), tokens + (now - updated_at) * refill_rate)
        is_allowed = tokens >= 1
        self._tokens[client] = (tokens - 1 if is_allowed else tokens, now)
        if len(self._tokens) > _MAX_CLIENTS:
            self._tokens.popitem(last=False)
        return 0 if is_allowed else ceil((1 - tokens) / refill_rate)


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
