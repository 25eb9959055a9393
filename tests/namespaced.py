"""The ports of an index on a server that others use, too: every name gets a prefix that is no other test's."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from pyf.aggregator.adapters.index.key_values import checked_value
from pyf.aggregator.adapters.index.names import is_valid
from pyf.aggregator.domain.api_key import SEARCH, ApiKey
from pyf.aggregator.domain.collection import CollectionInfo, CollectionState
from pyf.aggregator.domain.errors import Invalid, NotFound
from pyf.aggregator.ports import ApiKeys, IndexAdmin, NewKey, PackageIndex, Rejection, SearchEngine

# The longest name that a prefix can be put before.
_LONGEST = 80


class _Names:
    def __init__(self) -> None:
        self.prefix = f"test-{uuid4().hex[:10]}-"
        self._long: dict[str, str] = {}

    def inside(self, name: str) -> str:
        """Return the name on the server; what no name can be stays as it is, to be refused."""
        if not name or not is_valid(name):
            return name
        if len(name) > _LONGEST:
            self._long[f"{self.prefix}long-{len(self._long)}"] = name
            return next(inside for inside, outside in self._long.items() if outside == name)
        return f"{self.prefix}{name}"

    def outside(self, name: str) -> str:
        return self._long.get(name, name.removeprefix(self.prefix))


class _Index:
    """Every call of the ports `PackageIndex` and `SearchEngine` names its collection first."""

    def __init__(self, index: PackageIndex | SearchEngine, names: _Names) -> None:
        self._index = index
        self._names = names

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._index, name)
        return lambda collection, *rest, **named: call(self._names.inside(collection), *rest, **named)


class _Admin:
    def __init__(self, admin: IndexAdmin, names: _Names) -> None:
        self._admin = admin
        self._names = names

    def create(self, collection: str, state: CollectionState, *, alias: str = "") -> None:
        self._admin.create(self._names.inside(collection), state, alias=self._names.inside(alias))

    def drop(self, collection: str) -> None:
        self._admin.drop(self._names.inside(collection))

    def point(self, alias: str, collection: str) -> None:
        self._admin.point(self._names.inside(alias), self._names.inside(collection))

    @property
    def supersedes_at_once(self) -> bool:
        return self._admin.supersedes_at_once

    def supersede(self, collection: str, successor: str) -> None:
        self._admin.supersede(self._names.inside(collection), self._names.inside(successor))

    def size(self) -> int | None:
        return self._admin.size()

    def carry_over(self, source: str, target: str) -> None:
        self._admin.carry_over(self._names.inside(source), self._names.inside(target))

    def copy_packages(self, source: str, target: str, names: Collection[str]) -> Sequence[Rejection]:
        return self._admin.copy_packages(self._names.inside(source), self._names.inside(target), names)

    def copy_foreign_settings(self, source: str, target: str, *, with_values: bool) -> Sequence[str]:
        return self._admin.copy_foreign_settings(
            self._names.inside(source), self._names.inside(target), with_values=with_values
        )

    def copy_tombstones(self, source: str, target: str) -> None:
        self._admin.copy_tombstones(self._names.inside(source), self._names.inside(target))

    def collections(self) -> Sequence[CollectionInfo]:
        own = (each for each in self._admin.collections() if each.name.startswith(self._names.prefix))
        outside = self._names.outside
        return [replace(each, name=outside(each.name), aliases=tuple(map(outside, each.aliases))) for each in own]

    def resolve(self, name: str) -> str | None:
        found = self._admin.resolve(self._names.inside(name))
        return None if found is None else self._names.outside(found)

    def foreign_fields(self, collection: str) -> Sequence[str] | None:
        return self._admin.foreign_fields(self._names.inside(collection))

    def put_search_preset(self, name: str) -> None:
        self._admin.put_search_preset(self._names.inside(name))

    def location(self) -> str:
        return self._admin.location()

    def exclusive(self, collection: str) -> AbstractContextManager[None]:
        return self._admin.exclusive(self._names.inside(collection))


@contextmanager
def namespaced(index: PackageIndex, admin: IndexAdmin, search: SearchEngine) -> Iterator[tuple[Any, Any, Any]]:
    """Give the ports with names of their own; the collections are deleted in the end."""
    with namespaced_admin(admin) as (names, own):
        yield _Index(index, names), own, _Index(search, names)


@contextmanager
def namespaced_admin(admin: IndexAdmin) -> Iterator[tuple[_Names, Any]]:
    """Give names of one's own and the port that makes collections of them, which are deleted in the end."""
    names = _Names()
    try:
        yield names, _Admin(admin, names)
    finally:
        for each in admin.collections():
            if each.name.startswith(names.prefix):
                admin.drop(each.name)


class _Keys:
    """The keys that one test has made; those of others are not listed, and never deleted."""

    def __init__(self, keys: ApiKeys, names: _Names) -> None:
        self._keys = keys
        self._names = names
        self._own: dict[int, tuple[str, ...]] = {}
        self._given: dict[str, str] = {}

    def create(
        self, collections: Sequence[str], *, description: str, actions: Sequence[str] = (SEARCH,), value: str = ""
    ) -> NewKey:
        inside = [self._names.inside(name) for name in collections]
        made = self._keys.create(inside, description=description, actions=actions, value=self._unique(value))
        self._own[made.key.id] = tuple(collections)
        return NewKey(key=self._outside(made.key), value=value or made.value)

    def all(self) -> Sequence[ApiKey]:
        return [self._outside(key) for key in self._keys.all() if key.id in self._own]

    def delete(self, number: int) -> None:
        if number not in self._own and any(key.id == number for key in self._keys.all()):
            raise NotFound(f"there is no key {number} of this test's")
        self._keys.delete(number)
        del self._own[number]

    def allows(self, value: str, action: str, collection: str) -> bool:
        return self._keys.allows(self._given.get(value, value), action, self._names.inside(collection))

    def clear(self) -> None:
        for number in list(self._own):
            self.delete(number)

    def _unique(self, value: str) -> str:
        """Return a value that no other test has, which begins alike; what no value can be stays as it is."""
        try:
            checked_value(value)
        except Invalid:
            return value
        return self._given.setdefault(value, f"{value}-{self._names.prefix}")

    def _outside(self, key: ApiKey) -> ApiKey:
        return replace(key, collections=self._own[key.id])


@contextmanager
def namespaced_keys(keys: ApiKeys, admin: IndexAdmin) -> Iterator[tuple[Any, Any]]:
    """Give keys of one's own and the collections that they open; all of them are deleted in the end."""
    with namespaced_admin(admin) as (names, own):
        mine = _Keys(keys, names)
        try:
            yield mine, own
        finally:
            mine.clear()
