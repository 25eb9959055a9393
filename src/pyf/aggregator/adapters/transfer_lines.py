"""The lines of an exported collection: one JSON object each, documents flat."""

from typing import Any

from msgspec import UNSET, DecodeError, Struct, UnsetType, field
from msgspec.json import Decoder, encode

from ..domain.collection import CollectionState, Tombstone
from ..domain.document import Document
from ..domain.errors import Invalid
from ..domain.project import normalize_name
from ..domain.schema import DownloadFields, HealthFields, RegistryFields, RepositoryFields
from ..domain.transfer import ExportEntry, ExportHeader, ExportTrailer

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
            return encode(entry.to_dict())


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
