"""Fields that documents have beside the declared ones, for clients that search a collection by the server itself.

The server knows no names without their prefix, and no versions of older releases; these fields tell it.

Documents as the engine holds them: the fields of all owners side by side, and what has to be sent to change them.

The engine merges what is sent into what is there: a null erases, and the keys of an object are merged one by one, so
that a key which has gone has to be named. An object can therefore hold no null; on reading, one counts as not there.
It also sorts the keys of an object; the order of a package's links is kept in a field of its own.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, ValidationError, convert, to_builtins
from msgspec.json import Decoder, decode
from msgspec.structs import replace

from ...domain.documents.document import Document, Enrichments
from ...domain.documents.schema import OWNERS, Owner, ProjectFields, RegistryFields, iter_fields
from ...domain.errors import Invalid
from ...domain.relevance import Lexicon
from ...domain.relevance.names import build_name_forms
from ...domain.search import to_health_band
from ..encoding import decode_registry_fields, get_owner, initial_fields
from .schema import (
    HELPER_FIELDS,
    LINK_ORDER,
    SEARCH_FRAMEWORK_VERSIONS,
    SEARCH_HEALTH,
    SEARCH_NAMES,
    SEARCH_PYTHON_VERSIONS,
    WRITE_NUMBER,
    WRITTEN,
    Json,
    is_object,
)

# Longer names, and names of more parts, are not searched part by part.
_MAX_PARTS = 12
_MAX_LENGTH = 60


def build_search_fields(document: RegistryFields, releases: Iterable[RegistryFields], lexicon: Lexicon) -> Json:
    """Build these fields of a document, by all releases of its package; None removes a field."""
    versions: dict[str, list[str] | None] = dict.fromkeys((SEARCH_FRAMEWORK_VERSIONS, SEARCH_PYTHON_VERSIONS))
    if document.is_newest:
        every_release = list(releases)
        versions = {
            SEARCH_FRAMEWORK_VERSIONS: _merge_sorted(release.framework_versions for release in every_release),
            SEARCH_PYTHON_VERSIONS: _merge_sorted(release.python_versions for release in every_release),
        }
    return {SEARCH_NAMES: build_search_names(document.name_normalized, lexicon), **versions}


def build_search_names(name_normalized: str, lexicon: Lexicon) -> list[str]:
    """Build the words that a package may be searched by name with: neighboring parts of the name as one word."""
    forms, parts = build_name_forms(name_normalized, lexicon), name_normalized.split("-")
    words = forms.joined_segments if len(parts) <= _MAX_PARTS else {forms.whole, forms.core, *parts}
    return sorted({word[:_MAX_LENGTH] for word in words})


def _merge_sorted(groups: Iterable[Iterable[str]]) -> list[str]:
    return sorted({value for group in groups for value in group})


_STRUCTS: dict[Owner, Any] = {owner: struct for struct, owner in OWNERS.items()}
_NAMES = {owner: tuple(field.name for field in iter_fields() if field.owner is owner) for owner in Owner}
_OBJECTS = frozenset(field.name for field in iter_fields() if field.kind == "object")
_OPTIONAL = tuple(field.name for field in iter_fields() if field.owner is Owner.REGISTRY and field.optional)

# What of a package's documents only its writers request.
NON_REGISTRY_FIELDS = (
    *(field.name for field in iter_fields() if field.owner is not Owner.REGISTRY and is_object(field)),
    *HELPER_FIELDS,
)


def list_fields_for_update(owners: Iterable[Owner]) -> tuple[str, ...]:
    """Return the fields of a document that have to be known to write those of these owners."""
    return (
        "id",
        "identifier",
        "name",
        "name_normalized",
        WRITE_NUMBER,
        *(name for owner in owners if owner is Owner.REGISTRY for name in _NAMES[owner] if name in _OBJECTS),
        *(name for owner in owners if owner in WRITTEN for name in (WRITTEN[owner], *_NAMES[owner])),
    )


class _Ordered(Struct, frozen=True):
    """The labels of a package's links in their order, where that is not the order of texts."""

    project_urls_order: tuple[str, ...]


_ORDERED = Decoder(_Ordered)
_LINK_ORDER_KEY = f'"{LINK_ORDER}"'.encode()


class OwnerWrite(Struct, frozen=True):
    """One owner's fields of a project, by name, and the number of their writing, 0 for that of an older program."""

    number: int
    fields: Json


def build_owner_write(value: ProjectFields, number: int) -> tuple[Owner, OwnerWrite]:
    """Return an owner's fields as that write brings them."""
    return get_owner(value), OwnerWrite(number, to_builtins(value))


def build_initial_writes(initial: Enrichments) -> dict[Owner, OwnerWrite]:
    """Return what owners have written elsewhere, as older than everything that is written here."""
    return dict(build_owner_write(value, 0) for value in initial_fields(initial))


