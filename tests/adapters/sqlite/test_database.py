"""Failures of the index's file and their messages."""

import sqlite3
import subprocess
import sys
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


def test_missing_folders_are_created(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "pyf.sqlite3"

    with open_index(path) as (_, admin):
        admin.create(PLONE, EMPTY_STATE)

    assert path.is_file()


def test_new_file_and_its_log_are_private(path: Path) -> None:
    with open_index(path) as (_, admin):
        admin.create(PLONE, EMPTY_STATE)
        files = list(path.parent.glob("pyf.sqlite3*"))
        assert {file.name: file.stat().st_mode & 0o777 for file in files} == dict.fromkeys(
            ("pyf.sqlite3", "pyf.sqlite3-wal", "pyf.sqlite3-shm"), 0o600
        )


def test_permissions_of_an_existing_file_are_kept(path: Path) -> None:
    with open_index(path) as (_, admin):
        admin.create(PLONE, EMPTY_STATE)
    path.chmod(0o640)

    with open_index(path) as (_, admin):
        admin.set_alias("alias", PLONE)

    assert path.stat().st_mode & 0o777 == 0o640


def test_file_is_opened_on_first_use(path: Path) -> None:
    with open_index(path):
        assert not path.exists()


def test_file_in_place_of_folder_is_reported(path: Path) -> None:
    path.write_text("a file")

    read_error(path / "pyf.sqlite3", Unavailable)


def test_folder_in_place_of_file_is_reported(path: Path) -> None:
    path.mkdir()

    assert "can't be opened" in read_error(path, Unavailable)


def test_empty_file_is_new_database(path: Path) -> None:
    path.touch()

    with open_index(path) as (_, admin):
        admin.create(PLONE, EMPTY_STATE)
        assert admin.resolve(PLONE) == PLONE


@pytest.mark.parametrize("content", [b"no database, but a letter to somebody\n" * 50, b"\0" * 5000, b"short"])
def test_other_file_is_not_changed(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    assert "is not a SQLite database" in read_error(path, Invalid)
    assert path.read_bytes() == content


def test_other_database_is_not_changed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE theirs (id INTEGER)")
    content = path.read_bytes()

    assert "of another program" in read_error(path, Invalid)
    assert path.read_bytes() == content


def test_damaged_file_is_reported(path: Path) -> None:
    with open_index(path) as (index, admin):
        admin.create(PLONE, EMPTY_STATE)
        index.put(PLONE, LARGE_PROJECTS)
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(content)

    with open_index(path) as (index, _), pytest.raises(Invalid, match=r"pyf\.sqlite3 is damaged"):
        list(index.export(PLONE))


def test_unreadable_document_is_invalid(path: Path) -> None:
    with open_index(path) as (index, admin):
        admin.create(PLONE, EMPTY_STATE)
        index.put(PLONE, [build_project("a")])
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE documents SET fields = '{}'")
            connection.commit()

        with pytest.raises(Invalid, match=r"pyf\.sqlite3 .* can't read"):
            index.get_project_documents(PLONE, "a")


def test_locked_file_times_out(path: Path) -> None:
    with open_index(path) as (_, admin):
        admin.create("first", EMPTY_STATE)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        assert "in use" in read_error(path, Unavailable, patience=0.1)


def test_locked_new_file_times_out(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        assert "in use" in read_error(path, Unavailable, patience=0.1)


def test_open_and_read_during_write(path: Path) -> None:
    with open_index(path) as (_, admin):
        admin.create(PLONE, EMPTY_STATE)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with open_index(path, patience=0.1) as (index, _):
            assert index.get_state(PLONE) == EMPTY_STATE


def test_open_waits_for_creation_by_other_process(path: Path) -> None:
    """SQLite itself does not wait here: it reports the lock at once."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA auto_vacuum = INCREMENTAL")
    other.execute("BEGIN IMMEDIATE")
    release = Timer(0.3, other.close)
    release.start()

    with open_index(path) as (_, admin):
        assert admin.resolve(PLONE) is None

    release.join()


def test_committed_transaction_is_on_disk(path: Path) -> None:
    """2 is FULL: the log is synchronized with every commit, regardless of the default of the SQLite library."""
    database = Database(path)

    with database.writing() as connection:
        (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()

    assert (synchronous, mode) == (2, "wal")
    database.close()


def test_new_file_has_large_pages_and_keeps_them(path: Path) -> None:
    for _ in range(2):
        database = Database(path)
        with database.writing() as connection:
            assert connection.execute("PRAGMA page_size").fetchone() == (16 * 1024,)
            assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)  # incremental
        database.close()


def test_new_connection_keeps_the_locks_of_the_others(path: Path) -> None:
    """Without them, a process that closes its last connection deletes the log that this process writes to."""
    first, second = Database(path), Database(path)
    with first.writing():
        pass
    with second.reading():
        pass
    change = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA user_version'); c.close()"

    subprocess.run([sys.executable, "-c", change, str(path)], check=True)

    assert path.with_name(f"{path.name}-wal").exists()
    first.close()
    second.close()
