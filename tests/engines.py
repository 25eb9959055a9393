"""The engines that the contracts of an index are put to; a further engine is one more entry."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from namespaced import namespaced
from pyf.aggregator.adapters.index import typesense
from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.memory import MemoryIndex
from pyf.aggregator.adapters.index.reference_search import ReferenceSearch
from pyf.aggregator.adapters.index.sqlite import SqliteIndex
from pyf.aggregator.adapters.index.sqlite_admin import SqliteAdmin
from pyf.aggregator.adapters.index.sqlite_source import open_search
from pyf.aggregator.adapters.index.typesense import Server
from pyf.aggregator.adapters.lexicon import load_lexicon
from pyf.aggregator.adapters.standards import load_standards
from pyf.aggregator.ports import IndexAdmin, PackageIndex, SearchEngine
from typesense_double import ADMIN_KEY, LocalTypesense

NOW = 1_800_000_000

# What searches go by.
LEXICON, STANDARDS = load_lexicon(), load_standards()

# A server that tests may make and delete collections on; without it, the one on this machine has to do.
TYPESENSE_URL = os.environ.get("TYPESENSE_TEST_URL", "")
TYPESENSE_KEY = os.environ.get("TYPESENSE_TEST_KEY", "")


@dataclass(frozen=True)
class Engine:
    """The ports of one engine, on the same data."""

    index: PackageIndex
    admin: IndexAdmin
    search: SearchEngine


@contextmanager
def _memory(_folder: Path) -> Iterator[Engine]:
    index = MemoryIndex(now=lambda: NOW)
    yield Engine(index, index, _reference(index))


@contextmanager
def _sqlite(folder: Path) -> Iterator[Engine]:
    database = Database(folder / "pyf.sqlite3")
    search = open_search(database, LEXICON, STANDARDS, now=lambda: NOW)
    try:
        yield Engine(SqliteIndex(database), SqliteAdmin(database, now=lambda: NOW), search)
    finally:
        search.close()
        database.close()


@contextmanager
def _typesense(folder: Path) -> Iterator[Engine]:
    with LocalTypesense() as service, _connected(service.url, ADMIN_KEY, folder) as engine:
        yield engine


@contextmanager
def _typesense_live(folder: Path) -> Iterator[Engine]:
    """The server that the environment names, with names of this test's own, which are deleted in the end."""
    with (
        _connected(TYPESENSE_URL, TYPESENSE_KEY, folder) as engine,
        namespaced(engine.index, engine.admin, engine.search) as own,
    ):
        yield Engine(*own)


@contextmanager
def _connected(url: str, key: str, folder: Path) -> Iterator[Engine]:
    server = Server([url], key, timeout=10, patience=1)
    search = typesense.open_search(server, folder / "search", LEXICON, STANDARDS, now=lambda: NOW)
    try:
        ports = typesense.on(server, lexicon=LEXICON, now=lambda: NOW)
        yield Engine(ports.index, ports.admin, search)
    finally:
        search.close()
        server.close()


def _reference(index: PackageIndex) -> ReferenceSearch:
    return ReferenceSearch(index, LEXICON, STANDARDS, now=lambda: NOW)


_Opened = Callable[[Path], AbstractContextManager[Engine]]

ENGINES: dict[str, _Opened] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "typesense": _typesense,
} | ({"typesense-live": _typesense_live} if TYPESENSE_URL and TYPESENSE_KEY else {})

# What a fixture takes: tests on a server that is not ours are marked.
PARAMETERS = [pytest.param(name, marks=pytest.mark.integration if "live" in name else ()) for name in ENGINES]
