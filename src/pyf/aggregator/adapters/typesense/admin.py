"""Create, copy, alias, lock and delete the collections of a Typesense server."""

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
from .keys import put_search_preset
from .leases import Leases
from .package_states import Tombstones, count_packages, list_package_names
from .packages import PackageStore
from .retry import AlreadyExists
from .schema import TOKEN_SEPARATORS, build_fields
from .serialization import OwnerWrite, find_latest_writes, find_newer_writes

# The owners whose fields are copied to a replacement; scores follow from its documents.
_COPIED_OWNERS = frozenset((Owner.REPOSITORY, Owner.DOWNLOADS, Owner.HISTORY))

# Packages whose enrichments are compared in one step.
_BATCH = 500


class TypesenseAdmin:
    """The port `IndexAdmin` on a Typesense server.

    The server lets an alias point to a collection that does not exist: such an alias counts as missing, too.
    """

    def __init__(
        self,
        server: Server,
        collections: Collections,
        leases: Leases,
        projects: PackageStore,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._server = server
        self._collections = collections
        self._leases = leases
        self._aliases = Aliases(server)
        self._tombstones = Tombstones(server)
        self._projects = projects
        self._now = now

    def create(self, collection: str, state: CollectionState, *, alias: str = "") -> None:
        if found := self._collections.find_collection(validate_collection_name(collection)):
            kind = "a collection" if found.name == collection else "an alias"
            raise Invalid(f"there is {kind} {collection} already")
        # An interrupted deletion of a collection of that name may have left both.
        self._aliases.delete(collection)
        self._tombstones.drop(collection)
        leads_somewhere = bool(alias) and self._check_alias(alias, of=collection)
        if alias and not leads_somewhere:
            self._aliases.set_alias(alias, collection)  # it takes effect when the collection is created
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
        return False  # the server allows no alias with the name of a collection

    def replace_with_alias(self, collection: str, successor: str) -> None:
        self._require_by_own_name(successor)
        real_name = self.resolve(validate_collection_name(collection))
        if collection == successor or real_name not in (None, collection, successor):
            raise Invalid(f"{collection} is an alias of {real_name}: use the name of the collection")
        if real_name == collection:
            self.copy_enrichments(collection, successor)
            self._delete(collection)
        self._aliases.set_alias(collection, successor)
        self._drop_companions(collection)  # last, because readers of the name are waiting

    def copy_enrichments(self, source: str, target: str) -> None:
        from_, to = (self._collections.require_collection(name) for name in (source, target))
        if not to.is_native:  # another program's collection can't be written to
            return
        package_names = sorted(list_package_names(self._server, to))
        legacy_writes = None if from_.is_native else legacy.read_legacy_enrichments(self._server, from_)
        for names in split_into_batches(package_names, _BATCH):
            source_writes = self._read_latest_writes(from_.name, names) if legacy_writes is None else legacy_writes
            target_writes = self._read_latest_writes(to.name, source_writes.keys() & set(names))
            select = find_newer_writes if legacy_writes is None else legacy.find_changed_enrichments
            newer = {
                name: _select_copied(select(source_writes[name], writes)) for name, writes in target_writes.items()
            }
            self._projects.update_owners(to.name, {name: writes for name, writes in newer.items() if writes})
        self._copy_tombstones(from_, to, set(package_names))

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
        # With their fields, because another program's collection may lack those that packages are counted by.
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

    def list_foreign_fields(self, collection: str) -> Sequence[str] | None:
        return legacy.list_foreign_fields(self._collections.require_collection(collection))

    def put_search_preset(self, name: str) -> None:
        put_search_preset(self._server, validate_collection_name(name))

    def get_location(self) -> str:
        return self._server.address

    def verify(self) -> Sequence[str]:
        return ()  # the server checks its own files, when it starts

    def get_size(self) -> int | None:
        return None  # the server reports the disk usage of its machine, not of its collections

    def lock(self, collection: str) -> AbstractContextManager[None]:
        return self._leases.hold(
            *dict.fromkeys((validate_collection_name(collection), self.resolve(collection) or collection))
        )

    def _copy_tombstones(self, source: CollectionRef, target: CollectionRef, names: set[str] | None) -> None:
        tombstones = self._tombstones.list_tombstones(source.name)
        if tombstones:
            names = list_package_names(self._server, target) if names is None else names
            self._tombstones.add(target.name, [stone for stone in tombstones if stone.name not in names])

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
            # A first attempt of this request whose response was lost created it, or another process.
            found = self._collections.require_collection(collection)
            if get_metadata(found.schema) != metadata or found.schema["num_documents"]:
                raise Invalid(f"there is a collection {collection} already") from error

    def _delete(self, collection: str) -> None:
        with suppress(NotFound):  # deleted by a first attempt whose response was lost
            self._server.request(lambda client: client.collections[collection].delete())

    def _drop_companions(self, collection: str) -> None:
        """Delete the tombstones of a deleted collection, and the aliases that led to it."""
        self._tombstones.drop(collection)
        for alias in self._aliases.list_by_collection().get(collection, ()):
            self._aliases.delete(alias)

    def _read_latest_writes(self, collection: str, names: Iterable[str]) -> dict[str, dict[Owner, OwnerWrite]]:
        """Return the latest writes of packages by the owners whose fields are copied."""
        stored = self._projects.read_for_update(collection, names, _COPIED_OWNERS)
        return {name: find_latest_writes(documents.values()) for name, documents in stored.items()}

    def _require_by_own_name(self, collection: str) -> CollectionRef:
        """Return a collection by its own name; raises `Invalid` for an alias."""
        found = self._collections.require_collection(collection)
        if found.name != collection:
            raise Invalid(f"{collection} is an alias of {found.name}: use the name of the collection")
        return found

    def _check_alias(self, alias: str, *, of: str) -> bool:
        """Raise `Invalid` if an alias is a collection; return whether it points to one."""
        found = self._collections.find_collection(validate_collection_name(alias))
        if alias == of or (found and found.name == alias):
            raise Invalid(f"there is a collection {alias}: an alias can't have its name")
        return found is not None


def _select_copied(writes: Mapping[Owner, OwnerWrite]) -> dict[Owner, OwnerWrite]:
    return {owner: write for owner, write in writes.items() if owner in _COPIED_OWNERS}
