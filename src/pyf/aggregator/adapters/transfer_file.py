"""Files that collections are exported to and imported from: a line at a time, compressed where that is wanted."""

import gzip
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..domain.errors import Invalid, Unavailable
from ..domain.transfer import Entry, Line
from .transfer_lines import entry_of, line_of

# The name that stands for stdout and stdin.
STANDARD = "-"

# A line that is longer is no document of a package, and must not fill the memory.
_LONGEST = 64 * 1024 * 1024

_GZIP = b"\x1f\x8b"


def write_entries(name: str, entries: Iterable[Entry]) -> None:
    """Write entries to a file, compressed if its name ends in `.gz`, or to stdout.

    The file is there whole or not at all: one of that name is replaced in the end. The same entries give the same
    bytes. Raises `Invalid` where no file can be, `Unavailable` where it can't be written.
    """
    try:
        with _sink(name) as file:
            for entry in entries:
                file.write(line_of(entry) + b"\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unavailable(f"can't write {_shown(name, 'stdout')}: {_reason(error)}") from error


@contextmanager
def reading_lines(name: str) -> Iterator[Iterator[Line]]:
    """Give the lines of a file or of stdin; whether it is compressed is told by its content.

    Raises `Invalid` for what can't be opened, and in the middle for compressed content that is damaged.
    """
    with ExitStack() as stack:
        try:
            # Both are buffered readers, whose content can be looked at without taking it.
            raw: Any = sys.stdin.buffer if name == STANDARD else stack.enter_context(Path(name).open("rb"))
            is_compressed = raw.peek(2)[:2] == _GZIP
        except (OSError, ValueError) as error:
            raise Invalid(f"can't read {_shown(name, 'stdin')}: {_reason(error)}") from error
        file = cast(BinaryIO, stack.enter_context(gzip.open(raw, "rb"))) if is_compressed else raw
        yield _lines(file, _shown(name, "stdin"))


def _lines(file: BinaryIO, shown: str) -> Iterator[Line]:
    number = 0
    try:
        while text := file.readline(_LONGEST):
            number += 1
            if len(text) == _LONGEST and not text.endswith(b"\n"):
                while (rest := file.readline(_LONGEST)) and not rest.endswith(b"\n"):
                    pass
                yield Line(number=number, entry=Invalid(f"it is longer than {_LONGEST:,} bytes"))
            elif stripped := text.removeprefix(b"\xef\xbb\xbf").strip():
                yield Line(number=number, entry=_entry(stripped))
    except (EOFError, OSError, zlib.error) as error:
        reason = _reason(error) if isinstance(error, OSError) else str(error)
        raise Invalid(f"{shown} is damaged after line {number}: {reason}") from error


def _entry(line: bytes) -> Entry | Invalid:
    try:
        return entry_of(line)
    except Invalid as error:
        return error


@contextmanager
def _sink(name: str) -> Iterator[BinaryIO]:
    """Open what is written to; what is no ordinary file, such as a device, is written to as it is."""
    if name == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = _place(name)
    is_ordinary = path.is_file() or not path.exists()
    beside = path.with_name(f"{path.name}.{os.getpid()}.part") if is_ordinary else path
    try:
        with beside.open("wb") as file:
            if path.name.endswith(".gz"):
                # Neither name nor time go into it: the same content gives the same file.
                with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as compressed:
                    yield cast(BinaryIO, compressed)
            else:
                yield file
            file.flush()
            if is_ordinary:
                os.fsync(file.fileno())
        if is_ordinary:
            beside.replace(path)
    except BaseException:
        if is_ordinary:
            with suppress(OSError):
                beside.unlink()
        raise


def _place(name: str) -> Path:
    """Return the file that a name leads to, through links; raises `Invalid` where none can be."""
    try:
        path = Path(name).resolve()
        if path.is_dir():
            raise Invalid(f"can't write {name}: it is a folder")
        if not path.parent.is_dir():
            raise Invalid(f"can't write {name}: there is no folder {path.parent}")
    except (OSError, ValueError) as error:  # a name that no file can have
        raise Invalid(f"can't write {name!r}: {_reason(error)}") from error
    return path


def _shown(name: str, standard: str) -> str:
    return standard if name == STANDARD else name


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
