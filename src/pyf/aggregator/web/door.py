"""Who comes in: requests that are too long or too many are refused before anything is asked of the index."""

import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_network
from math import ceil

from litestar.datastructures import Headers
from litestar.types import HTTPScope

from .failures import Refused

# Characters of an address, and bytes of a body; there is nothing here to send a body to.
LONGEST_ADDRESS, LONGEST_BODY = 8_000, 64 * 1024

# What costs nothing, and what must be answered whatever else is going on.
_FREE = ("/static/", "/health")

# Clients that are remembered; who has not been seen for longest starts anew.
_MOST_CLIENTS = 10_000

_MINUTE = 60


class Door:
    """Refuses requests; `requests_a_minute` are a client's due, all at once if it likes, 0 for no limit.

    It lives in the event loop, so nobody else changes it meanwhile. `clock` runs in seconds.
    """

    def __init__(self, *, requests_a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._due = requests_a_minute
        self._clock = clock
        # By client: what is left of its due, and when that was counted.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def refusal(self, scope: HTTPScope) -> Refused | None:
        """Return why a request is not answered, None for one that is."""
        if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
            return Refused(HTTPStatus.REQUEST_URI_TOO_LONG, f"An address has {LONGEST_ADDRESS} characters at most.")
        length = Headers.from_scope(scope).get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > LONGEST_BODY:
            return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has {LONGEST_BODY} bytes at most.")
        if not self._due or scope["path"].startswith(_FREE):
            return None
        client = scope.get("client")
        wait = self._wait(_household(client[0]) if client else "")
        if not wait:
            return None
        return Refused(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"{self._due} requests a minute are answered; go on in {wait} s.",
            headers={"retry-after": str(wait)},
        )

    def _wait(self, client: str) -> int:
        """Count a request; return how many whole seconds its client has to wait, 0 for not at all."""
        now, pace = self._clock(), self._due / _MINUTE
        left, counted = self._left.pop(client, (float(self._due), now))
        left = min(float(self._due), left + (now - counted) * pace)
        is_due = left >= 1
        self._left[client] = (left - 1 if is_due else left, now)
        if len(self._left) > _MOST_CLIENTS:
            self._left.popitem(last=False)
        return 0 if is_due else ceil((1 - left) / pace)


def _household(address: str) -> str:
    """Return what addresses of one client have in common: of IP version 6 anybody has 2 to the 64 to choose from."""
    if ":" not in address:
        return address
    try:
        known = IPv6Address(address.partition("%")[0])
        # Who listens to both versions calls clients of version 4 so: each of them is somebody.
        return str(known.ipv4_mapped or ip_network((known, 64), strict=False))
    except ValueError:  # a proxy may call its clients what it likes
        return address
