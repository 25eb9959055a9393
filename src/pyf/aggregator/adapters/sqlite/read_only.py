"""Open SQLite files without creating or changing anything, also where this process has no write access."""

import os
import sqlite3
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ...domain.errors import Unavailable

# Results of opening a file with a log whose shared memory file this process can't create.
_NO_SHARED_MEMORY = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


class FileStamp(NamedTuple):
    """A state of a SQLite file; another one means that an immutable connection must not be used any more."""

    device: int
    inode: int
    modified: int
    size: int
    has_log: bool


class ImmutableConnection(sqlite3.Connection):
    """A connection that takes no locks and reads no log, because both need files beside the index."""

    stamp: FileStamp | None = None


def can_write(path: Path) -> bool:
    """Return whether this process may write a file or folder and create files beside it, or may create it."""
    if path.exists():
        return _has_write_access(path) and _has_write_access(path.parent)
    return _has_write_access(next((folder for folder in path.parents if folder.exists()), path))


def connect_existing(path: Path, timeout: float) -> sqlite3.Connection:
    """Open a file that exists, for reading.

    Raises:
        Unavailable: The file has a log that this process can't read.
    """
    if can_write(path):
        return _connect(path, "mode=rw", timeout)
    connection = _connect(path, "mode=ro", timeout)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return connection
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF not in _NO_SHARED_MEMORY:
            raise
    if has_log(path):
        raise Unavailable(
            f"{path} has changes in its log {path.name}-wal, which only a user who may write to its folder can read"
        )
    connection = _connect(path, "mode=ro&immutable=1", timeout)
    assert isinstance(connection, ImmutableConnection)
    connection.stamp = read_stamp(path)
    return connection


def is_outdated(connection: sqlite3.Connection, path: Path) -> bool:
    """Return whether a file has changed behind an immutable connection."""
    return isinstance(connection, ImmutableConnection) and connection.stamp not in (None, read_stamp(path))


def _has_write_access(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def has_log(path: Path) -> bool:
    """Return whether changes to a file are in its write-ahead log."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def read_stamp(path: Path) -> FileStamp | None:
    """Return the state of a file; None if it can't be read."""
    try:
        stat = path.stat()
        return FileStamp(stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size, has_log(path))
    except OSError:
        return None


def _connect(path: Path, parameters: str, timeout: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{parameters}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
        factory=ImmutableConnection,
    )
