"""The ports of an index on a server that others use, too: every name gets a prefix that is no other test's."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from pyf.aggregator.adapters.api_keys import validate_key
from pyf.aggregator.domain.collection import CollectionInfo, CollectionState, is_collection_name
from pyf.aggregator.domain.errors import Invalid, NotFound
from pyf.aggregator.ports import ApiKeys, IndexAdmin, NewKey, PackageIndex, Rejection, SearchEngine
from pyf.aggregator.ports.keys import SEARCH_ACTION, ApiKey

# The longest name that a prefix can be put before.
_MAX_PREFIXED_LENGTH = 80


class _PrefixedNames:
    def __init__(self) -> None:
        self.prefix = f"test-{uuid4().hex[:10]}-"
        self._long: dict[str, str] = {}

    def add_prefix(self, name: str) -> str:
        """Return the name on the server; what no name can be stays as it is, to be refused."""
        if not name or not is_collection_name(name):
            return name
        if len(name) > _MAX_PREFIXED_LENGTH:
            self._long[f"{self.prefix}long-{len(self._long)}"] = name
            return next(inside for inside, outside in self._long.items() if outside == name)
        return f"{self.prefix}{name}"

    def remove_prefix(self, name: str) -> str:
        return self._long.get(name, name.removeprefix(self.prefix))


class _PrefixedIndex:
    """Every call of the ports `PackageIndex` and `SearchEngine` names its collection first."""

    def __init__(self, index: PackageIndex | SearchEngine, names: _PrefixedNames) -> None:
        self._index = index
        self._names = names

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._index, name)
        return lambda collection, *rest, **named: call(self._names.add_prefix(collection), *rest, **named)


class _PrefixedAdmin:
    def __init__(self, admin: IndexAdmin, names: _PrefixedNames) -> None:
        self._admin = admin
        self._names = names

    def create(self, collection: str, state: CollectionState, *, alias: str = "") -> None:
        self._admin.create(self._names.add_prefix(collection), state, alias=self._names.add_prefix(alias))

    def drop(self, collection: str) -> None:
        self._admin.drop(self._names.add_prefix(collection))

    def set_alias(self, alias: str, collection: str) -> None:
        self._admin.set_alias(self._names.add_prefix(alias), self._names.add_prefix(collection))

    def drop_alias(self, alias: str) -> None:
        self._admin.drop_alias(self._names.add_prefix(alias))

    @property
    def replaces_atomically(self) -> bool:
        return self._admin.replaces_atomically

    def replace_with_alias(self, collection: str, successor: str) -> None:
        self._admin.replace_with_alias(self._names.add_prefix(collection), self._names.add_prefix(successor))

    def get_size(self) -> int | None:
        return self._admin.get_size()

    def copy_enrichments(self, source: str, target: str) -> None:
        self._admin.copy_enrichments(self._names.add_prefix(source), self._names.add_prefix(target))

    def copy_packages(self, source: str, target: str, names: Collection[str]) -> Sequence[Rejection]:
        return self._admin.copy_packages(self._names.add_prefix(source), self._names.add_prefix(target), names)

    def copy_foreign_settings(self, source: str, target: str, *, with_values: bool) -> Sequence[str]:
        return self._admin.copy_foreign_settings(
            self._names.add_prefix(source), self._names.add_prefix(target), with_values=with_values
        )

    def copy_tombstones(self, source: str, target: str) -> None:
        self._admin.copy_tombstones(self._names.add_prefix(source), self._names.add_prefix(target))

    def list_collections(self) -> Sequence[CollectionInfo]:
        own_collections = (
            collection
            for collection in self._admin.list_collections()
            if collection.name.startswith(self._names.prefix)
        )
        remove_prefix = self._names.remove_prefix
        return [
            replace(each, name=remove_prefix(each.name), aliases=tuple(map(remove_prefix, each.aliases)))
            for each in own_collections
        ]

    def resolve(self, name: str) -> str | None:
        collection = self._admin.resolve(self._names.add_prefix(name))
        return None if collection is None else self._names.remove_prefix(collection)

    def foreign_fields(self, collection: str) -> Sequence[str] | None:
        return self._admin.foreign_fields(self._names.add_prefix(collection))

    def put_search_preset(self, name: str) -> None:
        self._admin.put_search_preset(self._names.add_prefix(name))

    def get_location(self) -> str:
        return self._admin.get_location()

    def lock(self, collection: str) -> AbstractContextManager[None]:
        return self._admin.lock(self._names.add_prefix(collection))


@contextmanager
def prefix_index(index: PackageIndex, admin: IndexAdmin, search: SearchEngine) -> Iterator[tuple[Any, Any, Any]]:
    """Give the ports with names of their own; the collections are deleted in the end."""
    with prefix_admin(admin) as (names, prefixed_admin):
        yield _PrefixedIndex(index, names), prefixed_admin, _PrefixedIndex(search, names)


@contextmanager
def prefix_admin(admin: IndexAdmin) -> Iterator[tuple[_PrefixedNames, Any]]:
    """Give names of one's own and the port that makes collections of them, which are deleted in the end."""
    names = _PrefixedNames()
    try:
        yield names, _PrefixedAdmin(admin, names)
    finally:
        for collection in admin.list_collections():
            if collection.name.startswith(names.prefix):
                admin.drop(collection.name)


