"""The lines of an exported collection: one JSON object each, documents flat."""

from typing import Any

from msgspec import UNSET, DecodeError, Raw, Struct, UnsetType, field
from msgspec.json import Decoder, encode

from ..domain.collection import CollectionState, Tombstone
from ..domain.document import Document
from ..domain.errors import Invalid
from ..domain.project import normalized
from ..domain.schema import DownloadFields, HealthFields, RegistryFields, RepositoryFields
from ..domain.transfer import Entry, Header, Trailer

FORMAT = 1


class _About(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said of the file itself: in its first line the format and the state, in its last the counts."""

    format: int | UnsetType = UNSET
    state: CollectionState | UnsetType = UNSET
    documents: int = 0
    tombstones: int = 0


class _Own(Struct, frozen=True, kw_only=True):
    """A line that is no document; `id` tells a document from it, whatever fields others may have given that."""

    about: _About | UnsetType = field(default=UNSET, name="pyf.aggregator")
    tombstone: Tombstone | UnsetType = UNSET
    id: Any = UNSET


_OWN = Decoder(_Own)
_REGISTRY = Decoder(RegistryFields)
_REPOSITORY = Decoder(RepositoryFields)
_DOWNLOADS = Decoder(DownloadFields)
_HEALTH = Decoder(HealthFields)


def line_of(entry: Entry) -> bytes:
    """Return an entry as a line, without its end."""
    match entry:
        case Header():
            return encode(_Own(about=_About(format=FORMAT, state=entry.state)))
        case Trailer():
            return encode({"pyf.aggregator": {"documents": entry.documents, "tombstones": entry.tombstones}})
        case Tombstone():
            return encode(_Own(tombstone=entry))
        case Document():
            # Typesense sorts the names inside a field: sorted for every engine, the same documents make the same file.
            fields = entry.as_mapping().items()
            return encode({name: Raw(encode(value, order="sorted")) for name, value in fields})


def entry_of(line: bytes) -> Entry:
    """Return what a line says; raises `Invalid` for one that is no such thing."""
    try:
        own = _OWN.decode(line)
        if own.id is UNSET and isinstance(own.tombstone, Tombstone):
            return _checked(own.tombstone)
        if own.id is UNSET and isinstance(own.about, _About):
            return _about(own.about)
        return _document(line)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(str(error)) from error


def _about(about: _About) -> Header | Trailer:
    if about.state is UNSET:
        return Trailer(documents=about.documents, tombstones=about.tombstones)
    if about.format != FORMAT:
        raise Invalid(f"format {about.format} is not one that this program reads: update the program")
    return Header(state=about.state)


def _checked(tombstone: Tombstone) -> Tombstone:
    if not tombstone.name or tombstone.name != normalized(tombstone.name):
        raise Invalid(f"the tombstone's name {tombstone.name!r} is not a normalised one")
    return tombstone


def _document(line: bytes) -> Document:
    registry = _REGISTRY.decode(line)
    if not registry.name:
        raise Invalid("it has no name")
    if registry.name_normalized != normalized(registry.name):
        raise Invalid(f"name_normalized is {registry.name_normalized!r}, of the name {registry.name!r} it is another")
    return Document(
        registry=registry,
        repository=_unless_empty(_REPOSITORY.decode(line)),
        downloads=_unless_empty(_DOWNLOADS.decode(line)),
        health=_unless_empty(_HEALTH.decode(line)),
    )


def _unless_empty(part: Any) -> Any:
    """Return what an owner wrote; a flat document does not tell nothing written from nothing known."""
    return UNSET if part == type(part)() else part
