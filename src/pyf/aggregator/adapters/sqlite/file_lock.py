"""Exclusive file locks, which the operating system releases when the process ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ...domain.errors import Unavailable

if sys.platform == "win32":
    import msvcrt

    def _lock_descriptor(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock_descriptor(descriptor: int) -> None:
        # Not `flock`: a forked child shares that lock and keeps it when its parent is killed.
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


# These locks belong to the process and do not exclude its other threads; this table does. Keys contain the process
# id, because a forked child inherits the table but not the locks.
_held_locks: dict[tuple[int, Path], object] = {}


@contextmanager
def hold_file_lock(path: Path, busy_message: str) -> Iterator[None]:
    """Hold the lock of a file, which is created if missing and never deleted.

    Raises:
        Unavailable: Immediately; with `busy_message` if another thread or process holds the lock.
    """
    key, token = (os.getpid(), path.resolve()), object()
    if _held_locks.setdefault(key, token) is not token:
        raise Unavailable(busy_message)
    try:
        with _open(path) as file:
            if not _try_lock(file):
                raise Unavailable(busy_message)
            yield
    finally:
        del _held_locks[key]


def _open(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")
    except OSError as error:
        raise Unavailable(f"can't open {path}: {error.strerror}") from error


def _try_lock(file: BinaryIO) -> bool:
    try:
        _lock_descriptor(file.fileno())
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        raise Unavailable(f"can't lock {file.name}: {error.strerror}") from error
    return True
