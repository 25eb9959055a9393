"""Change numbers of the SQLite index, which its search index follows."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from pyf.aggregator.adapters.fulltext.source import Position, WriteNumbers
from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.adapters.sqlite.search_source import SqliteSource
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.schema import HistoryFields, RepositoryFields
from support.builders import PLONE, build_project, build_state

# SQLite numbers changes itself.
UNUSED = cast(WriteNumbers, None)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "pyf.sqlite3")
    yield database
    database.close()


@pytest.fixture
def admin(database: Database) -> SqliteAdmin:
    admin = SqliteAdmin(database)
    admin.create(PLONE, build_state(), alias="plone")
    return admin


@pytest.fixture
def index(database: Database, admin: SqliteAdmin) -> SqliteIndex:
    return SqliteIndex(database)


def get_changed_names(database: Database, since: int = 0) -> list[str]:
    changes = SqliteSource(database).open_collection("plone").read_changes(Position(number=since), UNUSED)
    return [record.name for batch in changes for record in batch.records]


def get_last_change(database: Database) -> int:
    with SqliteSource(database).open_collection("plone").open_reader() as reader:
        return reader.position.number


def test_read_changes_returns_every_change(database: Database, index: SqliteIndex) -> None:
    index.put("plone", [build_project(name) for name in ("a", "b", "c", "d")])
    seen = get_last_change(database)

    index.put("plone", [build_project("c", summary="new")])
    index.remove("plone", [Tombstone(name="b", removed_at=1, reason="gone")])
    index.update("plone", {"a": RepositoryFields(repository_stars=1)})

    assert get_changed_names(database, seen) == ["c", "b", "a"]
    assert get_changed_names(database) == ["d", "c", "b", "a"]


def test_unchanged_write_is_no_change(database: Database, index: SqliteIndex) -> None:
    index.put("plone", [build_project("a", "1.0", "2.0")])
    index.update("plone", {"a": RepositoryFields(repository_stars=1)})
    seen = get_last_change(database)

    index.put("plone", [build_project("a", "1.0", "2.0")])
    index.update(
        "plone", {"a": RepositoryFields(repository_stars=1), "not-there": RepositoryFields(repository_stars=1)}
    )
    index.remove("plone", [Tombstone(name="not-there", removed_at=1, reason="gone")])

    assert get_changed_names(database, seen) == []


def test_removed_release_is_a_change(database: Database, index: SqliteIndex) -> None:
    index.put("plone", [build_project("a", "1.0", "2.0"), build_project("b")])
    seen = get_last_change(database)

    index.put("plone", [build_project("a", "2.0")])

    assert get_changed_names(database, seen) == ["a"]


def test_copied_enrichment_is_a_change(database: Database, index: SqliteIndex, admin: SqliteAdmin) -> None:
    admin.create("plone-2", build_state())
    for collection in (PLONE, "plone-2"):
        index.put(collection, [build_project("a"), build_project("b")])
    index.update(PLONE, {"a": RepositoryFields(repository_stars=1)})
    admin.set_alias("plone", "plone-2")
    seen = get_last_change(database)

    admin.copy_enrichments(PLONE, "plone-2")
    once = get_changed_names(database, seen)
    admin.copy_enrichments(PLONE, "plone-2")

    assert (once, get_changed_names(database, seen)) == (["a"], ["a"])


def test_change_numbers_are_never_reused(database: Database, index: SqliteIndex, admin: SqliteAdmin) -> None:
    """A new collection with the name of a dropped one continues above all earlier numbers."""
    index.put("plone", [build_project("a")])
    seen = get_last_change(database)
    admin.drop(PLONE)

    admin.create(PLONE, build_state(), alias="plone")
    index.put("plone", [build_project("b")])

    assert get_changed_names(database, seen) == ["b"]


def test_new_month_of_a_history_changes_nothing_that_searches_read(database: Database, index: SqliteIndex) -> None:
    index.put("plone", [build_project("a")])
    seen = get_last_change(database)

    index.update("plone", {"a": HistoryFields(history="2026-01;80,,,5")})

    assert get_changed_names(database, seen) == []
