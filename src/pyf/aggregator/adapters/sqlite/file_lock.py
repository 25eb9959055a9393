"""Lets one process of many hold a right for as long as it lives: what a killed one leaves behind holds nothing."""

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
        # Not `flock`: a child process would share that lock, and keep it when its parent is killed.
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


# These locks belong to a process, so they keep no thread of the same one out: what is held here is noted here.
# With the number of the process, for after a fork the child holds nothing of what its parent has noted.
_held_locks: dict[tuple[int, Path], object] = {}


@contextmanager
def hold_file_lock(path: Path, busy_message: str) -> Iterator[None]:
    """Hold the lock on a file, which is made where it is missing and never deleted.

    Raises `Unavailable` at once: with the text `busy` where another thread or process holds the lock, else with
    what is wrong with the file.
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
        raise Unavailable(f"{path} can't be opened: {error.strerror}") from error


def _try_lock(file: BinaryIO) -> bool:
    try:
        _lock_descriptor(file.fileno())
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        raise Unavailable(f"{file.name} can't be locked: {error.strerror}") from error
    return True