def find_latest_writes(documents: Iterable[Mapping[str, Any]]) -> dict[Owner, OwnerWrite]:
    """Return what each other owner has written last of the project that these documents are of."""
    found: dict[Owner, OwnerWrite] = {}
    for flat in documents:
        for owner, field in WRITTEN.items():
            own = {name: _drop_nulls(flat[name]) for name in _NAMES[owner] if flat.get(name) is not None}
            if field not in flat and not own:
                continue
            if owner not in found or found[owner].number < flat.get(field, 0):
                found[owner] = OwnerWrite(flat.get(field, 0), own)
    return found


def find_newer_writes(
    source: Mapping[Owner, OwnerWrite], target: Mapping[Owner, OwnerWrite]
) -> dict[Owner, OwnerWrite]:
    """Return what of theirs was written after ours, or is not there at all."""
    return {owner: each for owner, each in source.items() if owner not in target or each.number > target[owner].number}


def build_document(registry: RegistryFields, others: Mapping[Owner, OwnerWrite]) -> Json:
    """Return a document that is not there yet."""
    flat: Json = _to_flat(registry)
    for owner, of_owner in others.items():
        flat |= build_owner_patch({}, owner, of_owner)
    return {name: value for name, value in flat.items() if value is not None}


def add_helper_fields(flat: Json, helper_fields: Json) -> Json:
    """Return a whole document with the fields that only clients of the server search by."""
    band = {SEARCH_HEALTH: to_health_band(flat.get("health_score")).value}
    return flat | band | {name: value for name, value in helper_fields.items() if value is not None}


def build_replace_patch(
    stored: Mapping[str, Any], registry: RegistryFields, others: Mapping[Owner, OwnerWrite]
) -> Json:
    """Return what makes the registry's fields of a held document these, and other owners' where they are newer."""
    flat: Json = dict.fromkeys(_OPTIONAL) | _to_flat(registry)
    for name in _OBJECTS & flat.keys():
        flat[name] = _build_object_patch(stored.get(name), flat[name])
    for owner, of_owner in others.items():
        if of_owner.number > stored.get(WRITTEN[owner], 0) or WRITTEN[owner] not in stored:
            flat |= build_owner_patch(stored, owner, of_owner)
    return flat


def build_owner_patch(stored: Mapping[str, Any], owner: Owner, new: OwnerWrite) -> Json:
    """Return what makes one owner's fields of a held document these and no others."""
    flat = {name: new.fields.get(name) for name in _NAMES[owner]}
    for name in _OBJECTS & flat.keys():
        flat[name] = _build_object_patch(stored.get(name), flat[name])
    flat[WRITTEN[owner]] = new.number
    if owner is Owner.HEALTH:
        flat[SEARCH_HEALTH] = to_health_band(new.fields.get("health_score")).value
    return flat


def build_collision_id(identifier: str, name_normalized: str) -> str:
    """Return what a document is kept under whose own id another project's document has."""
    return f"{identifier} of {name_normalized}"


def get_canonical_id(flat: Mapping[str, Any]) -> str:
    """Return the id that a document has by its name and version, whatever it is kept under."""
    kept_under: str = flat["id"]
    identifier: str = flat.get("identifier", kept_under)
    return identifier if kept_under == build_collision_id(identifier, flat.get("name_normalized", "")) else kept_under


def parse_registry_fields(line: bytes, collection: str) -> RegistryFields:
    """Return the registry's fields of a document; raises `Invalid` where an older program has made it."""
    registry = _parse_registry_fields(line, collection)
    if _LINK_ORDER_KEY in line:
        links, order = registry.project_urls, _ORDERED.decode(line).project_urls_order
        registry = replace(registry, project_urls={label: links[label] for label in order if label in links})
    if registry.id == build_collision_id(registry.identifier, registry.name_normalized):
        return replace(registry, id=registry.identifier)
    return registry


def _to_flat(registry: RegistryFields) -> Json:
    labels = list(registry.project_urls)
    flat: Json = to_builtins(registry)
    return flat | {LINK_ORDER: labels if labels != sorted(labels) else None}


def _parse_registry_fields(line: bytes, collection: str) -> RegistryFields:
    try:
        return decode_registry_fields(line)
    except ValidationError:
        try:
            return convert(_drop_nulls(decode(line)), RegistryFields)
        except ValidationError as error:
            raise Invalid(
                f"a document in {collection} is not of this schema ({error}): make the collection anew with "
                "--recreate-collection"
            ) from error


def to_enrichments(others: Mapping[Owner, OwnerWrite]) -> Enrichments:
    """Return what other owners have written, by its types."""
    return Enrichments(**{owner.value: convert(each.fields, _STRUCTS[owner]) for owner, each in others.items()})


def to_document(registry: RegistryFields, others: Enrichments) -> Document:
    """Return a document as readers see it."""
    return Document(registry=registry, repository=others.repository, downloads=others.downloads, health=others.health)


def _build_object_patch(old: object, new: object) -> object:
    """Return what has to be merged into one value to make another of it."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {key: _build_object_patch(old[key], new.get(key)) if key in old else new[key] for key in old | new}


def _drop_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drop_nulls(item) for key, item in value.items() if item is not None}
    return value
