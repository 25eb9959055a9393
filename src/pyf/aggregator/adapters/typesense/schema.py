"""The schema of a Typesense collection, made from the declared fields, and how far a collection is from it."""

from collections.abc import Iterable, Mapping
from typing import Any

from ...domain.documents.schema import Field, Owner, iter_fields

Json = dict[str, Any]

# Clients of this schema find `plone.api` by `api`.
TOKEN_SEPARATORS = (".", "-", "_")

# When another owner's fields of a project were written last, as a growing number; it decides which ones are newer.
WRITTEN: dict[Owner, str] = {owner: f"written_{owner}" for owner in Owner if owner is not Owner.REGISTRY}

# What the newest document of a project carries to be found by; `searched` tells what is in there.
TERMS, RUNS, REQUIRES = "search_terms", "search_runs", "search_requires"
FRAMEWORKS, PYTHONS, PAIRS = "search_framework_versions", "search_python_versions", "search_versions"
BAND, ORDER, FORM = "search_health", "search_order", "search_form"
SEARCHED = (TERMS, RUNS, REQUIRES, FRAMEWORKS, PYTHONS, PAIRS, BAND, ORDER, FORM)

# What must not differ between the schema that we want and the one that is there.
_DECIDING = ("type", "index", "facet", "sort")


def declared() -> list[Json]:
    """Return the fields of a new collection.

    Objects are stored without being declared: the engine would take their keys, which people make up, for fields.
    The id needs no declaration, and `identifier` is the same to search and to count by.
    """
    ours = [_stored(name, "int64") for name in WRITTEN.values()]
    registry = [_field(field) for field in iter_fields() if field.name != "id" and not is_object(field)]
    return registry + ours + _searched()


def is_object(field: Field) -> bool:
    """Tell whether a field holds keys and values, or a list of such."""
    return field.kind.startswith("object")


def lacking(there: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Return the declared fields that a collection with these fields lacks, as they can be added to documents."""
    names = {field["name"] for field in there}
    return [{**field, "optional": True} for field in declared() if field["name"] not in names]


def differing(there: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of fields that are there and are not as declared; that can't be changed in place."""
    known = {field["name"]: field for field in there}
    return [
        field["name"]
        for field in declared()
        if field["name"] in known
        and any(known[field["name"]].get(each) != field[each] for each in _DECIDING if each in field)
    ]


def _field(field: Field) -> Json:
    if field.use.stored_only:
        return _stored(field.name, field.kind)
    return {
        "name": field.name,
        "type": field.kind,
        "index": True,
        "facet": field.use.facet,
        # The engine sorts by every number and every truth value, asked to or not.
        "sort": field.use.sort or field.kind in ("int64", "float", "bool"),
        # Other owners' fields come after the document.
        "optional": field.optional or field.owner is not Owner.REGISTRY,
    }


def _searched() -> list[Json]:
    common = {"index": True, "facet": False, "sort": False, "optional": True}
    texts = [{"name": name, "type": "string[]", **common} for name in (TERMS, RUNS, REQUIRES, PAIRS)]
    counted = [{"name": name, "type": "string[]", **common, "facet": True} for name in (FRAMEWORKS, PYTHONS)]
    return [
        *texts,
        *counted,
        {"name": BAND, "type": "string", **common, "facet": True},
        {"name": ORDER, "type": "string", **common, "sort": True},
        {"name": FORM, "type": "int64", **common, "sort": True},
    ]


def _stored(name: str, kind: str) -> Json:
    # The engine demands that what it does not index is optional.
    return {"name": name, "type": kind, "index": False, "optional": True}
