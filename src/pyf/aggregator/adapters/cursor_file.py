"""The command line's copy of the collections' cursors, in a file beside the user's other work."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from msgspec import DecodeError, Meta, Struct, ValidationError, json

from ..domain.errors import Invalid, Unavailable

_TIMESTAMP = re.compile(rb"\d+(\.\d*)?")

# More is no file of ours: who names one of gigabytes by mistake shall hear of it before it is read.
_MAX_BYTES = 1024 * 1024


class SavedCursors(Struct, frozen=True, kw_only=True):
    """What the file says: a serial by collection; `is_timestamp` for a file of the older kind.

    An older file holds the Unix time of the last run, which can't become a serial: its cursor is lost.
    """

    serials: Mapping[str, int]
    is_legacy: bool = False


class CursorFile:
    """A small JSON file that maps collections to serials; a link is followed, a missing file is made."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def read(self) -> SavedCursors:
        """Return what the file says; nothing where there is none.

        Raises `Invalid` for a file of another kind, and where no file could be: that is better known before a long
        run than after it.
        """
        try:
            with self._path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1).strip()
        except FileNotFoundError as error:
            folder = self._path.resolve().parent
            if not folder.is_dir():
                raise Invalid(f"can't write {self._path}: there is no folder {folder}") from error
            return SavedCursors(serials={})
        except (OSError, ValueError) as error:
            raise Invalid(f"can't read {self._path}: {_format_reason(error)}") from error
        if not content:
            return SavedCursors(serials={})
        if _TIMESTAMP.fullmatch(content):
            return SavedCursors(serials={}, is_legacy=True)
        try:
            return SavedCursors(serials=json.decode(content, type=dict[str, Annotated[int, Meta(ge=0)]]))
        except (DecodeError, ValidationError) as error:
            raise Invalid(f"{self._path} is no file of serials; delete it or name another with -s") from error

    def write(self, collection: str, serial: int) -> None:
        """Set a collection's serial and leave the others; the file is replaced as a whole or not at all.

        Raises `Unavailable` where it can't be written, and `Invalid` as `read` does.
        """
        serials = {**self.read().serials, collection: serial}
        path = self._path.resolve()
        temp_path = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            with temp_path.open("wb") as file:
                file.write(json.format(json.encode(serials), indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())  # or a power cut might leave the name without the content
            temp_path.replace(path)
        except OSError as error:
            with suppress(OSError):
                temp_path.unlink()
            raise Unavailable(f"can't write {self._path}: {_format_reason(error)}") from error


def _format_reason(error: Exception) -> str:
    """Return what the system says; a path that none can be, such as one with a NUL in it, has no such text."""
    return (isinstance(error, OSError) and error.strerror) or str(error)
