"""All that a collection holds, told so that two indexes can be compared that were built at different times."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.sqlite import SqliteIndex
from pyf.aggregator.adapters.index.sqlite_admin import SqliteAdmin
from pyf.aggregator.ports import IndexAdmin, PackageIndex

# What two runs over the same registry tell differently: when they looked at a project and confirmed the cursor, and how
# old a project was then.
OF_ITS_TIME = ("status_checked", "cursor_set", "browsed_at", "health_score", "health_score_breakdown")


@contextmanager
def opened(path: Path) -> Iterator[tuple[SqliteIndex, SqliteAdmin]]:
    """Open an index from this process."""
    database = Database(path)
    try:
        yield SqliteIndex(database), SqliteAdmin(database)
    finally:
        database.close()


def contents(index: PackageIndex, alias: str, gone: Iterable[str] = ()) -> dict[str, Any]:
    """Return every document (each must have a score), the collection's state, and the tombstones of those in `gone`."""
    tombstones = {name: index.tombstone(alias, name) for name in gone}
    return {
        "documents": {each["id"]: each for each in map(_timeless, index.export(alias))},
        "state": {name: value for name, value in asdict(index.state(alias)).items() if name not in OF_ITS_TIME},
        "tombstones": {name: stone.reason if stone else None for name, stone in tombstones.items()},
    }


def _timeless(document: Any) -> dict[str, Any]:
    told = document.as_mapping()
    assert 0 <= told["health_score"] <= 100, f"{told['id']} has no score"
    return {name: value for name, value in told.items() if name not in OF_ITS_TIME}


def collections(admin: IndexAdmin) -> dict[str, tuple[str, ...]]:
    """Return the aliases that lead to each collection."""
    return {each.name: each.aliases for each in admin.collections()}
