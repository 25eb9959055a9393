"""Exclusive file locks, which the operating system releases when the process ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...domain.errors import Unavailable


@contextmanager
def hold_file_lock(path: Path, busy_message: str) -> Iterator[None]:
    """Hold the lock of a file, which is created if missing and never deleted.

    Raises:
        Unavailable: Immediately; with `busy_message` if another thread or process holds the lock.
    """
    # Imported here: commands that lock nothing save 15 ms.
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Without `flock`, filelock's fallback is a marker file, which survives a killed process.
        lock = FileLock(path, timeout=0, fallback_to_soft=False)
        lock.acquire()
    except Timeout as error:
        raise Unavailable(busy_message) from error
    except OSError as error:
        raise Unavailable(f"can't lock {path}: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()
