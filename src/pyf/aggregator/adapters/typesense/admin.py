"""Makes, names and deletes the collections of a Typesense server, and gives out the right to rewrite one."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

from ...domain.batching import split_into_batches
from ...domain.collection import CollectionInfo, CollectionState, validate_collection_name
from ...domain.documents.schema import Owner
from ...domain.errors import Invalid, NotFound
from ...ports import Rejection
from . import legacy
from .client import Server
from .collections import (
    Aliases,
    CollectionRef,
    Collections,
    build_metadata,
    copy_foreign_settings,
    get_creation_time,
    get_metadata,
    is_internal,
)
from .leases import Leases
from .package_states import count_packages, list_package_names
from .packages import PackageStore
from .retry import AlreadyExists
from .schema import TOKEN_SEPARATORS, build_fields
from .search_preset import put_search_preset
from .serialization import OwnerWrite, find_latest_writes, find_newer_writes
from .tombstones import Tombstones

# Whose fields are carried from a collection to the one that takes its place; scores follow from the documents.
_COPIED_OWNERS = frozenset((Owner.REPOSITORY, Owner.DOWNLOADS))

# Projects whose enrichments are compared in one step.
_BATCH = 500


class TypesenseAdmin:
    """The port `IndexAdmin` on a Typesense server.

    The server lets an alias lead to a collection that is not there: such an alias counts as not there either.
    """

    def __init__(
        self,
        server: Server,
        collections: Collections,
        leases: Leases,
        projects: PackageStore,
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
        if found := self._collections.find_collection(validate_collection_name(collection)):
            kind = "a collection" if found.name == collection else "an alias"
            raise Invalid(f"there is {kind} {collection} already")
        # Both would have outlived a collection of that name whose deletion was cut short.
        self._aliases.delete(collection)
        self._tombstones.drop(collection)
        leads_somewhere = bool(alias) and self._check_alias(alias, of=collection)
        if alias and not leads_somewhere:
            self._aliases.set_alias(alias, collection)  # with the collection it begins to lead somewhere, in one step
        self._create(collection, state)
        if leads_somewhere:
            self._aliases.set_alias(alias, collection)

    def drop(self, collection: str) -> None:
        self._delete(self._require_by_own_name(collection).name)
        self._drop_companions(collection)

    def set_alias(self, alias: str, collection: str) -> None:
        found = self._require_by_own_name(collection)
        self._check_alias(alias, of=collection)
        self._aliases.set_alias(alias, found.name)

    def drop_alias(self, alias: str) -> None:
        if not any(alias in aliases for aliases in self._aliases.list_by_collection().values()):
            raise NotFound(f"there is no alias {alias}")
        self._aliases.delete(alias)

    @property
    def replaces_atomically(self) -> bool:
        return False  # the server takes no alias of a collection's name

    def replace_with_alias(self, collection: str, successor: str) -> None:
        self._require_by_own_name(successor)
        there = self.resolve(validate_collection_name(collection))
        if collection == successor or there not in (None, collection, successor):
            raise Invalid(f"{collection} is an alias of {there}: use the name of the collection")
        if there == collection:
            self.copy_enrichments(collection, successor)
            self._delete(collection)
        self._aliases.set_alias(collection, successor)
        self._drop_companions(collection)  # not before: readers of the name are waiting

    def copy_enrichments(self, source: str, target: str) -> None:
        from_, to = (self._collections.require_collection(name) for name in (source, target))
        if not to.is_native:  # it can't be written to; whoever asks has only begun to replace it
            return
        there = sorted(list_package_names(self._server, to))
        of_another = None if from_.is_native else legacy.read_legacy_enrichments(self._server, from_)
        for names in split_into_batches(there, _BATCH):
            others = self._read_latest_writes(from_.name, names) if of_another is None else of_another
            present = self._read_latest_writes(to.name, others.keys() & set(names))
            pick = find_newer_writes if of_another is None else legacy.find_changed_enrichments
            later = {name: _select_copied(pick(others[name], each)) for name, each in present.items()}
            self._projects.update_owners(to.name, {name: each for name, each in later.items() if each})
        self._copy_tombstones(from_, to, set(there))

    def copy_packages(self, source: str, target: str, names: Collection[str]) -> Sequence[Rejection]:
        return self._projects.copy(
            self._collections.require_native(source).name, self._collections.require_writable(target).name, names
        )

    def copy_foreign_settings(self, source: str, target: str, *, with_values: bool) -> Sequence[str]:
        from_, to = (self._collections.require_collection(name) for name in (source, target))
        return copy_foreign_settings(self._server, from_, to, with_values=with_values)

    def copy_tombstones(self, source: str, target: str) -> None:
        from_, to = (self._collections.require_collection(name) for name in (source, target))
        self._copy_tombstones(from_, to, None)

    def list_collections(self) -> Sequence[CollectionInfo]:
        # With their fields, because one that we have not made may lack what projects are counted by.
        listed: Any = self._server.request(lambda client: client.collections.retrieve())
        found = {
            schema["name"]: collection
            for schema in listed
            if (collection := CollectionRef(schema["name"], schema)).holds_packages and not is_internal(collection.name)
        }
        aliases, projects = self._aliases.list_by_collection(), count_packages(self._server, found.values())
        return [
            CollectionInfo(
                name=name,
                aliases=tuple(sorted(aliases.get(name, ()))),
                projects=projects[name],
                documents=found[name].schema["num_documents"],
                created_at=get_creation_time(found[name].schema),
                is_native=found[name].is_native,
            )
            for name in sorted(found)
            if name in projects
        ]

    def resolve(self, name: str) -> str | None:
        found = self._collections.find_collection(name)
        return found.name if found else None

    def foreign_fields(self, collection: str) -> Sequence[str] | None:
        return legacy.list_foreign_fields(self._collections.require_collection(collection))

    def put_search_preset(self, name: str) -> None:
        put_search_preset(self._server, validate_collection_name(name))

    def get_location(self) -> str:
        return self._server.address

    def get_size(self) -> int | None:
        return None  # the server tells what its machine uses, whatever for, and nothing of its collections

    def lock(self, collection: str) -> AbstractContextManager[None]:
        return self._leases.hold(
            *dict.fromkeys((validate_collection_name(collection), self.resolve(collection) or collection))
        )

    def _copy_tombstones(self, source: CollectionRef, target: CollectionRef, held: set[str] | None) -> None:
        tombstones = self._tombstones.list_tombstones(source.name)
        if tombstones:
            held = list_package_names(self._server, target) if held is None else held
            self._tombstones.add(target.name, [each for each in tombstones if each.name not in held])

    def _create(self, collection: str, state: CollectionState) -> None:
        metadata = build_metadata(state, int(self._now()))
        schema: Any = {
            "name": collection,
            "fields": build_fields(),
            "token_separators": list(TOKEN_SEPARATORS),
            "metadata": metadata,
        }
        try:
            self._server.request(lambda client: client.collections.create(schema))
        except AlreadyExists as error:
            # By our own first attempt, the answer of which was lost, or by somebody who was quicker.
            found = self._collections.require_collection(collection)
            if get_metadata(found.schema) != metadata or found.schema["num_documents"]:
                raise Invalid(f"there is a collection {collection} already") from error

    def _delete(self, collection: str) -> None:
        with suppress(NotFound):  # our first attempt, the answer of which was lost
            self._server.request(lambda client: client.collections[collection].delete())

    def _drop_companions(self, collection: str) -> None:
        """Delete what belonged to a collection that is gone: its tombstones, and the aliases that led to it."""
        self._tombstones.drop(collection)
        for alias in self._aliases.list_by_collection().get(collection, ()):
            self._aliases.delete(alias)

    def _read_latest_writes(self, collection: str, names: Iterable[str]) -> dict[str, dict[Owner, OwnerWrite]]:
        """Return what other owners have written last of those of the projects that are there."""
        held = self._projects.read_for_update(collection, names, _COPIED_OWNERS)
        return {name: find_latest_writes(documents.values()) for name, documents in held.items()}

    def _require_by_own_name(self, collection: str) -> CollectionRef:
        """Return a collection that is named by its own name."""
        found = self._collections.require_collection(collection)
        if found.name != collection:
            raise Invalid(f"{collection} is an alias of {found.name}: use the name of the collection")
        return found

    def _check_alias(self, alias: str, *, of: str) -> bool:
        """Raise `Invalid` for an alias that is a collection; tell whether it leads to one now."""
        found = self._collections.find_collection(validate_collection_name(alias))
        if alias == of or (found and found.name == alias):
            raise Invalid(f"there is a collection {alias}: an alias can't have its name")
        return found is not None


def _select_copied(written: Mapping[Owner, OwnerWrite]) -> dict[Owner, OwnerWrite]:
    return {owner: each for owner, each in written.items() if owner in _COPIED_OWNERS}
