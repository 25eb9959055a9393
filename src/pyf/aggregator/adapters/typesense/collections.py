"""Find collections by name or alias, update their schemas, and read and write their metadata.

Companion collections hold data of a collection that is no document. Their names begin with an underscore, which the
names that users may give do not.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from msgspec import Struct
from msgspec.json import decode

from ...domain.collection import CollectionState, is_collection_name
from ...domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ...domain.membership.profile import Filter
from ..encoding import encode_json
from .bulk import quote_for_path
from .client import Server
from .leases import Leases
from .schema import Json, build_fields, list_changes, list_type_conflicts


class Aliases:
    """All aliases of a server. An alias may point to a collection that does not exist."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def set_alias(self, alias: str, collection: str) -> None:
        """Create or change an alias, in one step."""
        self._server.request(lambda client: client.aliases.upsert(alias, {"collection_name": collection}))

    def delete(self, alias: str) -> None:
        """Delete an alias, if it exists."""
        with suppress(NotFound):
            self._server.request(lambda client: client.aliases[alias].delete())

    def list_by_collection(self) -> dict[str, list[str]]:
        """Return the aliases that point to each collection."""
        aliases: dict[str, list[str]] = {}
        for alias in self._server.request(lambda client: client.aliases.retrieve())["aliases"]:
            aliases.setdefault(alias["collection_name"], []).append(alias["name"])
        return aliases


_STATE = "pyf_state"
_CREATED_AT = "pyf_created_at"
_INTERNAL = "_pyf_"
_TOMBSTONES = f"{_INTERNAL}tombstones"


class CollectionRef(Struct, frozen=True):
    """A collection by its own name, with its schema."""

    name: str
    schema: Json

    @property
    def field_names(self) -> frozenset[str]:
        """The names of the declared fields."""
        return frozenset(field["name"] for field in self.schema["fields"])

    def is_facet(self, name: str) -> bool:
        """Return whether a field is a facet."""
        return any(field["name"] == name and field.get("facet") for field in self.schema["fields"])

    @property
    def is_native(self) -> bool:
        """Whether its documents can be requested by package, like those of this program."""
        return {"name", "version", "name_normalized"} <= self.field_names

    @property
    def holds_packages(self) -> bool:
        """Whether its documents are packages, like those of this program and of older programs with this schema."""
        return {"name", "version"} <= self.field_names


class Collections:
    """The collections of a server with names that users may give."""

    def __init__(self, server: Server, leases: Leases) -> None:
        self._server = server
        self._leases = leases

    def find_collection(self, name: str) -> CollectionRef | None:
        """Return the collection that a name or an alias points to, None if there is none."""
        self._leases.check()
        if not is_collection_name(name):
            return None
        try:
            schema: Any = self._server.request(lambda client: client.collections[name].retrieve())
        except NotFound:
            return None
        return CollectionRef(schema["name"], schema)

    def require_collection(self, name: str) -> CollectionRef:
        """Return the collection that a name or an alias points to; raises `NotFound` if there is none."""
        found = self.find_collection(name)
        if found is None:
            raise NotFound(f"there is no collection {name} on {self._server.address}")
        return found

    def require_native(self, name: str) -> CollectionRef:
        """Return a collection of this program; raises `Invalid` for one of another program."""
        found = self.require_collection(name)
        if not found.is_native:
            raise Invalid(
                f"the collection {found.name} was made by another program, whose documents are not of this schema. To "
                f"take over one that holds packages, run: pyf collection rebuild {name} --from-pypi -p PROFILE"
            )
        return found

    def find_same(self, real_name: str, name: str) -> CollectionRef:
        """Return the collection of a listing that has begun, or the one that has replaced it."""
        return self.find_collection(real_name) or self.require_collection(name)

    def require_writable(self, name: str) -> CollectionRef:
        """Return a collection that takes documents of the current schema; missing fields are added to it.

        Raises:
            Invalid: A field has another type, or the collection is another program's.
        """
        found = self.require_native(name)
        if conflicts := list_type_conflicts(found.schema["fields"]):
            raise Invalid(
                f"collection {found.name} has another schema ({', '.join(conflicts)}), which can't be changed in "
                f"place; run: pyf collection rebuild {name} --from-pypi"
            )
        if missing := list_changes(found.schema["fields"]):
            self._add_fields(found.name, missing)
        return found

    def set_state(self, found: CollectionRef, state: CollectionState) -> None:
        """Replace the state of a collection."""
        metadata = get_metadata(found.schema) | {_STATE: encode_json(state).decode()}
        change: Any = {"metadata": metadata}
        self._server.request(lambda client: client.collections[found.name].update(change))

    def _add_fields(self, name: str, fields: list[Json]) -> None:
        change: Any = {"fields": fields}
        try:
            self._server.request(lambda client: client.collections[name].update(change))
        except Invalid as error:
            # Another process may have added them, or a first attempt of this request whose response was lost.
            if list_changes(self.require_collection(name).schema["fields"]):
                raise Unavailable(f"the schema of {name} can't be changed at the moment: {error}") from error


