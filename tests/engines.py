"""The engines that the contracts of an index are put to; a further engine is one more entry."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.memory import MemoryIndex
from pyf.aggregator.adapters.index.sqlite import SqliteIndex
from pyf.aggregator.adapters.index.sqlite_admin import SqliteAdmin
from pyf.aggregator.ports import IndexAdmin, PackageIndex

NOW = 1_800_000_000


@dataclass(frozen=True)
class Engine:
    """The two ports of one engine, on the same data."""

    index: PackageIndex
    admin: IndexAdmin


@contextmanager
def _memory(_folder: Path) -> Iterator[Engine]:
    index = MemoryIndex(now=lambda: NOW)
    yield Engine(index, index)


@contextmanager
def _sqlite(folder: Path) -> Iterator[Engine]:
    database = Database(folder / "pyf.sqlite3")
    try:
        yield Engine(SqliteIndex(database), SqliteAdmin(database, now=lambda: NOW))
    finally:
        database.close()


ENGINES: dict[str, Callable[[Path], AbstractContextManager[Engine]]] = {"memory": _memory, "sqlite": _sqlite}
