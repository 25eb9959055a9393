"""Convert documents to and from the flat form that the server stores, and build patches for stored documents.

The server merges a patch into the stored document: a null deletes a field, and the keys of an object are merged one by
one, so a patch must name deleted keys. Objects therefore contain no nulls. The server also sorts the keys of an object;
a field of its own keeps the order of a package's links.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, ValidationError, convert, to_builtins
from msgspec.json import Decoder, decode
from msgspec.structs import replace

from ...domain.documents.document import Enrichments
from ...domain.documents.facets import FRAMEWORK, PYTHON, to_health_band
from ...domain.documents.github_fields import add_github_fields, upgrade_github_fields
from ...domain.documents.schema import OWNERS, Owner, ProjectFields, RegistryFields, iter_fields
from ...domain.errors import Invalid
from ...domain.relevance import Lexicon
from ...domain.relevance.names import build_name_forms
from ..encoding import build_initial_fields, decode_registry_fields, get_owner
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

# Names beyond these limits are not searched part by part.
_MAX_PARTS = 12
_MAX_LENGTH = 60


def build_search_fields(document: RegistryFields, releases: Iterable[RegistryFields], lexicon: Lexicon) -> Json:
    """Build the helper fields of a document from all releases of its package; None removes a field.

    They serve clients that search by the server, which knows no names without prefix and no versions of older releases.
    """
    versions: dict[str, list[str] | None] = dict.fromkeys((SEARCH_FRAMEWORK_VERSIONS, SEARCH_PYTHON_VERSIONS))
    if document.is_newest:
        every_release = list(releases)
        versions = {
            SEARCH_FRAMEWORK_VERSIONS: _merge_sorted(FRAMEWORK.read_values(release) for release in every_release),
            SEARCH_PYTHON_VERSIONS: _merge_sorted(PYTHON.read_values(release) for release in every_release),
        }
    return {SEARCH_NAMES: build_search_names(document.name_normalized, lexicon), **versions}


def build_search_names(name_normalized: str, lexicon: Lexicon) -> list[str]:
    """Build the words by which clients find a name: neighboring parts of it joined to one word."""
    forms, parts = build_name_forms(name_normalized, lexicon), name_normalized.split("-")
    words = forms.joined_segments if len(parts) <= _MAX_PARTS else {forms.whole, forms.core, *parts}
    return sorted({word[:_MAX_LENGTH] for word in words})


def _merge_sorted(groups: Iterable[Iterable[str]]) -> list[str]:
    return sorted({value for group in groups for value in group})


_STRUCTS: dict[Owner, Any] = {owner: struct for struct, owner in OWNERS.items()}
_NAMES = {owner: tuple(field.name for field in iter_fields() if field.owner is owner) for owner in Owner}
_OBJECTS = frozenset(field.name for field in iter_fields() if field.kind == "object")
_OPTIONAL = tuple(field.name for field in iter_fields() if field.owner is Owner.REGISTRY and field.optional)

# Fields that only writers of a package read.
NON_REGISTRY_FIELDS = (
    *(field.name for field in iter_fields() if field.owner is not Owner.REGISTRY and is_object(field)),
    *HELPER_FIELDS,
)


def list_fields_for_update(owners: Iterable[Owner]) -> tuple[str, ...]:
    """Return the names of the fields that must be known to replace the fields of these owners."""
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
    """The labels of a package's links in their order, if they are not sorted."""

    project_urls_order: tuple[str, ...]


_ORDERED = Decoder(_Ordered)
_LINK_ORDER_KEY = f'"{LINK_ORDER}"'.encode()


class OwnerWrite(Struct, frozen=True):
    """The fields of one owner by name, and the number of their write; 0 if an older program wrote them."""

    number: int
    fields: Json


def build_owner_write(value: ProjectFields, number: int) -> tuple[Owner, OwnerWrite]:
    """Build the write of an owner's fields."""
    fields: Json = to_builtins(value)
    return get_owner(value), OwnerWrite(number, add_github_fields(fields))


