"""Looks collections up by name or alias, changes their schema where that is needed, and keeps what they remember.

Companion collections hold what belongs to a collection and is no document. Their names begin with an underscore, which
no name that people may give does.
"""

from typing import Any

from msgspec import Struct
from msgspec.json import decode

from ....domain.collection import CollectionState
from ....domain.errors import Invalid, NotFound, Unavailable
from ....domain.profile import Filter
from ..encoding import encoded
from ..names import is_valid
from .leases import Leases
from .schema import Json, list_changes, list_type_conflicts
from .server import Server

_STATE = "pyf_state"
_CREATED_AT = "pyf_created_at"
_INTERNAL = "_pyf_"
_TOMBSTONES = f"{_INTERNAL}tombstones"


class Found(Struct, frozen=True):
    """A collection by its own name, with its schema as the server tells it."""

    name: str
    schema: Json

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields that can be asked for."""
        return frozenset(field["name"] for field in self.schema["fields"])

    def is_facet(self, name: str) -> bool:
        """Return whether values of a field can be counted."""
        return any(field["name"] == name and field.get("facet") for field in self.schema["fields"])

    @property
    def is_native(self) -> bool:
        """Whether its documents can be requested by package, as those that this program writes."""
        return {"name", "version", "name_normalized"} <= self.fields

    @property
    def holds_packages(self) -> bool:
        """Whether it holds packages at all, as those of older programs of this schema do."""
        return {"name", "version"} <= self.fields


class Collections:
    """The collections of a server that bear a name which people may give."""

    def __init__(self, server: Server, leases: Leases) -> None:
        self._server = server
        self._leases = leases

    def find(self, name: str) -> Found | None:
        """Return the collection that a name or an alias leads to, None if there is none."""
        self._leases.check()
        if not is_valid(name):
            return None
        try:
            schema: Any = self._server.ask(lambda client: client.collections[name].retrieve())
        except NotFound:
            return None
        return Found(schema["name"], schema)

    def existing(self, name: str) -> Found:
        """Return the collection that a name or an alias leads to; raises `NotFound` if there is none."""
        found = self.find(name)
        if found is None:
            raise NotFound(f"there is no collection {name} on {self._server.address}")
        return found

    def ours(self, name: str) -> Found:
        """Return a collection whose documents can be asked for by project; raises `Invalid` for another program's."""
        found = self.existing(name)
        if not found.is_native:
            raise Invalid(
                f"the collection {found.name} was made by another program, whose documents are not of this schema: "
                "pyfaggregator -f -p PROFILE --recreate-collection takes over one that holds packages"
            )
        return found

    def same(self, real_name: str, name: str) -> Found:
        """Return the collection that a listing is at; of one that a rebuild has replaced, its successor."""
        return self.find(real_name) or self.existing(name)

    def writable(self, name: str) -> Found:
        """Return a collection that takes documents of today's schema; fields that it lacks are added.

        Raises `Invalid` where that is not enough, and for a collection that is not ours: its documents would remain.
        """
        found = self.ours(name)
        if wrong := list_type_conflicts(found.schema["fields"]):
            raise Invalid(
                f"the collection {found.name} was made for another schema ({', '.join(wrong)}), which can't be "
                "changed in place: make it anew with -f --recreate-collection"
            )
        if missing := list_changes(found.schema["fields"]):
            self._add(found.name, missing)
        return found

    def remember(self, found: Found, state: CollectionState) -> None:
        """Replace what a collection remembers."""
        metadata = metadata_of(found.schema) | {_STATE: encoded(state).decode()}
        change: Any = {"metadata": metadata}
        self._server.ask(lambda client: client.collections[found.name].update(change))

    def _add(self, name: str, fields: list[Json]) -> None:
        change: Any = {"fields": fields}
        try:
            self._server.ask(lambda client: client.collections[name].update(change))
        except Invalid as error:
            # Another process may have done the same at this moment, or our first attempt whose answer was lost.
            if list_changes(self.existing(name).schema["fields"]):
                raise Unavailable(f"the schema of {name} can't be changed at the moment: {error}") from error


def metadata_of(schema: Json) -> Json:
    """Return what is kept with a collection, other people's included."""
    metadata: Json = schema.get("metadata") or {}
    return metadata


def foreign_metadata(schema: Json) -> Json:
    """Return the metadata that other programs have written."""
    return {name: value for name, value in metadata_of(schema).items() if name not in (_STATE, _CREATED_AT)}


def first_metadata(state: CollectionState, created_at: int) -> Json:
    """Return what a new collection is made with."""
    return {_STATE: encoded(state).decode(), _CREATED_AT: created_at}


def state_of(schema: Json) -> CollectionState:
    """Return what a collection remembers; one that we have not made remembers no filter and no cursor."""
    state = metadata_of(schema).get(_STATE)
    # As text: the engine may merge the keys of an object with those that are there.
    return decode(state, type=CollectionState) if isinstance(state, str) else CollectionState(filter=Filter())


def created_at(schema: Json) -> int:
    """Return when a collection was made, in Unix seconds."""
    metadata = metadata_of(schema)
    return int(metadata[_CREATED_AT] if _CREATED_AT in metadata else schema["created_at"])


def tombstones_of(name: str) -> str:
    """Return the companion that holds a collection's tombstones; it is made when the first one is due."""
    return f"{_TOMBSTONES}.{name}"


def is_internal(name: str) -> bool:
    """Tell whether a collection is one of ours that people do not see."""
    return name.startswith(_INTERNAL)
