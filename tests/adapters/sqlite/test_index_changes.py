"""What only the index in a SQLite file does: it numbers changes, for what is derived from it to follow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.schema import RepositoryFields
from support.builders import PLONE, build_project, build_state


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


def get_changed_names(index: SqliteIndex, since: int = 0) -> list[str]:
    return [change.name_normalized for change in index.changes("plone", since)]


def get_last_change(index: SqliteIndex) -> int:
    return index.changes("plone", 0)[-1].number


def test_whoever_follows_the_changes_hears_of_every_one(index: SqliteIndex) -> None:
    index.put("plone", [build_project(name) for name in ("a", "b", "c", "d")])
    seen = get_last_change(index)

    index.put("plone", [build_project("c", summary="new")])
    index.remove("plone", [Tombstone(name="b", removed_at=1, reason="gone")])
    index.update("plone", {"a": RepositoryFields(github_stars=1)})

    assert get_changed_names(index, seen) == ["c", "b", "a"]
    assert get_changed_names(index) == ["d", "c", "b", "a"]


def test_what_is_written_as_it_was_is_no_change(index: SqliteIndex) -> None:
    index.put("plone", [build_project("a", "1.0", "2.0")])
    index.update("plone", {"a": RepositoryFields(github_stars=1)})
    seen = get_last_change(index)

    index.put("plone", [build_project("a", "1.0", "2.0")])
    index.update("plone", {"a": RepositoryFields(github_stars=1), "not-there": RepositoryFields(github_stars=1)})
    index.remove("plone", [Tombstone(name="not-there", removed_at=1, reason="gone")])

    assert get_changed_names(index, seen) == []


def test_a_release_that_goes_is_a_change(index: SqliteIndex) -> None:
    index.put("plone", [build_project("a", "1.0", "2.0"), build_project("b")])
    seen = get_last_change(index)

    index.put("plone", [build_project("a", "2.0")])

    assert get_changed_names(index, seen) == ["a"]


def test_what_is_carried_over_is_a_change(index: SqliteIndex, admin: SqliteAdmin) -> None:
    admin.create("plone-2", build_state())
    for collection in (PLONE, "plone-2"):
        index.put(collection, [build_project("a"), build_project("b")])
    index.update(PLONE, {"a": RepositoryFields(github_stars=1)})
    admin.set_alias("plone", "plone-2")
    seen = get_last_change(index)

    admin.copy_enrichments(PLONE, "plone-2")
    once = get_changed_names(index, seen)
    admin.copy_enrichments(PLONE, "plone-2")

    assert (once, get_changed_names(index, seen)) == (["a"], ["a"])


def test_changes_are_numbered_anew_by_no_one(index: SqliteIndex, admin: SqliteAdmin) -> None:
    """A collection of a dropped one's name begins above all numbers that anybody has seen."""
    index.put("plone", [build_project("a")])
    seen = get_last_change(index)
    admin.drop(PLONE)

    admin.create(PLONE, build_state(), alias="plone")
    index.put("plone", [build_project("b")])

    assert get_changed_names(index, seen) == ["b"]
