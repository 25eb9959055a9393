"""The engines that the contract of keys is put to; a further engine is one more entry."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
from msgspec import Struct

from engines import TYPESENSE_KEY, TYPESENSE_URL
from namespaced import namespaced_keys
from pyf.aggregator.adapters.index import typesense
from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.memory import MemoryIndex
from pyf.aggregator.adapters.index.memory_keys import MemoryApiKeys
from pyf.aggregator.adapters.index.sqlite_admin import SqliteAdmin
from pyf.aggregator.adapters.index.sqlite_keys import SqliteApiKeys
from pyf.aggregator.adapters.index.typesense import Server
from pyf.aggregator.ports import ApiKeys, IndexAdmin
from typesense_double import ADMIN_KEY, LocalTypesense


class KeyStore(Struct, frozen=True):
    """Keys, and the collections that they open."""

    keys: ApiKeys
    admin: IndexAdmin


@contextmanager
def _memory(_folder: Path) -> Iterator[KeyStore]:
    index = MemoryIndex()
    yield KeyStore(MemoryApiKeys(index.resolve), index)


@contextmanager
def _sqlite(folder: Path) -> Iterator[KeyStore]:
    database = Database(folder / "pyf.sqlite3")
    try:
        yield KeyStore(SqliteApiKeys(database), SqliteAdmin(database))
    finally:
        database.close()


@contextmanager
def _typesense(_folder: Path) -> Iterator[KeyStore]:
    with LocalTypesense() as service, closing(Server([service.url], ADMIN_KEY, timeout=10, patience=1)) as server:
        ports = typesense.on(server)
        yield KeyStore(ports.keys, ports.admin)


@contextmanager
def _typesense_live(_folder: Path) -> Iterator[KeyStore]:
    """The server that the environment names, with keys and collections of this test's own."""
    with closing(Server([TYPESENSE_URL], TYPESENSE_KEY, timeout=10, patience=1)) as server:
        ports = typesense.on(server)
        with namespaced_keys(ports.keys, ports.admin) as own:
            yield KeyStore(*own)


KEY_STORES: dict[str, Callable[[Path], AbstractContextManager[KeyStore]]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "typesense": _typesense,
} | ({"typesense-live": _typesense_live} if TYPESENSE_URL and TYPESENSE_KEY else {})

# What a fixture takes: tests on a server that is not ours are marked.
KEY_PARAMETERS = [pytest.param(name, marks=pytest.mark.integration if "live" in name else ()) for name in KEY_STORES]
