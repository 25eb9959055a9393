"""Says in one line, with the path, what is wrong with a SQLite file, and what the caller can do about it.

One SQLite file that threads and processes share: its connections, its transactions and the size of its log.

Measured: transactions that begin as readers and want to write later fail with "database is locked" by the thousand,
those that begin with `BEGIN IMMEDIATE` never; a log that nobody truncates grows without end while anybody reads.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from msgspec import DecodeError

from ...domain.errors import Invalid, Unavailable
from .migrations import MIGRATIONS, enable_wal, is_current, migrate

# What a lock in another process's hands shows as; the last one where many recover a log at the same time.
_BUSY_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)

_UNAVAILABLE_REASONS = dict.fromkeys(_BUSY_CODES, "is in use: other processes held it for too long") | {
    sqlite3.SQLITE_FULL: "can't be written: the disk is full",
    sqlite3.SQLITE_READONLY: "can't be written: the file or its folder is read-only",
    sqlite3.SQLITE_CANTOPEN: "can't be opened: is it a file, and may this user read and write it and its folder?",
    sqlite3.SQLITE_PERM: "can't be opened: this user may not",
    sqlite3.SQLITE_IOERR: "can't be read or written: the disk failed or is full",
}

_INVALID_REASONS = {
    sqlite3.SQLITE_NOTADB: "is not a SQLite database",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore it from a backup, or move it away and fetch again",
}


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether others had the file locked, so that a later attempt may succeed."""
    return _get_primary_code(error) in _BUSY_CODES


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite or the system say of the file into `Unavailable` or `Invalid`; our own mistakes pass."""
    try:
        yield
    except sqlite3.Error as error:
        if reason := _UNAVAILABLE_REASONS.get(_get_primary_code(error)):
            raise Unavailable(f"{path} {reason}") from error
        if reason := _INVALID_REASONS.get(_get_primary_code(error)):
            raise Invalid(f"{path} {reason}") from error
        raise
    except DecodeError as error:
        raise Invalid(f"{path} holds something that this version of the program can't read ({error})") from error


def _get_primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code; errors of the Python module itself have none."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)) & 0xFF


Result = TypeVar("Result")

# Seconds between two attempts where SQLite does not wait by itself.
_BUSY_RETRY_INTERVAL = 0.02

# From this size on (bytes) the log is copied into the file and emptied; readers are waited for so long (ms).
_MAX_LOG_BYTES = 8 * 1024 * 1024
_READER_TIMEOUT_MS = 200

# What a connection may keep in memory, in KiB, and how many pages are given back in one transaction.
_CACHE_KIB = 4 * 1024
_PAGES_PER_TRANSACTION = 1000


class Database:
    """A SQLite file with a write-ahead log, made where it is missing; safe to share between threads and over forks.

    A transaction that has ended is on disk, and outlives a power cut (`synchronous=FULL`: one fsync a transaction).
    `patience` is how many seconds a transaction waits for others. Every failure of the file is `Unavailable` or, for
    a file that is damaged, newer than the program or not ours, `Invalid`; both name the path.
    """

    def __init__(
        self, path: Path, *, busy_timeout: float = 60.0, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS
    ) -> None:
        self.path = path
        self._busy_timeout = busy_timeout
        self._migrations = migrations
        self._next_wait_size = _MAX_LOG_BYTES
        # By process: after a fork the parent's connections must be neither used nor closed here.
        self._idle_connections: dict[int, list[sqlite3.Connection]] = {}

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees one state of the file throughout.

        Leave it soon, and never across a `yield`: as long as anybody reads, the log can't be emptied.
        """
        with self._transaction("BEGIN") as connection:
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the one connection that may write now; what was written is kept if the block ends without an error."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection
            connection.execute("COMMIT")
            self._truncate_log(connection)

    @contextmanager
    def writing_relaxed(self) -> Iterator[sqlite3.Connection]:
        """Do as `writing` does for what can be made again: a power cut may take the last of it, nothing else may.

        Hundreds of small transactions a run would otherwise wait for the disk hundreds of times.
        """
        with self._transaction("BEGIN IMMEDIATE", synchronous="NORMAL") as connection:
            yield connection
            connection.execute("COMMIT")
            connection.execute("PRAGMA synchronous = FULL")
            self._truncate_log(connection)

    def vacuum(self) -> None:
        """Return to the file system what deletions have freed, in steps that others can write between."""
        with self.reading() as connection:
            (free_pages,) = connection.execute("PRAGMA freelist_count").fetchone()
        for _ in range(0, free_pages, _PAGES_PER_TRANSACTION):
            with self.writing() as connection:
                # Python ends this statement at its first step, so it gives back one page, whatever it is asked for.
                for _ in range(_PAGES_PER_TRANSACTION):
                    connection.execute("PRAGMA incremental_vacuum(1)")

    def close(self) -> None:
        """Close the connections that nobody uses; the last one of all processes to close removes the log."""
        with translate_errors(self.path):
            while connections := self._idle_connections.get(os.getpid()):
                connections.pop().close()

    @contextmanager
    def _transaction(self, statement: str, *, synchronous: str = "FULL") -> Iterator[sqlite3.Connection]:
        with translate_errors(self.path):
            connections = self._idle_connections.setdefault(os.getpid(), [])
            try:
                connection = connections.pop()
            except IndexError:
                connection = self._connect()
            try:
                if synchronous != "FULL":
                    connection.execute(f"PRAGMA synchronous = {synchronous}")
                self._begin(connection, statement)
                yield connection
            except BaseException:
                # Closing takes the transaction back, in whatever state the failure has left the connection.
                connection.close()
                raise
            connections.append(connection)

    def _connect(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self.path.exists() or not self.path.stat().st_size
        except OSError as error:
            raise Unavailable(f"{self.path} can't be made: {error.strerror} ({error.filename})") from error
        connection = sqlite3.connect(
            self.path, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
        )
        try:
            if is_new:
                # It takes effect before anything of the file is read, and needs the right to write.
                self._retry_while_busy(lambda: connection.execute("PRAGMA auto_vacuum = INCREMENTAL"))
            connection.execute("PRAGMA synchronous = FULL")
            # Some systems build SQLite to overwrite what is deleted; nothing in here is secret, and it costs twice
            # the writing.
            connection.execute("PRAGMA secure_delete = OFF")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin(self, connection: sqlite3.Connection, statement: str) -> None:
        """Start a transaction on a file of the present form; another process may have changed the form meanwhile."""
        try:
            while not self._begin_and_check_schema(connection, statement):
                connection.execute("ROLLBACK")
                self._retry_while_busy(lambda: enable_wal(connection))
                self._retry_while_busy(lambda: connection.execute("BEGIN IMMEDIATE"))
                migrate(connection, self._migrations)
                connection.execute("COMMIT")
        except (Invalid, Unavailable) as error:
            raise type(error)(f"{self.path} can't be used: {error}") from error

    def _begin_and_check_schema(self, connection: sqlite3.Connection, statement: str) -> bool:
        def attempt() -> bool:
            if not connection.in_transaction:
                connection.execute(statement)
            return is_current(connection, self._migrations)

        return self._retry_while_busy(attempt)

    def _retry_while_busy(self, attempt: Callable[[], Result]) -> Result:
        """Repeat what finds the file busy: opening a new file and recovering one are not waited for by SQLite."""
        deadline = time.monotonic() + self._busy_timeout
        while True:
            try:
                return attempt()
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_BUSY_RETRY_INTERVAL)

    def _truncate_log(self, connection: sqlite3.Connection) -> None:
        """Empty a log that has grown; where a reader is in the way, the next transactions try again."""
        log = self.path.with_name(f"{self.path.name}-wal")
        size = log.stat().st_size if log.exists() else 0
        if size < _MAX_LOG_BYTES:
            return
        # Others can't write meanwhile: readers are waited for only when the log has grown by as much again.
        wait = _READER_TIMEOUT_MS if size >= self._next_wait_size else 0
        connection.execute(f"PRAGMA busy_timeout = {wait}")
        # What was committed is on disk, whatever becomes of this: a file that can't grow says so at the next write.
        with suppress(sqlite3.OperationalError):
            (in_use, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if wait or not in_use:
                self._next_wait_size = (size if in_use else 0) + _MAX_LOG_BYTES
        connection.execute(f"PRAGMA busy_timeout = {int(self._busy_timeout * 1000)}")
