"""Token buckets of clients, which all processes of a server share."""

import logging
import sqlite3
import time
from collections.abc import Callable
from math import ceil
from weakref import finalize

# In memory, for a server of one process.
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

    def take_token(self, client: str) -> int:
        """Take a token; return 0, or the seconds until the next one is available.

        Returns 0 while the file can't be used: a full disk must not stop the server.
        """
        try:
            return self._take_token(client)
        except sqlite3.Error as error:
            _log.warning("requests are not limited: the limits can't be stored: %s", error)
            return 0

    def _take_token(self, client: str) -> int:
        refill_rate = self._capacity / _SECONDS_PER_MINUTE
        with self._connection:  # commits, or rolls back
            self._connection.execute("BEGIN IMMEDIATE")
            now = self._clock()
            query = "SELECT tokens, updated_at FROM buckets WHERE client = ?"
            tokens, updated_at = self._connection.execute(query, (client,)).fetchone() or (self._capacity, now)
            tokens = min(float(self._capacity), tokens + (now - updated_at) * refill_rate)
            is_allowed = tokens >= 1
            row = (client, tokens - 1 if is_allowed else tokens, now)
            self._connection.execute("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?)", row)
            self._taken_count += 1
            if self._taken_count % _DELETION_INTERVAL == 0:
                self._connection.execute(_DELETE_OLD, (now - _SECONDS_PER_MINUTE, _MAX_CLIENTS))
        return 0 if is_allowed else ceil((1 - tokens) / refill_rate)
