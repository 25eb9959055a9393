"""Says in one line, with the path, what is wrong with a SQLite file, and what the caller can do about it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import DecodeError

from ...domain.errors import Invalid, Unavailable

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
