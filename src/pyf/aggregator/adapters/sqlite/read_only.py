"""Open SQLite files without creating or changing anything, also where this process has no write access."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

from ...domain.errors import Unavailable

# Results of opening a file with a log whose shared memory file this process can't create.
_NO_SHARED_MEMORY = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


# Device and inode.
FileId: TypeAlias = tuple[int, int]


class FileStamp(NamedTuple):
    """A state of a SQLite file; another one means that an immutable connection must not be used any more."""

    device: int
    inode: int
    modified: int
    size: int
    has_log: bool


class FileConnection(sqlite3.Connection):
    """A connection that knows which file it has opened.

    Attributes:
        file: Identity of the file; None for an empty database without one.
        log: Identity of its write-ahead log.
        stamp: State of the file, if the connection takes no locks and reads no log, because both need files beside it.
    """

    file: FileId | None = None
    log: FileId | None = None
    stamp: FileStamp | None = None


def can_write(path: Path) -> bool:
    """Return whether this process may write a file or folder and create files beside it, or may create it."""
    if path.exists():
        return _has_write_access(path) and _has_write_access(path.parent)
    return _has_write_access(next((folder for folder in path.parents if folder.exists()), path))


def connect_file(path: Path, timeout: float) -> "FileConnection":
    """Open a file for reading and writing; create it if it is missing, for this user only: it holds hashes of keys."""
    # Never open a file that exists: closing it would release the locks of this process's other connections (POSIX locks
    # belong to the process), and a second writer would then damage the file.
    with suppress(OSError):  # it exists, or SQLite reports the reason
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    return _connect(path, "mode=rwc", timeout)


def connect_empty() -> "FileConnection":
    """Open an empty database without a file."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, factory=FileConnection)
    assert isinstance(connection, FileConnection)
    return connection


def connect_existing(path: Path, timeout: float) -> "FileConnection":
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
    connection.stamp = read_stamp(path)
    return connection


def is_outdated(connection: "FileConnection", path: Path) -> bool:
    """Return whether a connection reads another file than the one at this path, or a state that has passed."""
    if connection.file != get_file_id(path):
        return True
    return connection.stamp is not None and connection.stamp != read_stamp(path)


def remove_foreign_log(connection: "FileConnection", path: Path) -> None:
    """Delete the log of a replaced or deleted file, which SQLite would take for that of the next one.

    A log that was written after the replacement belongs to the new file.
    """
    log = get_log_path(path)
    if connection.log is None or get_file_id(log) != connection.log:
        return
    with suppress(OSError):
        if not path.exists() or log.stat().st_mtime_ns < path.stat().st_ctime_ns:
            log.unlink()
            path.with_name(f"{path.name}-shm").unlink(missing_ok=True)


def get_file_id(path: Path) -> FileId | None:
    """Return the identity of a file; None if it can't be read."""
    try:
        stat = path.stat()
        return stat.st_dev, stat.st_ino
    except OSError:
        return None


def get_log_path(path: Path) -> Path:
    """Return the write-ahead log of a file."""
    return path.with_name(f"{path.name}-wal")


def _has_write_access(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def has_log(path: Path) -> bool:
    """Return whether changes to a file are in its write-ahead log."""
    log = get_log_path(path)
    return log.exists() and log.stat().st_size > 0


def read_stamp(path: Path) -> FileStamp | None:
    """Return the state of a file; None if it can't be read."""
    try:
        stat = path.stat()
        return FileStamp(stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size, has_log(path))
    except OSError:
        return None


def _connect(path: Path, parameters: str, timeout: float) -> FileConnection:
    file = get_file_id(path)  # before it may be replaced
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{parameters}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
        factory=FileConnection,
    )
    assert isinstance(connection, FileConnection)
    connection.file = file or get_file_id(path)
    return connection
