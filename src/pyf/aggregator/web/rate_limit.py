"""Limits for requests, checked before the index is read: URL length, body size, and requests per minute and client."""

import logging
import re
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_network
from math import ceil
from typing import cast
from weakref import finalize

from litestar.datastructures import Headers
from litestar.types import HTTPReceiveMessage, HTTPScope, Receive

from .problems import RequestRejected

# Characters of a URL, and bytes of a body.
MAX_URL_LENGTH, MAX_BODY_SIZE = 8_000, 64 * 1024

# Bytes of a file for the upgrade check. Such a request counts as one for each `MAX_BODY_SIZE` bytes.
MAX_FILE_SIZE = 2_000_000
_UPLOAD_PATH = re.compile(r"/in/[^/]+/check")

# Static files cost nothing; health checks must always be answered.
_UNLIMITED_PREFIXES = ("/static/", "/health")

_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]*))(?::(?P<port>[0-9]{1,5}))?")
# What follows on the connection is not read: the rest of a body, or a hidden request.
_CLOSE = {"connection": "close"}

# Path of token buckets in memory, for a server of one process.
IN_MEMORY = ":memory:"

_SECONDS_PER_MINUTE = 60
# A bucket that was not used for a minute is full, like that of a new client. Above this count, the least recently used
# buckets are forgotten, too.
_MAX_CLIENTS = 10_000
# Requests between two deletions of such buckets.
_DELETION_INTERVAL = 1_000

_CREATE = (
    "CREATE TABLE IF NOT EXISTS buckets (client TEXT PRIMARY KEY, tokens REAL NOT NULL, updated_at REAL NOT NULL)",
    "CREATE INDEX IF NOT EXISTS buckets_by_time ON buckets (updated_at)",
)
_DELETE_OLD = """
    DELETE FROM buckets WHERE updated_at < max(?, coalesce(
        (SELECT updated_at FROM buckets ORDER BY updated_at DESC LIMIT 1 OFFSET ?), 0))
"""

_log = logging.getLogger(__name__)


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
    """Return whether a Host header is a name or an IP address, with an optional port."""
    match = _HOST.fullmatch(value)
    if match is None or not 0 < int(match["port"] or 80) < 65_536:
        return False
    try:
        return match["ipv6"] is None or bool(IPv6Address(match["ipv6"]))
    except ValueError:
        return False


def reject_body(max_size: int = MAX_BODY_SIZE) -> RequestRejected:
    """Return the rejection of a body that is too large, which is not read."""
    detail = f"The body is too large; the limit is {max_size} bytes."
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


class TokenBuckets:
    """A bucket of tokens for each client, in a SQLite file that processes share: 15 microseconds a token.

    Must be used by one thread at a time.

    Args:
        capacity: Tokens of a full bucket; as many are added per minute.
        path: A file on a local disk, which is created if missing; its loss only fills all buckets.
        clock: Returns seconds, equal in all processes.
    """

    def __init__(self, capacity: int, path: str = IN_MEMORY, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = capacity
        self._clock = clock
        self._taken_count = 0
        self._connection = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
        finalize(self, self._connection.close)
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = OFF", *_CREATE):
            self._connection.execute(statement)

    def take_tokens(self, client: str, count: int = 1) -> int:
        """Take tokens, at most a full bucket; return 0, or the seconds until they are available.

        Returns 0 while the file can't be used: a full disk must not stop the server.
        """
        try:
            return self._take_tokens(client, min(count, self._capacity))
        except sqlite3.Error as error:
            _log.warning("requests are not limited: the limits can't be stored: %s", error)
            return 0

    def _take_tokens(self, client: str, count: int) -> int:
        refill_rate = self._capacity / _SECONDS_PER_MINUTE
        with self._connection:  # commits, or rolls back
            self._connection.execute("BEGIN IMMEDIATE")
            now = self._clock()
            query = "SELECT tokens, updated_at FROM buckets WHERE client = ?"
            tokens, updated_at = self._connection.execute(query, (client,)).fetchone() or (self._capacity, now)
            tokens = min(float(self._capacity), tokens + (now - updated_at) * refill_rate)
            is_allowed = tokens >= count
            row = (client, tokens - count if is_allowed else tokens, now)
            self._connection.execute("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?)", row)
            self._taken_count += 1
            if self._taken_count % _DELETION_INTERVAL == 0:
                self._connection.execute(_DELETE_OLD, (now - _SECONDS_PER_MINUTE, _MAX_CLIENTS))
        return 0 if is_allowed else ceil((count - tokens) / refill_rate)


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
        # The form has fields beside the file.
        max_size = MAX_BODY_SIZE + MAX_FILE_SIZE * bool(_UPLOAD_PATH.fullmatch(scope["path"]))
        size = int(length[:20]) if length.isdecimal() else max_size + 1
        if size > max_size:
            return reject_body(max_size)
        if not self._capacity or scope["path"].startswith(_UNLIMITED_PREFIXES):
            return None
        client = scope.get("client")
        wait = self._buckets.take_tokens(to_client_network(client[0]) if client else "", 1 + size // MAX_BODY_SIZE)
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
