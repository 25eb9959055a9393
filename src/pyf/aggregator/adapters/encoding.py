"""JSON encoding of documents, as all index engines store them, and of cached READMEs and repository data.

Lone surrogates, which UTF-8 cannot encode, become U+FFFD. Decoders of cached values return None for a value that
another version of the program has written in another form.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from msgspec import UNSET, DecodeError, Struct, convert, to_builtins
from msgspec.json import Decoder, decode, encode

from ..domain.collection import ProjectState
from ..domain.documents.document import Document, Enrichments
from ..domain.documents.github_fields import upgrade_github_fields
from ..domain.documents.schema import (
    OWNERS,
    DownloadFields,
    HealthFields,
    HistoryFields,
    Owner,
    ProjectFields,
    RegistryFields,
    RepositoryFields,
    iter_fields,
)
from ..domain.readme.plain_text import RenderedReadme
from ..domain.repositories import CachedRepository

_INTEGER_FIELDS = tuple(
    field.name for field in iter_fields() if field.owner is Owner.REGISTRY and field.kind == "int64"
)
_get_integers = attrgetter(*_INTEGER_FIELDS)
_INT64_RANGE = range(-(2**63), 2**63)

_REGISTRY_DECODER = Decoder(RegistryFields)
_REPOSITORY_DECODER = Decoder(RepositoryFields)
_NO_REPOSITORY = RepositoryFields()


def get_rejection_reason(document: RegistryFields) -> str:
    """Return why no engine can store a document (a number beyond int64), "" if they can."""
    for name, value in zip(_INTEGER_FIELDS, _get_integers(document), strict=True):
        if value not in _INT64_RANGE:
            return f"{name} exceeds 64 bits"
    for file in document.urls:
        if file.size not in _INT64_RANGE or file.upload_time not in _INT64_RANGE:
            return f"a number of the file {file.filename} exceeds 64 bits"
    return ""


def encode_json(value: Struct | Mapping[str, Any]) -> bytes:
    """Return a value as JSON, with lone surrogates replaced."""
    try:
        return encode(value)
    except UnicodeEncodeError:
        return encode(_replace_nested_surrogates(to_builtins(value)))


def replace_surrogates(text: str) -> str:
    """Return the text with lone surrogates replaced."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _replace_nested_surrogates(value: Any) -> Any:
    match value:
        case str():
            return replace_surrogates(value)
        case list() | tuple():
            return [_replace_nested_surrogates(item) for item in value]
        case dict():
            return {_replace_nested_surrogates(key): _replace_nested_surrogates(item) for key, item in value.items()}
        case _:
            return value


def list_owner_fields(fields: ProjectFields | Sequence[ProjectFields]) -> Sequence[ProjectFields]:
    """Return the fields of each owner."""
    return (fields,) if isinstance(fields, Struct) else fields


def get_owner(fields: ProjectFields) -> Owner:
    """Return the owner of the fields."""
    return OWNERS[type(fields)]


def decode_registry_fields(json: bytes | str) -> RegistryFields:
    """Decode registry fields; raise `msgspec.DecodeError` for other JSON."""
    return _REGISTRY_DECODER.decode(json)


def decode_repository_fields(json: bytes | str) -> RepositoryFields:
    """Decode the fields of a repository, also those that were stored when GitHub was the only host."""
    fields = _REPOSITORY_DECODER.decode(json)
    if fields == _NO_REPOSITORY and (b"github_" in json if isinstance(json, bytes) else "github_" in json):
        return convert(upgrade_github_fields(decode(json)), RepositoryFields)
    return fields


_ENRICHMENT_DECODERS: dict[Owner, tuple[str, Callable[[bytes | str], Any]]] = {
    Owner.REPOSITORY: ("repository", decode_repository_fields),
    Owner.DOWNLOADS: ("downloads", Decoder(DownloadFields).decode),
    Owner.HEALTH: ("health", Decoder(HealthFields).decode),
    Owner.HISTORY: ("history", Decoder(HistoryFields).decode),
}


def decode_enrichments(enrichment_json: Mapping[Owner, bytes] | Mapping[Owner, str]) -> Enrichments:
    """Decode the fields of the other owners."""
    return Enrichments(
        **{
            part: decode_fields(enrichment_json[owner])
            for owner, (part, decode_fields) in _ENRICHMENT_DECODERS.items()
            if owner in enrichment_json
        }
    )


def build_document(registry: RegistryFields, enrichment_json: Mapping[Owner, bytes] | Mapping[Owner, str]) -> Document:
    """Build a document from the registry's fields and the JSON of the other owners."""
    return Document.from_parts(registry, decode_enrichments(enrichment_json))


def build_initial_fields(initial: Enrichments) -> list[ProjectFields]:
    """Return the fields of the owners that have any."""
    values = (initial.repository, initial.downloads, initial.health, initial.history)
    return [value for value in values if value is not UNSET]


def build_fingerprint(documents: Iterable[bytes | str], others: Mapping[Owner, bytes] | Mapping[Owner, str]) -> int:
    """Return a hash of a package's JSON documents, in any order, and of its enrichments."""
    return hash((frozenset(documents), frozenset(others.items())))


def sort_newest_first(documents: Iterable[RegistryFields]) -> list[RegistryFields]:
    """Return a project's documents in display order."""
    return sorted(documents, key=lambda d: (d.is_newest, d.version_sortable, d.version), reverse=True)


def sort_oldest_first(documents: Iterable[RegistryFields]) -> list[RegistryFields]:
    """Return a project's documents in export order."""
    return sorted(documents, key=lambda d: (d.version_sortable, d.version))


def build_project_state(name_normalized: str, documents: Iterable[RegistryFields]) -> ProjectState:
    """Summarize a project's documents, of which there must be at least one; the status is the newest one's."""
    ordered = sort_newest_first(documents)
    return ProjectState(
        name_normalized=name_normalized,
        last_serial=min(document.last_serial for document in ordered),
        document_version=min(document.composed_with for document in ordered),
        status_checked=min(document.status_checked for document in ordered),
        project_status=ordered[0].project_status,
        release_count=len(ordered),
    )


# Compressing fewer bytes of JSON saves nothing.
_MIN_COMPRESSED_BYTES = 512

_readme_decoder = Decoder(RenderedReadme)
_repository_decoder = Decoder(CachedRepository)


def encode_readme(readme: RenderedReadme) -> bytes:
    """Return JSON, compressed to about a third if that saves anything."""
    json = encode_json(readme)
    return json if len(json) < _MIN_COMPRESSED_BYTES else zlib.compress(json, level=1)


def decode_readme(content: bytes) -> RenderedReadme | None:
    """Return a rendered README, None for an unreadable one."""
    try:
        return _readme_decoder.decode(content if content.startswith(b"{") else zlib.decompress(content))
    except (DecodeError, zlib.error):
        return None


def encode_repository(repository: CachedRepository) -> str:
    """Return JSON."""
    return encode_json(repository).decode()


def decode_repository(json: str) -> CachedRepository | None:
    """Return repository data, None for unreadable data."""
    try:
        return _repository_decoder.decode(json)
    except DecodeError:
        return None
