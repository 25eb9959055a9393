"""The command line's copy of the collections' cursors, in a file beside the user's other work."""

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from msgspec import DecodeError, Struct, ValidationError, json

from ..domain.errors import Invalid, Unavailable


class Since(Struct, frozen=True, kw_only=True):
    """What the file says: a serial by collection; `is_timestamp` for a file of the older kind.

    An older file holds the Unix time of the last run, which can't become a serial: its cursor is lost.
    """

    serials: Mapping[str, int]
    is_timestamp: bool = False


class SinceFile:
    """A small JSON file that maps collections to serials."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def read(self) -> Since:
        """Return what the file says; nothing where there is none. Raises `Invalid` for a file of another kind."""
        try:
            content = self._path.read_bytes().strip()
        except FileNotFoundError:
            return Since(serials={})
        except OSError as error:
            raise Invalid(f"can't read {self._path}: {error.strerror}") from error
        if not content:
            return Since(serials={})
        if _is_number(content):
            return Since(serials={}, is_timestamp=True)
        try:
            return Since(serials=json.decode(content, type=dict[str, int]))
        except (DecodeError, ValidationError) as error:
            raise Invalid(f"{self._path} is no file of serials; delete it or name another with -s") from error

    def write(self, collection: str, serial: int) -> None:
        """Set a collection's serial and leave the others; the file is replaced as a whole or not at all."""
        serials = {**self.read().serials, collection: serial}
        try:
            with NamedTemporaryFile(dir=self._path.parent, prefix=self._path.name, delete=False) as file:
                file.write(json.format(json.encode(serials), indent=2) + b"\n")
            os.replace(file.name, self._path)
        except OSError as error:
            raise Unavailable(f"can't write {self._path}: {error.strerror}") from error


def _is_number(content: bytes) -> bool:
    try:
        float(content)
    except ValueError:
        return False
    return True
