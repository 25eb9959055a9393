"""Full and read-only disks: error messages and the remaining data."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.domain.errors import Unavailable
from support.builders import PLONE, build_project
from support.sqlite_files import EMPTY_STATE, LARGE_PROJECTS, open_index, read_error


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pyf.sqlite3"


def test_full_disk_writes_no_partial_project(path: Path) -> None:
    """SQLite's page limit raises the same error as a full disk."""
    database = Database(path)
    index = SqliteIndex(database)
    SqliteAdmin(database).create(PLONE, EMPTY_STATE)
    index.put(PLONE, [build_project("a")])
    with database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 50")

    with pytest.raises(Unavailable, match=r"pyf\.sqlite3 can't be written: the disk is full"):
        index.put(PLONE, LARGE_PROJECTS)

    assert [holding.name_normalized for holding in index.iter_project_states(PLONE)] == ["a"]
    index.put(PLONE, LARGE_PROJECTS)
    assert sum(1 for _ in index.iter_project_states(PLONE)) == 31
    database.close()


@contextmanager
def mount(folder: Path, options: str) -> Iterator[Path]:
    """Mount a small disk; skip the test without permission."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user can't mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_full_disk_keeps_stored_data(tmp_path: Path) -> None:
    with mount(tmp_path / "disk", "size=1m") as disk, open_index(disk / "pyf.sqlite3") as (index, admin):
        admin.create(PLONE, EMPTY_STATE)
        index.put(PLONE, [build_project("a")])

        with pytest.raises(Unavailable, match=r"pyf\.sqlite3 can't be .*written.*full"):
            index.put(PLONE, LARGE_PROJECTS)

        assert [holding.name_normalized for holding in index.iter_project_states(PLONE)] == ["a"]


def test_full_disk_for_new_file_is_reported(tmp_path: Path) -> None:
    with mount(tmp_path / "disk", "size=16k") as disk:
        assert "full" in read_error(disk / "pyf.sqlite3", Unavailable)


def test_read_only_disk_is_reported(tmp_path: Path) -> None:
    with mount(tmp_path / "disk", "size=8m") as disk:
        path = disk / "pyf.sqlite3"
        with open_index(path) as (_, admin):
            admin.create("first", EMPTY_STATE)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

        read_error(path, Unavailable)
