"""The two ports of an index on a server that others use, too: every name gets a prefix that is no other test's."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from pyf.aggregator.adapters.index.names import is_valid
from pyf.aggregator.domain.collection import CollectionInfo, CollectionState
from pyf.aggregator.ports import IndexAdmin, PackageIndex

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
    """Every call of the port `PackageIndex` names its collection first."""

    def __init__(self, index: PackageIndex, names: _Names) -> None:
        self._index = index
        self._names = names

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._index, name)
        return lambda collection, *rest: call(self._names.inside(collection), *rest)


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

    def collections(self) -> Sequence[CollectionInfo]:
        own = (each for each in self._admin.collections() if each.name.startswith(self._names.prefix))
        outside = self._names.outside
        return [replace(each, name=outside(each.name), aliases=tuple(map(outside, each.aliases))) for each in own]

    def resolve(self, name: str) -> str | None:
        found = self._admin.resolve(self._names.inside(name))
        return None if found is None else self._names.outside(found)

    def foreign_fields(self, collection: str) -> Sequence[str] | None:
        return self._admin.foreign_fields(self._names.inside(collection))

    def location(self) -> str:
        return self._admin.location()

    def exclusive(self, collection: str) -> AbstractContextManager[None]:
        return self._admin.exclusive(self._names.inside(collection))


@contextmanager
def namespaced(index: PackageIndex, admin: IndexAdmin) -> Iterator[tuple[Any, Any]]:
    """Give both ports with names of their own; the collections are deleted in the end."""
    names = _Names()
    try:
        yield _Index(index, names), _Admin(admin, names)
    finally:
        for each in admin.collections():
            if each.name.startswith(names.prefix):
                admin.drop(each.name)
