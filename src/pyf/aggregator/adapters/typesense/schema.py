"""Build the schema of a Typesense collection from the declared fields, and compare collections with it."""

from collections.abc import Iterable, Mapping
from typing import Any

from ...domain.documents.schema import Field, Owner, iter_fields

Json = dict[str, Any]

# Clients of this schema find `plone.api` by `api`.
TOKEN_SEPARATORS = (".", "-", "_")

# The number of the last write of each other owner's fields of a package; the higher number is newer.
WRITTEN: dict[Owner, str] = {owner: f"written_{owner}" for owner in Owner if owner is not Owner.REGISTRY}

# The number of the last write of a document, by any owner: search indexes follow it.
WRITE_NUMBER = "written"

# The number of the write that made the document's content, which a copy in another collection keeps.
REVISION = "revision"

# The labels of a package's links in their order: the server sorts the keys of an object.
LINK_ORDER = "project_urls_order"

# Fields for clients that search the server. Only the newest release has the last two, with values of all releases.
SEARCH_NAMES, SEARCH_HEALTH = "search_names", "search_health"
SEARCH_FRAMEWORK_VERSIONS, SEARCH_PYTHON_VERSIONS = "search_framework_versions", "search_python_versions"
HELPER_FIELDS = (SEARCH_NAMES, SEARCH_HEALTH, SEARCH_FRAMEWORK_VERSIONS, SEARCH_PYTHON_VERSIONS)

# The index options of a field. They can be changed in place; its type can't.
_FLAGS = ("index", "facet", "sort", "infix", "stem")


def build_fields() -> list[Json]:
    """Return the fields of a new collection.

    Objects are stored without a declaration: the server would declare their keys, which authors choose, as fields.
    The id needs no declaration; `identifier` has the same value and can be searched and counted.
    """
    numbers = [_build_stored(name, "int64") for name in (*WRITTEN.values(), REVISION)]
    links = _build_stored(LINK_ORDER, "string[]")
    registry = [_build_field(field) for field in iter_fields() if field.name != "id" and not is_object(field)]
    return [*registry, *numbers, links, *_build_helper_fields()]


def is_object(field: Field) -> bool:
    """Return whether a field contains an object or a list of objects."""
    return field.kind.startswith("object")


def list_changes(present: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Return the changes that give these fields of a collection the declared indexes.

    A missing field is added; a field with other index options is dropped from the index and added again.
    """
    known = {field["name"]: field for field in present}
    changes: list[Json] = []
    for field in build_fields():
        name = field["name"]
        if name not in known:
            changes.append({**field, "optional": True})
        elif any(known[name].get(flag, False) != field[flag] for flag in _FLAGS if flag in field):
            changes += [{"name": name, "drop": True}, {**field, "optional": True}]
    return changes


def list_type_conflicts(present: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of fields whose type is not the declared one; that can't be changed in place."""
    known = {field["name"]: field["type"] for field in present}
    return [field["name"] for field in build_fields() if known.get(field["name"], field["type"]) != field["type"]]


def _build_field(field: Field) -> Json:
    if field.use.stored_only:
        return _build_stored(field.name, field.kind)
    texts = {"infix": field.use.infix, "stem": field.use.stem} if field.kind in ("string", "string[]") else {}
    return {
        "name": field.name,
        "type": field.kind,
        "index": True,
        "facet": bool(field.use.facet),
        # The server sorts by every number and boolean.
        "sort": field.use.sort or field.kind in ("int64", "float", "bool"),
        # Other owners write their fields after the document.
        "optional": field.optional or field.owner is not Owner.REGISTRY,
        **texts,
    }


def _build_helper_fields() -> list[Json]:
    common = {"index": True, "facet": False, "sort": False, "optional": True}
    return [
        {"name": WRITE_NUMBER, "type": "int64", **common, "sort": True},
        {"name": SEARCH_NAMES, "type": "string[]", **common},
        {"name": SEARCH_HEALTH, "type": "string", **common, "facet": True},
        {"name": SEARCH_FRAMEWORK_VERSIONS, "type": "string[]", **common, "facet": True},
        {"name": SEARCH_PYTHON_VERSIONS, "type": "string[]", **common, "facet": True},
    ]


def _build_stored(name: str, kind: str) -> Json:
    # The server requires that a field without an index is optional.
    return {"name": name, "type": kind, "index": False, "optional": True}
