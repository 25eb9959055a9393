"""Files of exported collections: one JSON object per line, documents flat, optionally compressed."""

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from msgspec import UNSET, DecodeError, Raw, Struct, UnsetType, field
from msgspec.json import Decoder, encode

from ..domain.collection import CollectionState, ExportEntry, ExportHeader, ExportLine, ExportTrailer, Tombstone
from ..domain.controls import escape_utf8_controls
from ..domain.documents.document import Document
from ..domain.documents.project import normalize_name
from ..domain.documents.schema import DownloadFields, HealthFields, HistoryFields, RegistryFields
from ..domain.errors import Invalid, Unavailable
from ..domain.history import parse_history
from .encoding import decode_repository_fields
from .files import atomic_write, format_reason

FORMAT_VERSION = 1


class _FileInfo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Metadata of the file: format and state in its first line, the counts in its last."""

    format: int | UnsetType = UNSET
    state: CollectionState | UnsetType = UNSET
    documents: int = 0
    tombstones: int = 0


class _SpecialLine(Struct, frozen=True, kw_only=True):
    """A line that is not a document. Documents have an `id`, whatever foreign fields they carry."""

    file_info: _FileInfo | UnsetType = field(default=UNSET, name="pyf.aggregator")
    tombstone: Tombstone | UnsetType = UNSET
    id: Any = UNSET


_SPECIAL_DECODER = Decoder(_SpecialLine)
_REGISTRY_DECODER = Decoder(RegistryFields)
_DOWNLOADS_DECODER = Decoder(DownloadFields)
_HEALTH_DECODER = Decoder(HealthFields)
_HISTORY_DECODER = Decoder(HistoryFields)


def to_line(entry: ExportEntry) -> bytes:
    """Return an entry as a line without line break."""
    match entry:
        case ExportHeader():
            return encode(_SpecialLine(file_info=_FileInfo(format=FORMAT_VERSION, state=entry.state)))
        case ExportTrailer():
            return encode({"pyf.aggregator": {"documents": entry.documents, "tombstones": entry.tombstones}})
        case Tombstone():
            return encode(_SpecialLine(tombstone=entry))
        case Document():
            # Typesense sorts nested keys. Sorting for every engine makes exports of equal documents equal.
            fields = entry.to_dict().items()
            return encode({name: Raw(encode(value, order="sorted")) for name, value in fields})


def parse_line(line: bytes) -> ExportEntry:
    """Parse a line; raise `Invalid` for one that is not part of an export."""
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
        raise Invalid(f"unknown export format {file_info.format}: update the program")
    return ExportHeader(state=file_info.state)


def _validate_tombstone(tombstone: Tombstone) -> Tombstone:
    if not tombstone.name or tombstone.name != normalize_name(tombstone.name):
        raise Invalid(f"the tombstone's name {tombstone.name!r} is not normalized")
    return tombstone


def _parse_document(line: bytes) -> Document:
    registry = _REGISTRY_DECODER.decode(line)
    if not registry.name:
        raise Invalid("the document has no name")
    if registry.name_normalized != normalize_name(registry.name):
        raise Invalid(f"name_normalized {registry.name_normalized!r} does not match name {registry.name!r}")
    history = _unset_if_empty(_HISTORY_DECODER.decode(line))
    parse_history(history)
    return Document(
        registry=registry,
        repository=_unset_if_empty(decode_repository_fields(line)),
        downloads=_unset_if_empty(_DOWNLOADS_DECODER.decode(line)),
        health=_unset_if_empty(_HEALTH_DECODER.decode(line)),
        history=history,
    )


def _unset_if_empty(part: Any) -> Any:
    """Return an owner's fields, UNSET if it has none: a flat document cannot contain an empty part."""
    return UNSET if part == type(part)() else part


# Stands for stdout and stdin.
STDIO_NAME = "-"

# No document is longer; a longer line must not fill the memory.
_MAX_LINE_BYTES = 64 * 1024 * 1024

_GZIP_MAGIC = b"\x1f\x8b"


def write_entries(name: str, entries: Iterable[ExportEntry]) -> None:
    """Write entries to stdout or a file, compressed if its name ends in `.gz`.

    The file is replaced atomically; equal entries make equal bytes.

    Raises:
        Invalid: If the path cannot be a file.
        Unavailable: If writing fails.
    """
    try:
        with open_output(name) as file:
            for entry in entries:
                file.write(escape_utf8_controls(to_line(entry)) + b"\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unavailable(f"can't write {_get_label(name, 'stdout')}: {format_reason(error)}") from error


@contextmanager
def open_lines(name: str) -> Iterator[Iterator[ExportLine]]:
    """Open the lines of a file or of stdin; compression is detected by content.

    Raises:
        Invalid: If the file cannot be opened, and while reading if compressed content is damaged.
    """
    with ExitStack() as stack:
        try:
            # Both are buffered readers, which have `peek`.
            raw: Any = sys.stdin.buffer if name == STDIO_NAME else stack.enter_context(Path(name).open("rb"))
            is_compressed = raw.peek(2)[:2] == _GZIP_MAGIC
        except (OSError, ValueError) as error:
            raise Invalid(f"can't read {_get_label(name, 'stdin')}: {format_reason(error)}") from error
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
                yield ExportLine(number=line_number, entry=Invalid(f"longer than {_MAX_LINE_BYTES:,} bytes"))
            elif stripped := raw_line.removeprefix(b"\xef\xbb\xbf").strip():
                yield ExportLine(number=line_number, entry=_parse_or_error(stripped))
    except (EOFError, OSError, zlib.error) as error:
        raise Invalid(f"{label} is damaged after line {line_number}: {format_reason(error)}") from error


def _parse_or_error(line: bytes) -> ExportEntry | Invalid:
    try:
        return parse_line(line)
    except Invalid as error:
        return error


@contextmanager
def open_output(name: str) -> Iterator[BinaryIO]:
    """Open stdout or a file for writing; a special file, such as a device, is not replaced."""
    if name == STDIO_NAME:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = _resolve_path(name)
    is_regular = path.is_file() or not path.exists()
    with atomic_write(path) if is_regular else path.open("wb") as file:
        if path.name.endswith(".gz"):
            # Without name and time, so that equal content makes an equal file.
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as compressed:
                yield cast(BinaryIO, compressed)
        else:
            yield file


def _resolve_path(name: str) -> Path:
    """Return the target of a path, links followed; raise `Invalid` if it cannot be a file."""
    try:
        path = Path(name).resolve()
        if path.is_dir():
            raise Invalid(f"can't write {name}: it is a folder")
        if not path.parent.is_dir():
            raise Invalid(f"can't write {name}: the folder {path.parent} does not exist")
    except (OSError, ValueError) as error:  # an invalid file name
        raise Invalid(f"can't write {name!r}: {format_reason(error)}") from error
    return path


def _get_label(name: str, stdio_label: str) -> str:
    return stdio_label if name == STDIO_NAME else name
