"""Take over the enrichments that an older program of this schema has collected.

Such a program does not number its writes, may have enriched any one release of a package under any spelling of its
name, and may have stored numbers as another type.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.json import decode

from ...domain.documents.github_fields import add_github_fields, upgrade_github_fields
from ...domain.documents.schema import Field, Owner, iter_fields
from ...domain.documents.version import to_order_key
from ...domain.errors import Invalid
from .bulk import build_export_path
from .client import Server
from .collections import CollectionRef
from .package_states import get_normalized_name
from .schema import Json, build_fields
from .serialization import OwnerWrite

# The owners whose fields can be taken over, and the fields that say when they were read, in this order.
_TIME_FIELDS = {
    Owner.REPOSITORY: ("repository_checked", "github_checked", "github_updated"),
    Owner.DOWNLOADS: ("download_checked", "download_updated"),
}
_FIELDS = {owner: tuple(field for field in iter_fields() if field.owner is owner) for owner in _TIME_FIELDS}
_REQUESTED_FIELDS = (
    "name",
    "name_normalized",
    "version",
    *(field.name for fields in _FIELDS.values() for field in fields),
)

_INT64 = range(-(2**63), 2**63)


class _LegacyValue(Struct, frozen=True):
    """A value of one document, and its rank: a value that was read later wins, then that of the higher release."""

    rank: tuple[Any, ...]
    value: Any


def list_foreign_fields(found: CollectionRef) -> tuple[str, ...] | None:
    """Return the fields of a collection that this schema lacks, None for a collection of this program.

    Raises:
        Invalid: The collection holds no packages.
    """
    if found.is_native:
        return None
    if not found.holds_packages:
        raise Invalid(f"the collection {found.name} holds no packages: its documents have no name, or no version")
    known = {"id", *(field.name for field in iter_fields()), *(field["name"] for field in build_fields())}
    roots = {name.partition(".")[0] for name in found.field_names if name != ".*"}
    return tuple(sorted(roots - known - {""}))


def read_legacy_enrichments(server: Server, found: CollectionRef) -> dict[str, dict[Owner, OwnerWrite]]:
    """Return what another program has collected about each package, by normalized name."""

    def gather(lines: Iterator[bytes]) -> dict[str, dict[Owner, dict[str, _LegacyValue]]]:
        packages: dict[str, dict[Owner, dict[str, _LegacyValue]]] = {}
        for flat in map(decode, lines):
            package = packages.setdefault(get_normalized_name(flat), {})
            for owner in _TIME_FIELDS:
                for field, value in _read_values(flat, owner):
                    values = package.setdefault(owner, {})
                    if field not in values or values[field].rank < value.rank:
                        values[field] = value
        return packages

    gathered = server.read_lines(build_export_path(found.name), {"include_fields": ",".join(_REQUESTED_FIELDS)}, gather)
    return {
        name: {
            owner: OwnerWrite(0, _complete_fields({field: value.value for field, value in values.items()}))
            for owner, values in package.items()
        }
        for name, package in gathered.items()
    }


def _complete_fields(fields: Json) -> Json:
    """Return the fields of an owner; a repository on GitHub has each under both of its names."""
    return add_github_fields(upgrade_github_fields(fields))


def find_changed_enrichments(
    source: Mapping[Owner, OwnerWrite], target: Mapping[Owner, OwnerWrite]
) -> dict[Owner, OwnerWrite]:
    """Return what the target lacks, or has taken over earlier and differs now; not what this program wrote since."""
    return {
        owner: write
        for owner, write in source.items()
        if owner not in target or (target[owner].number == 0 and target[owner].fields != write.fields)
    }


def _read_values(flat: Json, owner: Owner) -> Iterator[tuple[str, _LegacyValue]]:
    found = ((field.name, _convert_value(flat.get(field.name), field)) for field in _FIELDS[owner])
    own = {name: value for name, value in found if value is not None}
    moment = next((own[name] for name in _TIME_FIELDS[owner] if name in own), 0)
    rank = (moment, to_order_key(str(flat.get("version") or "")))
    return ((name, _LegacyValue(rank, value)) for name, value in own.items())


def _convert_value(value: Any, field: Field) -> Any:
    """Convert a value to the type of this schema; None if that is not possible."""
    if field.kind.endswith("[]"):
        return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None
    return _AS_KIND[field.kind](value)


def _parse_integer(value: Any) -> int | None:
    """Parse a whole number, which may be written as a float or as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = value if isinstance(value, int) else int(float(value))
    except (ValueError, OverflowError):
        return None
    return number if number in _INT64 else None


def _parse_float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _parse_text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _parse_bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _parse_counts(value: Any) -> dict[str, int] | None:
    """Parse the one object that can be taken over: numbers by month."""
    if not isinstance(value, dict):
        return None
    counts = {str(key): number for key, count in value.items() if (number := _parse_integer(count)) is not None}
    return counts or None


_AS_KIND: dict[str, Callable[[Any], Any]] = {
    "int64": _parse_integer,
    "float": _parse_float,
    "string": _parse_text,
    "bool": _parse_bool,
    "object": _parse_counts,
}
