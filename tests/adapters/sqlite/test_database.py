"""What can be wrong with the index's file, and what its users are told."""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest

from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.domain.errors import Invalid, Unavailable
from support.builders import PLONE, build_project
from support.sqlite_files import EMPTY_STATE, LARGE_PROJECTS, open_index, read_error


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pyf.sqlite3"


def test_missing_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "pyf.sqlite3"

    with open_index(path) as (_, admin):
        admin.create(PLONE, EMPTY_STATE)

    assert path.is_file()


def test_nothing_is_opened_before_it_is_asked_for(path: Path) -> None:
    with open_index(path):
        assert not path.exists()


def test_a_file_where_a_folder_is_due_is_named(path: Path) -> None:
    path.write_text("a file")

    read_error(path / "pyf.sqlite3", Unavailable)


def test_a_folder_in_the_files_place_is_named(path: Path) -> None:
    path.mkdir()

    assert "can't be opened" in read_error(path, Unavailable)


def test_an_empty_file_is_a_new_one(path: Path) -> None:
    path.touch()

    with open_index(path) as (_, admin):
        admin.create(PLONE, EMPTY_STATE)
        assert admin.resolve(PLONE) == PLONE


@pytest.mark.parametrize("content", [b"no database, but a letter to somebody\n" * 50, b"\0" * 5000, b"short"])
def test_what_is_not_a_database_is_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    assert "is not a SQLite database" in read_error(path, Invalid)
    assert path.read_bytes() == content


def test_another_programs_database_is_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE theirs (id INTEGER)")
    content = path.read_bytes()

    assert "of another program" in read_error(path, Invalid)
    assert path.read_bytes() == content


def test_a_damaged_file_is_called_damaged(path: Path) -> None:
    with open_index(path) as (index, admin):
        admin.create(PLONE, EMPTY_STATE)
        index.put(PLONE, LARGE_PROJECTS)
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(content)

    with open_index(path) as (index, _), pytest.raises(Invalid, match=r"pyf\.sqlite3 is damaged"):
        list(index.export(PLONE))


def test_a_document_that_can_not_be_read_is_no_crash(path: Path) -> None:
    with open_index(path) as (index, admin):
        admin.create(PLONE, EMPTY_STATE)
        index.put(PLONE, [build_project("a")])
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE documents SET fields = '{}'")
            connection.commit()

        with pytest.raises(Invalid, match=r"pyf\.sqlite3 .* can't read"):
            index.get_project_documents(PLONE, "a")


def test_a_file_that_others_hold_for_too_long_is_in_use(path: Path) -> None:
    with open_index(path) as (_, admin):
        admin.create("first", EMPTY_STATE)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        assert "in use" in read_error(path, Unavailable, patience=0.1)


def test_a_new_file_that_others_hold_for_too_long_is_in_use(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        assert "in use" in read_error(path, Unavailable, patience=0.1)


def test_a_file_can_be_opened_and_read_while_another_process_writes(path: Path) -> None:
    with open_index(path) as (_, admin):
        admin.create(PLONE, EMPTY_STATE)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with open_index(path, patience=0.1) as (index, _):
            assert index.get_state(PLONE) == EMPTY_STATE


def test_a_new_file_that_others_are_just_making_is_waited_for(path: Path) -> None:
    """SQLite itself does not wait here: it says at once that the file is locked."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA auto_vacuum = INCREMENTAL")
    other.execute("BEGIN IMMEDIATE")
    release = Timer(0.3, other.close)
    release.start()

    with open_index(path) as (_, admin):
        assert admin.resolve(PLONE) is None

    release.join()


def test_a_transaction_is_on_disk_when_it_ends(path: Path) -> None:
    """2 is FULL: the log is synchronised at every commit, whatever the SQLite library was built to do by default."""
    database = Database(path)

    with database.writing() as connection:
        (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()

    assert (synchronous, mode) == (2, "wal")
    database.close()
