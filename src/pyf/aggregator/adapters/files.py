"""Files that are replaced as a whole, and the reason why one cannot be used."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` if the block succeeds and is removed if it fails."""
    temp_path = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with temp_path.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # otherwise a power cut can leave the name without the content
        temp_path.replace(path)
    except BaseException:
        with suppress(OSError):
            temp_path.unlink()
        raise


def format_reason(error: Exception) -> str:
    """Return one line that says why a file cannot be used, without the path."""
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    # An invalid path, such as one with a NUL, raises a ValueError, which has no `strerror`.
    return getattr(error, "strerror", None) or " ".join(str(error).split())
