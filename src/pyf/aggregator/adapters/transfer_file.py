"""The lines of an exported collection: one JSON object each, documents flat.

Files that collections are exported to and imported from: a line at a time, compressed where that is wanted.
"""

import gzip
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from msgspec import UNSET, DecodeError, Raw, Struct, UnsetType, field
from msgspec.json import Decoder, encode

from ..domain.collection import CollectionState, ExportEntry, ExportHeader, ExportLine, ExportTrailer, Tombstone
from ..domain.documents.document import Document
from ..domain.documents.project import normalize_name
from ..domain.documents.schema import DownloadFields, HealthFields, RegistryFields, RepositoryFields
from ..domain.errors import Invalid, Unavailable

FORMAT_VERSION = 1


class _FileInfo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said of the file itself: in its first line the format and the state, in its last the counts."""

    format: int | UnsetType = UNSET
    state: CollectionState | UnsetType = UNSET
    documents: int = 0
    tombstones: int = 0


class _SpecialLine(Struct, frozen=True, kw_only=True):
    """A line that is no document; `id` tells a document from it, whatever fields others may have given that."""

    file_info: _FileInfo | UnsetType = field(default=UNSET, name="pyf.aggregator")
    tombstone: Tombstone | UnsetType = UNSET
    id: Any = UNSET


_SPECIAL_DECODER = Decoder(_SpecialLine)
_REGISTRY_DECODER = Decoder(RegistryFields)
_REPOSITORY_DECODER = Decoder(RepositoryFields)
_DOWNLOADS_DECODER = Decoder(DownloadFields)
_HEALTH_DECODER = Decoder(HealthFields)


def to_line(entry: ExportEntry) -> bytes:
    """Return an entry as a line, without its end."""
    match entry:
        case ExportHeader():
            return encode(_SpecialLine(file_info=_FileInfo(format=FORMAT_VERSION, state=entry.state)))
        case ExportTrailer():
            return encode({"pyf.aggregator": {"documents": entry.documents, "tombstones": entry.tombstones}})
        case Tombstone():
            return encode(_SpecialLine(tombstone=entry))
        case Document():
            # Typesense sorts the names inside a field: sorted for every engine, the same documents make the same file.
            fields = entry.to_dict().items()
            return encode({name: Raw(encode(value, order="sorted")) for name, value in fields})


def parse_line(line: bytes) -> ExportEntry:
    """Return what a line says; raises `Invalid` for one that is no such thing."""
    try:
        special = _SPECIAL_DECODER.decode(line)
        if special.id is UNSET and isinstance(special.tombstone, Tombstone):
            return _validate_tombstone(special.tombstone)
        if special.id is UNSET and isinstance(special.file_info, _FileInfo):
            return _parse_file_info(special.file_info)
        return _parse_document(line)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(str(error)) from error


def _parse_file_info(file_info: _FileInfo) -> ExportHeader | ExportTrailer:
    if file_info.state is UNSET:
        return ExportTrailer(documents=file_info.documents, tombstones=file_info.tombstones)
    if file_info.format != FORMAT_VERSION:
        raise Invalid(f"format {file_info.format} is not one that this program reads: update the program")
    return ExportHeader(state=file_info.state)


def _validate_tombstone(tombstone: Tombstone) -> Tombstone:
    if not tombstone.name or tombstone.name != normalize_name(tombstone.name):
        raise Invalid(f"the tombstone's name {tombstone.name!r} is not a normalised one")
    return tombstone


def _parse_document(line: bytes) -> Document:
    registry = _REGISTRY_DECODER.decode(line)
    if not registry.name:
        raise Invalid("it has no name")
    if registry.name_normalized != normalize_name(registry.name):
        raise Invalid(f"name_normalized is {registry.name_normalized!r}, of the name {registry.name!r} it is another")
    return Document(
        registry=registry,
        repository=_unset_if_empty(_REPOSITORY_DECODER.decode(line)),
        downloads=_unset_if_empty(_DOWNLOADS_DECODER.decode(line)),
        health=_unset_if_empty(_HEALTH_DECODER.decode(line)),
    )


def _unset_if_empty(part: Any) -> Any:
    """Return what an owner wrote; a flat document does not tell nothing written from nothing known."""
    return UNSET if part == type(part)() else part


# The name that stands for stdout and stdin.
STDIO_NAME = "-"

# A line that is longer is no document of a package, and must not fill the memory.
_MAX_LINE_BYTES = 64 * 1024 * 1024

_GZIP_MAGIC = b"\x1f\x8b"


def write_entries(name: str, entries: Iterable[ExportEntry]) -> None:
    """Write entries to a file, compressed if its name ends in `.gz`, or to stdout.

    The file is there whole or not at all: one of that name is replaced in the end. The same entries give the same
    bytes. Raises `Invalid` where no file can be, `Unavailable` where it can't be written.
    """
    try:
        with _open_output(name) as file:
            for entry in entries:
                file.write(to_line(entry) + b"\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unavailable(f"can't write {_get_label(name, 'stdout')}: {_format_reason(error)}") from error


@contextmanager
def open_lines(name: str) -> Iterator[Iterator[ExportLine]]:
    """Give the lines of a file or of stdin; whether it is compressed is told by its content.

    Raises `Invalid` for what can't be opened, and in the middle for compressed content that is damaged.
    """
    with ExitStack() as stack:
        try:
            # Both are buffered readers, whose content can be looked at without taking it.
            raw: Any = sys.stdin.buffer if name == STDIO_NAME else stack.enter_context(Path(name).open("rb"))
            is_compressed = raw.peek(2)[:2] == _GZIP_MAGIC
        except (OSError, ValueError) as error:
            raise Invalid(f"can't read {_get_label(name, 'stdin')}: {_format_reason(error)}") from error
        file = cast(BinaryIO, stack.enter_context(gzip.open(raw, "rb"))) if is_compressed else raw
        yield _read_lines(file, _get_label(name, "stdin"))


def _read_lines(file: BinaryIO, label: str) -> Iterator[ExportLine]:
    line_number = 0
    try:
        while raw_line := file.readline(_MAX_LINE_BYTES):
            line_number += 1
            if len(raw_line) == _MAX_LINE_BYTES and not raw_line.endswith(b"\n"):
                while (rest := file.readline(_MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                yield ExportLine(number=line_number, entry=Invalid(f"it is longer than {_MAX_LINE_BYTES:,} bytes"))
            elif stripped := raw_line.removeprefix(b"\xef\xbb\xbf").strip():
                yield ExportLine(number=line_number, entry=_parse_or_error(stripped))
    except (EOFError, OSError, zlib.error) as error:
        reason = _format_reason(error) if isinstance(error, OSError) else str(error)
        raise Invalid(f"{label} is damaged after line {line_number}: {reason}") from error


def _parse_or_error(line: bytes) -> ExportEntry | Invalid:
    try:
        return parse_line(line)
    except Invalid as error:
        return error


@contextmanager
def _open_output(name: str) -> Iterator[BinaryIO]:
    """Open what is written to; what is no ordinary file, such as a device, is written to as it is."""
    if name == STDIO_NAME:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = _resolve_path(name)
    is_ordinary = path.is_file() or not path.exists()
    temp_path = path.with_name(f"{path.name}.{os.getpid()}.part") if is_ordinary else path
    try:
        with temp_path.open("wb") as file:
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
            temp_path.replace(path)
    except BaseException:
        if is_ordinary:
            with suppress(OSError):
                temp_path.unlink()
        raise


def _resolve_path(name: str) -> Path:
    """Return the file that a name leads to, through links; raises `Invalid` where none can be."""
    try:
        path = Path(name).resolve()
        if path.is_dir():
            raise Invalid(f"can't write {name}: it is a folder")
        if not path.parent.is_dir():
            raise Invalid(f"can't write {name}: there is no folder {path.parent}")
    except (OSError, ValueError) as error:  # a name that no file can have
        raise Invalid(f"can't write {name!r}: {_format_reason(error)}") from error
    return path


def _get_label(name: str, stdio_label: str) -> str:
    return stdio_label if name == STDIO_NAME else name


def _format_reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