def get_metadata(schema: Json) -> Json:
    """Return the metadata of a collection, that of other programs included."""
    metadata: Json = schema.get("metadata") or {}
    return metadata


def get_foreign_metadata(schema: Json) -> Json:
    """Return the metadata that other programs have written."""
    return {name: value for name, value in get_metadata(schema).items() if name not in (_STATE, _CREATED_AT)}


def build_metadata(state: CollectionState, created_at: int) -> Json:
    """Build the metadata of a new collection."""
    return {_STATE: encode_json(state).decode(), _CREATED_AT: created_at}


def parse_state(schema: Json) -> CollectionState:
    """Return the state of a collection; another program's has no filter and no cursor."""
    state = get_metadata(schema).get(_STATE)
    # As text: the engine may merge the keys of an object with stored ones.
    return decode(state, type=CollectionState) if isinstance(state, str) else CollectionState(filter=Filter())


def get_creation_time(schema: Json) -> int:
    """Return when a collection was created, in Unix seconds."""
    metadata = get_metadata(schema)
    return int(metadata[_CREATED_AT] if _CREATED_AT in metadata else schema["created_at"])


def build_tombstones_name(name: str) -> str:
    """Return the name of the companion for the tombstones of a collection."""
    return f"{_TOMBSTONES}.{name}"


def is_internal(name: str) -> bool:
    """Return whether a collection is a companion, which no listing shows."""
    return name.startswith(_INTERNAL)


# Settings that only a new collection can get; this program uses none of them.
_CREATION_SETTINGS = ("default_sorting_field", "enable_nested_fields", "symbols_to_index")


def copy_foreign_settings(
    server: Server, source: CollectionRef, target: CollectionRef, *, with_values: bool
) -> list[str]:
    """Copy the settings of a collection that this program did not make; return a notice for each that is not copied."""
    fields = _list_foreign_fields(source)
    notices = [
        f"{source.name} has {name} {source.schema[name]}, which {target.name} does not have"
        for name in _CREATION_SETTINGS
        if source.schema.get(name) and source.schema[name] != target.schema.get(name)
    ]
    if fields and not with_values:
        names = ", ".join(field["name"] for field in fields)
        notices.append(
            f"{target.name} has no values of the fields {names}, which another program added to {source.name}"
        )
    for label, method, path, body in _build_requests(server, source, target, fields):
        try:
            server.request(lambda client, call=(method, path, body): _send(client, *call))  # type: ignore[misc]
        except AggregatorError as error:
            notices.append(f"{label} of {source.name} can't be copied to {target.name}: {error}")
    return notices


def _list_foreign_fields(source: CollectionRef) -> list[Json]:
    known = {field["name"] for field in build_fields()} | {"id", ".*"}
    return [field for field in source.schema["fields"] if source.is_native and field["name"] not in known]


def _build_requests(
    server: Server, source: CollectionRef, target: CollectionRef, fields: list[Json]
) -> Iterator[tuple[str, str, str, Json]]:
    """Yield a label for each setting, and the method, path and body of the request that copies it."""
    collection = f"/collections/{target.name}"
    for field in fields:
        yield f"the field {field['name']}", "patch", collection, {"fields": [{**field, "optional": True}]}
    if metadata := get_foreign_metadata(source.schema):
        yield "metadata", "patch", collection, {"metadata": target.schema.get("metadata", {}) | metadata}
    for kind in ("synonyms", "overrides"):
        for setting in _list_settings(server, source.name, kind):
            path = f"{collection}/{kind}/{quote_for_path(setting['id'])}"
            yield f"{kind.removesuffix('s')} {setting['id']}", "put", path, setting


def _list_settings(server: Server, collection: str, kind: str) -> list[Json]:
    try:
        listed: Any = server.request(
            lambda client: client.api_call.get(f"/collections/{collection}/{kind}", dict, as_json=True)
        )
    except NotFound:  # from version 30 on they are settings of the server
        return []
    found: list[Json] = listed.get(kind, [])
    return found


def _send(client: Any, method: str, path: str, body: Json) -> None:
    send = client.api_call.put if method == "put" else client.api_call.patch
    send(path, entity_type=dict, body=body)
