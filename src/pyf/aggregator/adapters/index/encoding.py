"""What every engine takes and gives: documents as JSON, and the order of a project's documents.

Text is stored whatever is in it: half a surrogate pair, which UTF-8 can't say, becomes U+FFFD.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import UNSET, Struct, to_builtins
from msgspec.json import Decoder, encode

from ...domain.collection import Holding
from ...domain.document import Document, Enrichments
from ...domain.schema import (
    OWNERS,
    DownloadFields,
    HealthFields,
    Owner,
    ProjectFields,
    RegistryFields,
    RepositoryFields,
    fields,
)

_INTEGERS = tuple(field.name for field in fields() if field.owner is Owner.REGISTRY and field.kind == "int64")
_INT64 = range(-(2**63), 2**63)

_REGISTRY = Decoder(RegistryFields)
_OTHERS: dict[Owner, tuple[str, Decoder[Any]]] = {
    Owner.REPOSITORY: ("repository", Decoder(RepositoryFields)),
    Owner.DOWNLOADS: ("downloads", Decoder(DownloadFields)),
    Owner.HEALTH: ("health", Decoder(HealthFields)),
}


def refusal(document: RegistryFields) -> str:
    """Return why no engine can hold a document, "" where it can: a number that an int64 can't say."""
    for name in _INTEGERS:
        if getattr(document, name) not in _INT64:
            return f"{name} is beyond 64 bits"
    for file in document.urls:
        if file.size not in _INT64 or file.upload_time not in _INT64:
            return f"a number of the file {file.filename} is beyond 64 bits"
    return ""


def encoded(value: Struct | Mapping[str, Any]) -> bytes:
    """Return a value as JSON, in UTF-8 whatever its text holds."""
    try:
        return encode(value)
    except UnicodeEncodeError:
        return encode(_storable(to_builtins(value)))


def storable(text: str) -> str:
    """Return text that UTF-8 can say; that is the same text, but for surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case list() | tuple():
            return [_storable(item) for item in value]
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
        case _:
            return value


def owner_of(fields: ProjectFields) -> Owner:
    """Return the step that the fields belong to."""
    return OWNERS[type(fields)]


def registry_fields(json: bytes | str) -> RegistryFields:
    """Return what `encoded` made JSON of; raises `msgspec.DecodeError` for anything else."""
    return _REGISTRY.decode(json)


def enrichments(others: Mapping[Owner, bytes] | Mapping[Owner, str]) -> Enrichments:
    """Return what the other owners' JSON says."""
    return Enrichments(
        **{part: decoder.decode(others[owner]) for owner, (part, decoder) in _OTHERS.items() if owner in others}
    )


def document(registry: RegistryFields, others: Mapping[Owner, bytes] | Mapping[Owner, str]) -> Document:
    """Put a document together from the registry's fields and the JSON of the other owners'."""
    parts = enrichments(others)
    return Document(registry=registry, repository=parts.repository, downloads=parts.downloads, health=parts.health)


def initial_fields(initial: Enrichments) -> list[ProjectFields]:
    """Return the fields of those owners that have written some."""
    return [value for value in (initial.repository, initial.downloads, initial.health) if value is not UNSET]


def fingerprint(documents: Iterable[bytes | str], others: Mapping[Owner, bytes] | Mapping[Owner, str]) -> int:
    """Return a number for the JSON of a package's documents, in any order, and of what other owners wrote."""
    return hash((frozenset(documents), frozenset(others.items())))


def newest_first(documents: Iterable[RegistryFields]) -> list[RegistryFields]:
    """Return a project's documents in the order in which they are shown."""
    return sorted(documents, key=lambda d: (d.is_newest, d.version_sortable, d.version), reverse=True)


def oldest_first(documents: Iterable[RegistryFields]) -> list[RegistryFields]:
    """Return a project's documents in the order in which they are exported."""
    return sorted(documents, key=lambda d: (d.version_sortable, d.version))


def holding(name_normalized: str, documents: Iterable[RegistryFields]) -> Holding:
    """Sum a project's documents up; there must be one at least. The status is that of the newest."""
    shown = newest_first(documents)
    return Holding(
        name_normalized=name_normalized,
        last_serial=min(document.last_serial for document in shown),
        composed_with=min(document.composed_with for document in shown),
        status_checked=min(document.status_checked for document in shown),
        project_status=shown[0].project_status,
        releases=len(shown),
    )
