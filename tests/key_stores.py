"""The engines that the contract of keys is put to; a further engine is one more entry."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
from msgspec import Struct

from engines import TYPESENSE_KEY, TYPESENSE_URL
from namespaced import prefix_keys
from pyf.aggregator.adapters.index import typesense
from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.memory import FakeIndex
from pyf.aggregator.adapters.index.memory_keys import FakeApiKeys
from pyf.aggregator.adapters.index.sqlite_admin import SqliteAdmin
from pyf.aggregator.adapters.index.sqlite_keys import SqliteApiKeys
from pyf.aggregator.adapters.index.typesense import Server
from pyf.aggregator.ports import ApiKeys, IndexAdmin
from typesense_double import ADMIN_KEY, LocalTypesense


class KeyEngine(Struct, frozen=True):
    """Keys, and the collections that they open."""

    keys: ApiKeys
    admin: IndexAdmin


@contextmanager
def _open_memory_keys(_folder: Path) -> Iterator[KeyEngine]:
    index = FakeIndex()
    yield KeyEngine(FakeApiKeys(index.resolve), index)


@contextmanager
def _open_sqlite_keys(folder: Path) -> Iterator[KeyEngine]:
    database = Database(folder / "pyf.sqlite3")
    try:
        yield KeyEngine(SqliteApiKeys(database), SqliteAdmin(database))
    finally:
        database.close()


@contextmanager
def _open_typesense_keys(_folder: Path) -> Iterator[KeyEngine]:
    with LocalTypesense() as service, closing(Server([service.url], ADMIN_KEY, timeout=10, patience=1)) as server:
        ports = typesense.on(server)
        yield KeyEngine(ports.keys, ports.admin)


@contextmanager
def _open_live_typesense_keys(_folder: Path) -> Iterator[KeyEngine]:
    """The server that the environment names, with keys and collections of this test's own."""
    with closing(Server([TYPESENSE_URL], TYPESENSE_KEY, timeout=10, patience=1)) as server:
        ports = typesense.on(server)
        with prefix_keys(ports.keys, ports.admin) as prefixed:
            yield KeyEngine(*prefixed)


KEY_ENGINES: dict[str, Callable[[Path], AbstractContextManager[KeyEngine]]] = {
    "memory": _open_memory_keys,
    "sqlite": _open_sqlite_keys,
    "typesense": _open_typesense_keys,
} | ({"typesense-live": _open_live_typesense_keys} if TYPESENSE_URL and TYPESENSE_KEY else {})

# What a fixture takes: tests on a server that is not ours are marked.
KEY_PARAMETERS = [pytest.param(name, marks=pytest.mark.integration if "live" in name else ()) for name in KEY_ENGINES]
