"""Takes over what another program of this schema, an older one above all, has found out about projects.

Such a program names no last write and may have enriched any one release of a project, under any spelling of its name;
its numbers may be of another kind.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.json import decode

from ....domain.schema import Field, Owner, fields
from ....domain.version import order
from .census import name_of
from .collections import Found
from .flat import Written
from .lines import export_of
from .schema import Json, declared
from .server import Server

# Whose fields can be taken over, and which of these tell, in this order, when they were read.
_MOMENTS = {
    Owner.REPOSITORY: ("github_checked", "github_updated"),
    Owner.DOWNLOADS: ("download_checked", "download_updated"),
}
_FIELDS = {owner: tuple(field for field in fields() if field.owner is owner) for owner in _MOMENTS}
_ASKED = ("name", "name_normalized", "version", *(field.name for of_owner in _FIELDS.values() for field in of_owner))

_INT64 = range(-(2**63), 2**63)


class _Told(Struct, frozen=True):
    """One document's fields of an owner, and how much they count: read later first, then of the higher release."""

    rank: tuple[Any, ...]
    fields: Json


def unknown_fields(found: Found) -> tuple[str, ...] | None:
    """Return the fields of a collection that are not of our schema, None for a collection of ours."""
    if "name_normalized" in found.fields:
        return None
    known = {"id", *(field.name for field in fields()), *(field["name"] for field in declared())}
    roots = {name.partition(".")[0] for name in found.fields if name != ".*"}
    return tuple(sorted(roots - known - {""}))


def told_in(server: Server, found: Found) -> dict[str, dict[Owner, Written]]:
    """Return by normalised name what a collection of another program tells of each project beside the registry."""

    def gather(lines: Iterator[bytes]) -> dict[str, dict[Owner, _Told]]:
        told: dict[str, dict[Owner, _Told]] = {}
        for flat in map(decode, lines):
            of_project = told.setdefault(name_of(flat), {})
            for owner, each in _told(flat):
                if owner not in of_project or of_project[owner].rank < each.rank:
                    of_project[owner] = each
        return told

    gathered = server.read(export_of(found.name), {"include_fields": ",".join(_ASKED)}, gather)
    return {
        name: {owner: Written(0, each.fields) for owner, each in of_project.items()}
        for name, of_project in gathered.items()
    }


def differing(theirs: Mapping[Owner, Written], ours: Mapping[Owner, Written]) -> dict[Owner, Written]:
    """Return what of theirs is missing, or was taken over before and is another by now; never what we wrote since."""
    return {
        owner: each
        for owner, each in theirs.items()
        if owner not in ours or (ours[owner].number == 0 and ours[owner].fields != each.fields)
    }


def _told(flat: Json) -> Iterator[tuple[Owner, _Told]]:
    for owner, of_owner in _FIELDS.items():
        own = {field.name: value for field in of_owner if (value := _fitting(flat.get(field.name), field)) is not None}
        if own:
            moment = next((own[name] for name in _MOMENTS[owner] if name in own), 0)
            yield owner, _Told((moment, order(str(flat.get("version") or ""))), own)


def _fitting(value: Any, field: Field) -> Any:
    """Return a value as our schema has it, None where it can't be understood."""
    if field.kind.endswith("[]"):
        return value if isinstance(value, list) and all(isinstance(each, str) for each in value) else None
    return _AS_KIND[field.kind](value)


def _integer(value: Any) -> int | None:
    """Return a whole number, which may be written as a float or as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = value if isinstance(value, int) else int(float(value))
    except (ValueError, OverflowError):
        return None
    return number if number in _INT64 else None


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _counts(value: Any) -> dict[str, int] | None:
    """Return the one object that can be taken over: numbers by month."""
    if not isinstance(value, dict):
        return None
    counts = {str(key): number for key, each in value.items() if (number := _integer(each)) is not None}
    return counts or None


_AS_KIND: dict[str, Callable[[Any], Any]] = {
    "int64": _integer,
    "float": _float,
    "string": _text,
    "bool": _truth,
    "object": _counts,
}