class _PrefixedKeys:
    """The keys that one test has made; those of others are not listed, and never deleted."""

    def __init__(self, keys: ApiKeys, names: _PrefixedNames) -> None:
        self._keys = keys
        self._names = names
        self._own_collections: dict[int, tuple[str, ...]] = {}
        self._unique_values: dict[str, str] = {}

    def create(
        self,
        collections: Sequence[str],
        *,
        description: str,
        actions: Sequence[str] = (SEARCH_ACTION,),
        value: str = "",
    ) -> NewKey:
        prefixed = [self._names.add_prefix(name) for name in collections]
        new_key = self._keys.create(prefixed, description=description, actions=actions, value=self._make_unique(value))
        self._own_collections[new_key.key.id] = tuple(collections)
        return NewKey(key=self._remove_prefixes(new_key.key), value=value or new_key.value)

    def list_keys(self) -> Sequence[ApiKey]:
        return [self._remove_prefixes(key) for key in self._keys.list_keys() if key.id in self._own_collections]

    def delete(self, key_id: int) -> None:
        if key_id not in self._own_collections and any(key.id == key_id for key in self._keys.list_keys()):
            raise NotFound(f"there is no key {key_id} of this test's")
        self._keys.delete(key_id)
        del self._own_collections[key_id]

    def is_allowed(self, value: str, action: str, collection: str) -> bool:
        return self._keys.is_allowed(self._unique_values.get(value, value), action, self._names.add_prefix(collection))

    def delete_all(self) -> None:
        for key_id in list(self._own_collections):
            self.delete(key_id)

    def _make_unique(self, value: str) -> str:
        """Return a value that no other test has, which begins alike; what no value can be stays as it is."""
        try:
            validate_key(value)
        except Invalid:
            return value
        return self._unique_values.setdefault(value, f"{value}-{self._names.prefix}")

    def _remove_prefixes(self, key: ApiKey) -> ApiKey:
        return replace(key, collections=self._own_collections[key.id])


@contextmanager
def prefix_keys(keys: ApiKeys, admin: IndexAdmin) -> Iterator[tuple[Any, Any]]:
    """Give keys of one's own and the collections that they open; all of them are deleted in the end."""
    with prefix_admin(admin) as (names, prefixed_admin):
        prefixed_keys = _PrefixedKeys(keys, names)
        try:
            yield prefixed_keys, prefixed_admin
        finally:
            prefixed_keys.delete_all()
