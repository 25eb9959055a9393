"""SQLite file shared by threads and processes: connections, transactions, log size and error messages.

Measured: transactions that start as readers and write later often fail with "database is locked", those that start
with `BEGIN IMMEDIATE` never; a log that is not truncated grows without limit while readers are active.

Collections are looked up inside the transaction that uses them, so that no alias changes in between. The operating
system releases file locks when the process ends.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from msgspec import DecodeError
from msgspec.json import encode

from ...domain.errors import Invalid, Locked, NotFound, Unavailable
from ..encoding import replace_surrogates
from .migrations import MIGRATIONS, enable_wal, is_current, migrate
from .read_only import (
    FileConnection,
    can_write,
    connect_empty,
    connect_existing,
    connect_file,
    get_file_id,
    get_log_path,
    is_outdated,
    remove_foreign_log,
)

# Another process holds a lock; PROTOCOL if many processes recover a log at the same time.
_BUSY_CODES = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)

_UNAVAILABLE_REASONS = dict.fromkeys(_BUSY_CODES, "is in use: other processes locked it for too long") | {
    sqlite3.SQLITE_FULL: "can't be written: the disk is full",
    sqlite3.SQLITE_READONLY: "can't be written: the file or its folder is read-only",
    sqlite3.SQLITE_CANTOPEN: "can't be opened: is it a file, and may this user read and write it and its folder?",
    sqlite3.SQLITE_PERM: "can't be opened: permission denied",
    sqlite3.SQLITE_IOERR: "can't be read or written: the disk failed or is full",
}

_INVALID_REASONS = {
    sqlite3.SQLITE_NOTADB: "is not a SQLite database",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore it from a backup, or move it away and fetch again",
}


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether the file was locked by other processes, so that a retry may succeed."""
    return _get_primary_code(error) in _BUSY_CODES


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Map errors of the file to `Unavailable` or `Invalid`, with its path; programming errors pass unchanged."""
    try:
        yield
    except sqlite3.Error as error:
        if reason := _UNAVAILABLE_REASONS.get(_get_primary_code(error)):
            raise Unavailable(f"{path} {reason}") from error
        if reason := _INVALID_REASONS.get(_get_primary_code(error)):
            raise Invalid(f"{path} {reason}") from error
        raise
    except DecodeError as error:
        raise Invalid(f"{path} contains data that this version of the program can't read ({error})") from error


def to_json_array(names: Iterable[str]) -> str:
    """Return names as a JSON array, the argument of `json_each`."""
    return encode(list(names)).decode()


def _get_primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, MISUSE for errors of the Python module."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)) & 0xFF


Result = TypeVar("Result")

# Seconds between two attempts of operations for which SQLite does not wait by itself.
_BUSY_RETRY_INTERVAL = 0.02

# Bytes of a page of a new file. Most documents need several pages of the default size, and each page of a transaction
# has its price: with this one, writing 100,000 packages takes a quarter less CPU time.
_PAGE_BYTES = 16 * 1024

# The log is copied into the file and truncated above this size (bytes); readers get this time (ms) to finish.
_MAX_LOG_BYTES = 8 * 1024 * 1024
_READER_TIMEOUT_MS = 200

# Cache of one connection, in KiB: the indexes of 100,000 packages fit in it. Pages returned to the file system per
# transaction.
_CACHE_KIB = 32 * 1024
_PAGES_PER_TRANSACTION = 250


class Database:
    """A SQLite file with a write-ahead log, created if missing; safe for threads and forks.

    A committed transaction survives a power cut (`synchronous=FULL`: one fsync per transaction). Failures raise
    `Unavailable`, or `Invalid` for a file that is damaged, too new or of another program; messages contain the path.

    Args:
        busy_timeout: Seconds that a transaction waits for other processes.
        must_exist: Never create the file, and open it without write access where this process has none.
        missing_is_empty: Read a file that must exist, and is missing, as an empty one.
    """

    def __init__(
        self,
        path: Path,
        *,
        busy_timeout: float = 60.0,
        migrations: tuple[tuple[str, ...], ...] = MIGRATIONS,
        must_exist: bool = False,
        missing_is_empty: bool = False,
    ) -> None:
        self.path = path
        self._must_exist = must_exist
        self._missing_is_empty = missing_is_empty
        self._busy_timeout = busy_timeout
        self._migrations = migrations
        self._next_wait_size = _MAX_LOG_BYTES
        # By process: a forked child must neither use nor close its parent's connections.
        self._idle_connections: dict[int, list[FileConnection]] = {}

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Provide a connection with a consistent snapshot of the file.

        Keep it short, and never across a `yield`: the log cannot be truncated while a reader is active.
        """
        with self._transaction("BEGIN") as connection:
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Provide the only connection that may write; commit if the block succeeds."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection
            connection.execute("COMMIT")
            self._truncate_log(connection)

    @contextmanager
    def writing_relaxed(self) -> Iterator[sqlite3.Connection]:
        """Do as `writing`, without waiting for the disk: a power cut may lose the last transactions.

        For data that can be computed again, which a run writes in hundreds of small transactions.
        """
        with self._transaction("BEGIN IMMEDIATE", synchronous="NORMAL") as connection:
            yield connection
            connection.execute("COMMIT")
            connection.execute("PRAGMA synchronous = FULL")
            self._truncate_log(connection)

    def vacuum(self) -> None:
        """Return free pages to the file system, in steps between which other processes can write."""
        with self.reading() as connection:
            (free_pages,) = connection.execute("PRAGMA freelist_count").fetchone()
        for _ in range(0, free_pages, _PAGES_PER_TRANSACTION):
            with self.writing() as connection:
                # Python stops this statement after its first step, so it frees one page, whatever the argument.
                for _ in range(_PAGES_PER_TRANSACTION):
                    connection.execute("PRAGMA incremental_vacuum(1)")

    def close(self) -> None:
        """Close all idle connections; the last connection of all processes removes the log."""
        with translate_errors(self.path):
            while connections := self._idle_connections.get(os.getpid()):
                connections.pop().close()

    @contextmanager
    def _transaction(self, statement: str, *, synchronous: str = "FULL") -> Iterator[sqlite3.Connection]:
        with translate_errors(self.path):
            connections = self._idle_connections.setdefault(os.getpid(), [])
            connection = self._take_connection(connections)
            try:
                if synchronous != "FULL":
                    connection.execute(f"PRAGMA synchronous = {synchronous}")
                self._begin(connection, statement)
                connection.log = connection.log or get_file_id(get_log_path(self.path))
                yield connection
            except BaseException:
                # Closing rolls back, whatever state the failure has left the connection in.
                connection.close()
                raise
            connections.append(connection)

    def _take_connection(self, connections: list[FileConnection]) -> FileConnection:
        """Return an idle connection, or a new one; close those to a file that was replaced or deleted meanwhile."""
        while connections:
            with suppress(IndexError):  # another thread has taken the last one
                connection = connections.pop()
                if not is_outdated(connection, self.path):
                    return connection
                connection.close()
                if not connections and connection.file != get_file_id(self.path):
                    remove_foreign_log(connection, self.path)
        return self._connect_for_reading() if self._must_exist else self._connect()

    def _connect_for_reading(self) -> FileConnection:
        try:
            is_missing = not self.path.exists() or not self.path.stat().st_size
        except OSError as error:
            raise Unavailable(f"{self.path} can't be read: {error.strerror}") from error
        if is_missing and self._missing_is_empty:
            connection = connect_empty()
            migrate(connection, self._migrations)
            return connection
        if is_missing:
            raise Invalid(
                f"there is no index at {self.path}. Fill one with `pyf fetch -p PROFILE`, or correct SQLITE_PATH"
            )
        connection = connect_existing(self.path, self._busy_timeout)
        connection.execute("PRAGMA secure_delete = OFF")  # as in `_connect`
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        return connection

    def _connect(self) -> FileConnection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self.path.exists() or not self.path.stat().st_size
        except OSError as error:
            raise Unavailable(f"{self.path} can't be created: {error.strerror} ({error.filename})") from error
        connection = connect_file(self.path, self._busy_timeout)
        try:
            if is_new:
                # Effective only before the file is first read; needs write access.
                connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
                self._retry_while_busy(lambda: connection.execute("PRAGMA auto_vacuum = INCREMENTAL"))
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA wal_autocheckpoint = 0")  # `_truncate_log` does it
            # Some builds of SQLite overwrite deleted data, which doubles the writes; nothing here is secret.
            connection.execute("PRAGMA secure_delete = OFF")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin(self, connection: sqlite3.Connection, statement: str) -> None:
        """Start a transaction on the current schema; migrate the file if needed."""
        try:
            while not self._begin_and_check_schema(connection, statement):
                connection.execute("ROLLBACK")
                if self._must_exist and not can_write(self.path):
                    raise Unavailable("its format is older: run `pyf collection list` as a user who may write it")
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
        """Retry while the file is busy: SQLite does not wait when it opens a new file or recovers one."""
        deadline = time.monotonic() + self._busy_timeout
        while True:
            try:
                return attempt()
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_BUSY_RETRY_INTERVAL)

    def _truncate_log(self, connection: sqlite3.Connection) -> None:
        """Truncate a large log; if a reader prevents it, the next transactions try again."""
        log = self.path.with_name(f"{self.path.name}-wal")
        size = log.stat().st_size if log.exists() else 0
        if size < _MAX_LOG_BYTES:
            return
        # Waiting for readers blocks writers, so it happens only after the log has grown by the same size again.
        wait = _READER_TIMEOUT_MS if size >= self._next_wait_size else 0
        connection.execute(f"PRAGMA busy_timeout = {wait}")
        # A failure here loses nothing: the transaction is committed, and a full disk is reported by the next write.
        with suppress(sqlite3.OperationalError):
            (in_use, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if wait or not in_use:
                self._next_wait_size = (size if in_use else 0) + _MAX_LOG_BYTES
        connection.execute(f"PRAGMA busy_timeout = {int(self._busy_timeout * 1000)}")


@contextmanager
def hold_file_lock(path: Path, busy_message: str) -> Iterator[None]:
    """Hold the lock of a file, which is created if missing and never deleted.

    Raises:
        Locked: Immediately, with `busy_message`, if another thread or process holds the lock.
        Unavailable: If the file can't be locked.
    """
    # Imported here: commands that lock nothing save 15 ms.
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Without `flock`, filelock's fallback is a marker file, which survives a killed process.
        lock = FileLock(path, timeout=0, fallback_to_soft=False)
        lock.acquire()
    except Timeout as error:
        raise Locked(busy_message) from error
    except OSError as error:
        raise Unavailable(f"can't lock {path}: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


_RESOLVE_NAME = """
    SELECT id, name FROM collections WHERE name = :name
    UNION ALL
    SELECT id, collections.name FROM aliases JOIN collections ON id = collection_id WHERE aliases.name = :name
"""


class CollectionRef(NamedTuple):
    """Id and name of a collection."""

    id: int
    name: str


def find_collection(connection: sqlite3.Connection, name: str) -> CollectionRef | None:
    """Return the collection of a name or alias, None if it does not exist."""
    row = connection.execute(_RESOLVE_NAME, {"name": replace_surrogates(name)}).fetchone()
    return row and CollectionRef(*row)


def require_collection(connection: sqlite3.Connection, name: str, path: Path) -> CollectionRef:
    """Return the collection of a name or alias; raise `NotFound` if it does not exist."""
    collection = find_collection(connection, name)
    if collection is None:
        raise NotFound(f"there is no collection {name} in {path}")
    return collection


def allocate_changes(connection: sqlite3.Connection, count: int) -> range:
    """Return numbers above all allocated before, in any collection."""
    connection.execute("UPDATE last_change SET number = number + ?", (count,))
    (last,) = connection.execute("SELECT number FROM last_change").fetchone()
    return range(last - count + 1, last + 1)
