"""The cursor file of the command line: the changelog serial of each collection."""

import re
from collections.abc import Mapping
from errno import EISDIR
from os import strerror
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated

from msgspec import DecodeError, Meta, Struct, ValidationError, json

from ..domain.errors import Invalid, Unavailable
from .files import atomic_write, format_reason

_TIMESTAMP = re.compile(rb"\d+(\.\d*)?")

# A larger file is not a cursor file; it is rejected without reading it whole.
_MAX_BYTES = 1024 * 1024


class SavedCursors(Struct, frozen=True, kw_only=True):
    """Content of a cursor file.

    Attributes:
        serials: Changelog serial by collection.
        is_legacy: The file holds the Unix time of the last run instead, which cannot be converted to a serial.
    """

    serials: Mapping[str, int]
    is_legacy: bool = False


class CursorFile:
    """JSON file that maps collections to serials; links are followed, a missing file is created on writing."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def read(self) -> SavedCursors:
        """Return the content of the file, no serials if it does not exist.

        Raises:
            Invalid: For another kind of file, and if its folder does not exist, which a run reports at its start.
        """
        try:
            with self._path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1).strip()
        except FileNotFoundError as error:
            folder = self._path.resolve().parent
            if not folder.is_dir():
                raise Invalid(f"can't write {self._path}: the folder {folder} does not exist") from error
            return SavedCursors(serials={})
        except (OSError, ValueError) as error:
            raise Invalid(f"can't read {self._path}: {format_reason(error)}") from error
        if not content:
            return SavedCursors(serials={})
        if _TIMESTAMP.fullmatch(content):
            return SavedCursors(serials={}, is_legacy=True)
        try:
            return SavedCursors(serials=json.decode(content, type=dict[str, Annotated[int, Meta(ge=0)]]))
        except (DecodeError, ValidationError) as error:
            raise Invalid(f"{self._path} is not a cursor file; delete it or choose another with -s") from error

    def check_writable(self) -> None:
        """Raise `Unavailable` if the file can't be written; its content stays.

        A run that finds this out after its work has worked in vain.
        """
        path = self._path.resolve()
        try:
            if path.is_dir():
                raise IsADirectoryError(EISDIR, strerror(EISDIR))
            with TemporaryFile(dir=path.parent):
                pass
        except OSError as error:
            raise Unavailable(f"can't write {self._path}: {format_reason(error)}") from error

    def write(self, collection: str, serial: int) -> None:
        """Set the serial of one collection and replace the file atomically.

        Raises:
            Unavailable: If the file cannot be written.
            Invalid: As `read` does.
        """
        serials = {**self.read().serials, collection: serial}
        try:
            with atomic_write(self._path.resolve()) as file:
                file.write(json.format(json.encode(serials), indent=2) + b"\n")
        except OSError as error:
            raise Unavailable(f"can't write {self._path}: {format_reason(error)}") from error
