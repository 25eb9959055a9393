"""The engines that the contracts of an index are put to; a further engine is one more entry.

The engines that the contract of keys is put to; a further engine is one more entry.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from pyf.aggregator.adapters import typesense
from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.adapters.sqlite.keys import SqliteApiKeys
from pyf.aggregator.adapters.sqlite.search_source import open_search
from pyf.aggregator.adapters.typesense import Server
from pyf.aggregator.config.lexicon import load_lexicon
from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.ports import ApiKeys, IndexAdmin, PackageIndex, SearchEngine
from pyf.aggregator.testing.index import FakeApiKeys, FakeIndex
from pyf.aggregator.testing.reference_search import ReferenceSearch
from support.typesense_fake import ADMIN_KEY, LocalTypesense

NOW = 1_800_000_000

# What searches go by.
LEXICON, SCORING_CONFIG = load_lexicon(), load_scoring_config()


@dataclass(frozen=True)
class IndexEngine:
    """The ports of one engine, on the same data."""

    index: PackageIndex
    admin: IndexAdmin
    search: SearchEngine


@contextmanager
def _open_memory_index(_folder: Path) -> Iterator[IndexEngine]:
    index = FakeIndex(now=lambda: NOW)
    yield IndexEngine(index, index, _reference(index))


@contextmanager
def _open_sqlite_index(folder: Path) -> Iterator[IndexEngine]:
    database = Database(folder / "pyf.sqlite3")
    search = open_search(database, LEXICON, SCORING_CONFIG, now=lambda: NOW)
    try:
        yield IndexEngine(SqliteIndex(database), SqliteAdmin(database, now=lambda: NOW), search)
    finally:
        search.close()
        database.close()


@contextmanager
def _open_typesense_index(folder: Path) -> Iterator[IndexEngine]:
    with LocalTypesense() as service, _connect(service.url, ADMIN_KEY, folder) as engine:
        yield engine


@contextmanager
def _connect(url: str, key: str, folder: Path) -> Iterator[IndexEngine]:
    server = Server([url], key, timeout=10, retry_timeout=1)
    search = typesense.open_search(server, folder / "search", LEXICON, SCORING_CONFIG, now=lambda: NOW)
    try:
        ports = typesense.build_ports(server, lexicon=LEXICON, now=lambda: NOW)
        yield IndexEngine(ports.index, ports.admin, search)
    finally:
        search.close()
        server.close()


def _reference(index: PackageIndex) -> ReferenceSearch:
    return ReferenceSearch(index, LEXICON, SCORING_CONFIG, now=lambda: NOW)


_OpenEngine = Callable[[Path], AbstractContextManager[IndexEngine]]

ENGINES: dict[str, _OpenEngine] = {
    "memory": _open_memory_index,
    "sqlite": _open_sqlite_index,
    "typesense": _open_typesense_index,
}


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
    with LocalTypesense() as service, closing(Server([service.url], ADMIN_KEY, timeout=10, retry_timeout=1)) as server:
        ports = typesense.build_ports(server)
        yield KeyEngine(ports.keys, ports.admin)


KEY_ENGINES: dict[str, Callable[[Path], AbstractContextManager[KeyEngine]]] = {
    "memory": _open_memory_keys,
    "sqlite": _open_sqlite_keys,
    "typesense": _open_typesense_keys,
}
