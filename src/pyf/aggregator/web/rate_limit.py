"""Who comes in: requests that are too long or too many are refused before anything is asked of the index."""

import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_network
from math import ceil

from litestar.datastructures import Headers
from litestar.types import HTTPScope

from .problems import RequestRejected

# Characters of an address, and bytes of a body; there is nothing here to send a body to.
MAX_URL_LENGTH, MAX_BODY_SIZE = 8_000, 64 * 1024

# What costs nothing, and what must be answered whatever else is going on.
_UNLIMITED_PREFIXES = ("/static/", "/health")

# Clients that are remembered; who has not been seen for longest starts anew.
_MAX_CLIENTS = 10_000

_SECONDS_PER_MINUTE = 60


class RequestLimiter:
    """Refuses requests; `requests_a_minute` are a client's due, all at once if it likes, 0 for no limit.

    It lives in the event loop, so nobody else changes it meanwhile. `clock` runs in seconds.
    """

    def __init__(self, *, requests_per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = requests_per_minute
        self._clock = clock
        # By client: what is left of its due, and when that was counted.
        self._tokens: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def find_rejection(self, scope: HTTPScope) -> RequestRejected | None:
        """Return why a request is not answered, None for one that is."""
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL_LENGTH:
            return RequestRejected(
                HTTPStatus.REQUEST_URI_TOO_LONG, f"An address has {MAX_URL_LENGTH} characters at most."
            )
        length = Headers.from_scope(scope).get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > MAX_BODY_SIZE:
            return RequestRejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has {MAX_BODY_SIZE} bytes at most.")
        if not self._capacity or scope["path"].startswith(_UNLIMITED_PREFIXES):
            return None
        client = scope.get("client")
        wait = self._take_token(to_client_network(client[0]) if client else "")
        if not wait:
            return None
        return RequestRejected(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"{self._capacity} requests a minute are answered; go on in {wait} s.",
            headers={"retry-after": str(wait)},
        )

    def _take_token(self, client: str) -> int:
        """Count a request; return how many whole seconds its client has to wait, 0 for not at all."""
        now, refill_rate = self._clock(), self._capacity / _SECONDS_PER_MINUTE
        tokens, updated_at = self._tokens.pop(client, (float(self._capacity), now))
        tokens = min(float(self._capacity), tokens + (now - updated_at) * refill_rate)
        is_allowed = tokens >= 1
        self._tokens[client] = (tokens - 1 if is_allowed else tokens, now)
        if len(self._tokens) > _MAX_CLIENTS:
            self._tokens.popitem(last=False)
        return 0 if is_allowed else ceil((1 - tokens) / refill_rate)


def to_client_network(ip: str) -> str:
    """Return what addresses of one client have in common: of IP version 6 anybody has 2 to the 64 to choose from."""
    if ":" not in ip:
        return ip
    try:
        ipv6 = IPv6Address(ip.partition("%")[0])
        # Who listens to both versions calls clients of version 4 so: each of them is somebody.
        return str(ipv6.ipv4_mapped or ip_network((ipv6, 64), strict=False))
    except ValueError:  # a proxy may call its clients what it likes
        return ip
