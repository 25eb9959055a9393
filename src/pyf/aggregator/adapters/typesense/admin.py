"""Makes, names and deletes the collections of a Typesense server, and gives out the right to rewrite one."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

from ...domain.batching import split_into_batches
from ...domain.collection import CollectionInfo, CollectionState
from ...domain.documents.schema import Owner
from ...domain.errors import Invalid, NotFound
from ...ports import Rejection
from ..collection_names import validate_collection_name
from . import legacy
from .client import Server
from .collections import (
    Aliases,
    Collections,
    Found,
    copy_foreign_settings,
    created_at,
    first_metadata,
    is_internal,
    metadata_of,
)
from .leases import Leases
from .package_states import counts, names_in
from .packages import Projects
from .retry import Taken
from .schema import TOKEN_SEPARATORS, build_fields
from .search_preset import put_search_preset
from .serialization import Written, latest, newer
from .tombstones import Tombstones

# Whose fields are carried from a collection to the one that takes its place; scores follow from the documents.
_CARRIED = frozenset((Owner.REPOSITORY, Owner.DOWNLOADS))

# Projects whose enrichments are compared in one step.
_AT_ONCE = 500


class TypesenseAdmin:
    """The port `IndexAdmin` on a Typesense server.

    The server lets an alias lead to a collection that is not there: such an alias counts as not there either.
    """

    def __init__(
        self,
        server: Server,
        collections: Collections,
        leases: Leases,
        projects: Projects,
        tombstones: Tombstones,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._server = server
        self._collections = collections
        self._leases = leases
        self._aliases = Aliases(server)
        self._tombstones = tombstones
        self._projects = projects
        self._now = now

    def create(self, collection: str, state: CollectionState, *, alias: str = "") -> None:
        if found := self._collections.find(validate_collection_name(collection)):
            kind = "a collection" if found.name == collection else "an alias"
            raise Invalid(f"there is {kind} {collection} already")
        # Both would have outlived a collection of that name whose deletion was cut short.
        self._aliases.drop(collection)
        self._tombstones.drop(collection)
        leads_somewhere = bool(alias) and self._check_alias(alias, of=collection)
        if alias and not leads_somewhere:
            self._aliases.point(alias, collection)  # with the collection it begins to lead somewhere, in one step
        self._create(collection, state)
        if leads_somewhere:
            self._aliases.point(alias, collection)

    def drop(self, collection: str) -> None:
        self._delete(self._itself(collection).name)
        self._drop_companions(collection)

    def set_alias(self, alias: str, collection: str) -> None:
        found = self._itself(collection)
        self._check_alias(alias, of=collection)
        self._aliases.point(alias, found.name)

    @property
    def replaces_atomically(self) -> bool:
        return False  # the server takes no alias of a collection's name

    def replace_with_alias(self, collection: str, successor: str) -> None:
        self._itself(successor)
        there = self.resolve(validate_collection_name(collection))
        if collection == successor or there not in (None, collection, successor):
            raise Invalid(f"{collection} is an alias of {there}: name the collection itself")
        if there == collection:
            self.copy_enrichments(collection, successor)
            self._delete(collection)
        self._aliases.point(collection, successor)
        self._drop_companions(collection)  # not before: readers of the name are waiting

    def copy_enrichments(self, source: str, target: str) -> None:
        from_, to = (self._collections.existing(name) for name in (source, target))
        if not to.is_native:  # it can't be written to; whoever asks has only begun to replace it
            return
        there = sorted(names_in(self._server, to))
        of_another = None if from_.is_native else legacy.told_in(self._server, from_)
        for names in split_into_batches(there, _AT_ONCE):
            others = self._others(from_.name, names) if of_another is None else of_another
            present = self._others(to.name, others.keys() & set(names))
            pick = newer if of_another is None else legacy.differing
            later = {name: _carried(pick(others[name], each)) for name, each in present.items()}
            self._projects.bring(to.name, {name: each for name, each in later.items() if each})
        self._copy_tombstones(from_, to, set(there))

    def copy_packages(self, source: str, target: str, names: Collection[str]) -> Sequence[Rejection]:
        return self._projects.copy(self._collections.ours(source).name, self._collections.writable(target).name, names)

    def copy_foreign_settings(self, source: str, target: str, *, with_values: bool) -> Sequence[str]:
        from_, to = (self._collections.existing(name) for name in (source, target))
        return copy_foreign_settings(self._server, from_, to, with_values=with_values)

    def copy_tombstones(self, source: str, target: str) -> None:
        from_, to = (self._collections.existing(name) for name in (source, target))
        self._copy_tombstones(from_, to, None)

    def list_collections(self) -> Sequence[CollectionInfo]:
        # With their fields, because one that we have not made may lack what projects are counted by.
        listed: Any = self._server.ask(lambda client: client.collections.retrieve())
        found = {
            schema["name"]: collection
            for schema in listed
            if (collection := Found(schema["name"], schema)).holds_packages and not is_internal(collection.name)
        }
        aliases, projects = self._aliases.by_collection(), counts(self._server, found.values())
        return [
            CollectionInfo(
                name=name,
                aliases=tuple(sorted(aliases.get(name, ()))),
                projects=projects[name],
                documents=found[name].schema["num_documents"],
                created_at=created_at(found[name].schema),
                is_native=found[name].is_native,
            )
            for name in sorted(found)
            if name in projects
        ]

    def resolve(self, name: str) -> str | None:
        found = self._collections.find(name)
        return found.name if found else None

    def foreign_fields(self, collection: str) -> Sequence[str] | None:
        return legacy.unknown_fields(self._collections.existing(collection))

    def put_search_preset(self, name: str) -> None:
        put_search_preset(self._server, validate_collection_name(name))

    def get_location(self) -> str:
        return self._server.address

    def get_size(self) -> int | None:
        return None  # the server tells what its machine uses, whatever for, and nothing of its collections

    def lock(self, collection: str) -> AbstractContextManager[None]:
        return self._leases.held(
            *dict.fromkeys((validate_collection_name(collection), self.resolve(collection) or collection))
        )

    def _copy_tombstones(self, source: Found, target: Found, held: set[str] | None) -> None:
        tombstones = self._tombstones.all(source.name)
        if tombstones:
            held = names_in(self._server, target) if held is None else held
            self._tombstones.add(target.name, [each for each in tombstones if each.name not in held])

    def _create(self, collection: str, state: CollectionState) -> None:
        metadata = first_metadata(state, int(self._now()))
        schema: Any = {
            "name": collection,
            "fields": build_fields(),
            "token_separators": list(TOKEN_SEPARATORS),
            "metadata": metadata,
        }
        try:
            self._server.ask(lambda client: client.collections.create(schema))
        except Taken as error:
            # By our own first attempt, the answer of which was lost, or by somebody who was quicker.
            found = self._collections.existing(collection)
            if metadata_of(found.schema) != metadata or found.schema["num_documents"]:
                raise Invalid(f"there is a collection {collection} already") from error

    def _delete(self, collection: str) -> None:
        with suppress(NotFound):  # our first attempt, the answer of which was lost
            self._server.ask(lambda client: client.collections[collection].delete())

    def _drop_companions(self, collection: str) -> None:
        """Delete what belonged to a collection that is gone: its tombstones, and the aliases that led to it."""
        self._tombstones.drop(collection)
        for alias in self._aliases.by_collection().get(collection, ()):
            self._aliases.drop(alias)

    def _others(self, collection: str, names: Iterable[str]) -> dict[str, dict[Owner, Written]]:
        """Return what other owners have written last of those of the projects that are there."""
        held = self._projects.before_writing(collection, names, _CARRIED)
        return {name: latest(documents.values()) for name, documents in held.items()}

    def _itself(self, collection: str) -> Found:
        """Return a collection that is named by its own name."""
        found = self._collections.existing(collection)
        if found.name != collection:
            raise Invalid(f"{collection} is an alias of {found.name}: name the collection itself")
        return found

    def _check_alias(self, alias: str, *, of: str) -> bool:
        """Raise `Invalid` for an alias that is a collection; tell whether it leads to one now."""
        found = self._collections.find(validate_collection_name(alias))
        if alias == of or (found and found.name == alias):
            raise Invalid(f"there is a collection {alias}: an alias can't have its name")
        return found is not None


def _carried(written: Mapping[Owner, Written]) -> dict[Owner, Written]:
    return {owner: each for owner, each in written.items() if owner in _CARRIED}
