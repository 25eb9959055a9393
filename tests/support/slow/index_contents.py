"""Contents of a collection in a form in which indexes that were built at different times are equal."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.ports import IndexAdmin, PackageIndex

# Fields in which two runs over the same registry differ: times of checks and records, and scores that depend on age.
TIME_DEPENDENT_FIELDS = (
    "status_checked",
    "cursor_confirmed_at",
    "classifiers_fetched_at",
    "health_score",
    "health_score_breakdown",
    "history",
)


@contextmanager
def open_index(path: Path) -> Iterator[tuple[SqliteIndex, SqliteAdmin]]:
    """Open an index from this process."""
    database = Database(path)
    try:
        yield SqliteIndex(database), SqliteAdmin(database)
    finally:
        database.close()


def read_contents(index: PackageIndex, alias: str, removed_names: Iterable[str] = ()) -> dict[str, Any]:
    """Return all documents (each needs a score), the collection's state, and the tombstones of `removed_names`."""
    tombstones = {name: index.get_tombstone(alias, name) for name in removed_names}
    return {
        "documents": {document["id"]: document for document in map(_drop_time_fields, index.export(alias))},
        "state": {
            name: value for name, value in asdict(index.get_state(alias)).items() if name not in TIME_DEPENDENT_FIELDS
        },
        "tombstones": {name: tombstone.reason if tombstone else None for name, tombstone in tombstones.items()},
    }


def _drop_time_fields(document: Any) -> dict[str, Any]:
    fields = document.to_dict()
    assert 0 <= fields["health_score"] <= 100, f"{fields['id']} has no score"
    return {name: value for name, value in fields.items() if name not in TIME_DEPENDENT_FIELDS}


def list_aliases(admin: IndexAdmin) -> dict[str, tuple[str, ...]]:
    """Return the aliases that point to each collection."""
    return {collection.name: collection.aliases for collection in admin.list_collections()}