def build_initial_writes(initial: Enrichments) -> dict[Owner, OwnerWrite]:
    """Build the writes of initial fields, which are older than all other writes."""
    return dict(build_owner_write(value, 0) for value in build_initial_fields(initial))


def find_latest_writes(documents: Iterable[Mapping[str, Any]]) -> dict[Owner, OwnerWrite]:
    """Return the latest write of each owner but the registry, from all documents of a package."""
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
    """Return the writes of the source that are newer than those of the target, or missing there."""
    return {
        owner: write for owner, write in source.items() if owner not in target or write.number > target[owner].number
    }


def build_document(registry: RegistryFields, writes: Mapping[Owner, OwnerWrite]) -> Json:
    """Build a new document."""
    flat: Json = _to_flat(registry)
    for owner, write in writes.items():
        flat |= build_owner_patch({}, owner, write)
    return {name: value for name, value in flat.items() if value is not None}


def add_helper_fields(flat: Json, helper_fields: Json) -> Json:
    """Return a document with its helper fields."""
    band = {SEARCH_HEALTH: to_health_band(flat.get("health_score")).value}
    return flat | band | {name: value for name, value in helper_fields.items() if value is not None}


def build_replace_patch(
    stored: Mapping[str, Any], registry: RegistryFields, writes: Mapping[Owner, OwnerWrite]
) -> Json:
    """Build the patch that replaces the registry's fields, and other owners' fields with a newer write."""
    flat: Json = dict.fromkeys(_OPTIONAL) | _to_flat(registry)
    for name in _OBJECTS & flat.keys():
        flat[name] = _build_object_patch(stored.get(name), flat[name])
    for owner, write in writes.items():
        if write.number > stored.get(WRITTEN[owner], 0) or WRITTEN[owner] not in stored:
            flat |= build_owner_patch(stored, owner, write)
    return flat


def build_owner_patch(stored: Mapping[str, Any], owner: Owner, new: OwnerWrite) -> Json:
    """Build the patch that replaces the fields of one owner."""
    flat = {name: new.fields.get(name) for name in _NAMES[owner]}
    for name in _OBJECTS & flat.keys():
        flat[name] = _build_object_patch(stored.get(name), flat[name])
    flat[WRITTEN[owner]] = new.number
    if owner is Owner.HEALTH:
        flat[SEARCH_HEALTH] = to_health_band(new.fields.get("health_score")).value
    return flat


def build_collision_id(identifier: str, name_normalized: str) -> str:
    """Build the id for a document whose own id belongs to a document of another package."""
    return f"{identifier} of {name_normalized}"


def get_canonical_id(flat: Mapping[str, Any]) -> str:
    """Return the id that follows from name and version, which a collision may have changed."""
    stored_id: str = flat["id"]
    identifier: str = flat.get("identifier", stored_id)
    return identifier if stored_id == build_collision_id(identifier, flat.get("name_normalized", "")) else stored_id


def parse_registry_fields(line: bytes, collection: str) -> RegistryFields:
    """Parse the registry's fields of a document; raises `Invalid` for one of an older program."""
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
                f"a document in {collection} is not of this schema ({error}); run: "
                f"pyf collection rebuild {collection} --from-pypi"
            ) from error


def to_enrichments(writes: Mapping[Owner, OwnerWrite]) -> Enrichments:
    """Convert the writes of owners to typed fields."""
    fields = {owner: upgrade_github_fields(write.fields) for owner, write in writes.items()}
    return Enrichments(**{owner.value: convert(fields[owner], _STRUCTS[owner]) for owner in writes})


def _build_object_patch(old: object, new: object) -> object:
    """Build the patch that turns one value into another when it is merged."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {key: _build_object_patch(old[key], new.get(key)) if key in old else new[key] for key in old | new}


def _drop_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drop_nulls(item) for key, item in value.items() if item is not None}
    return value
