"""The engines that the contract of keys is put to; a further engine is one more entry."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from msgspec import Struct

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
    with LocalTypesense() as service:
        server = Server([service.url], ADMIN_KEY, timeout=10, patience=1)
        try:
            ports = typesense.on(server)
            yield KeyStore(ports.keys, ports.admin)
        finally:
            server.close()


KEY_STORES: dict[str, Callable[[Path], AbstractContextManager[KeyStore]]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "typesense": _typesense,
}
