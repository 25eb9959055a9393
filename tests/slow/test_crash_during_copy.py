"""Rebuild from a copy with a crash, or a write of another process, at every step."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.schema import RepositoryFields
from pyf.aggregator.ports import Dependencies, PackageIndex
from pyf.aggregator.usecases.collections.leftovers import clear_leftovers
from pyf.aggregator.usecases.collections.rebuild import rebuild_from_copy
from pyf.aggregator.usecases.collections.target import Target
from support.builders import build_project
from support.filled_collections import build_engine_dependencies, fill_collection, list_aliases, read_collection
from support.slow.crashing_database import CrashingDatabase, HookedDatabase, ProcessDeath

FILE = "index.sqlite3"
PLONE = Target(collection="plone")


@contextmanager
def build_sqlite_dependencies(database: Database) -> Iterator[Dependencies]:
    try:
        yield build_engine_dependencies(SqliteIndex(database), SqliteAdmin(database, now=lambda: 1_800_000_000))
    finally:
        database.close()


@pytest.fixture(params=["plone-1", "plone"])
def filled_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with a collection behind the aliases `plone` and `packages`, or with `plone` itself."""
    folder = tmp_path / "filled"
    folder.mkdir()
    with build_sqlite_dependencies(Database(folder / FILE)) as deps:
        fill_collection(deps, request.param, alias="packages")
        if request.param != "plone":
            deps.admin.set_alias("plone", request.param)
    return folder


@contextmanager
def copy_file(filled: Path) -> Iterator[Path]:
    """Return the path of a copy of the file."""
    with TemporaryDirectory(dir=filled.parent) as folder:
        shutil.copytree(filled, folder, dirs_exist_ok=True)
        yield Path(folder) / FILE


def test_copy_crash_at_any_write(filled_file: Path) -> None:
    with build_sqlite_dependencies(Database(filled_file / FILE)) as deps:
        expected = read_collection(deps, "plone")
    crashes, has_died = 0, True

    while has_died:
        with copy_file(filled_file) as path:
            try:
                with build_sqlite_dependencies(CrashingDatabase(path, crashes)) as deps:
                    rebuild_from_copy(deps, PLONE)
                has_died = False
            except ProcessDeath:
                crashes += 1
            with build_sqlite_dependencies(Database(path)) as deps:
                for name in ("plone", "packages"):
                    stored = read_collection(deps, name)
                    assert [stored[part] for part in ("documents", "tombstones")] == [
                        expected[part] for part in ("documents", "tombstones")
                    ]
                clear_leftovers(deps, "plone")
                ((collection, aliases),) = list_aliases(deps).items()
                assert {collection, *aliases} >= {"plone", "packages"}
                assert read_collection(deps, "plone") == read_collection(deps, "packages") == expected
                assert rebuild_from_copy(deps, PLONE).is_complete
                assert read_collection(deps, "plone") == read_collection(deps, "packages") == expected

    assert crashes > 8


WRITES: dict[str, Callable[[PackageIndex], object]] = {
    "stars": lambda index: index.update("plone", {"a": RepositoryFields(repository_stars=99)}),
    "a new project": lambda index: index.put("plone", [build_project("new")]),
    "a new release": lambda index: index.put("plone", [build_project("a", "1.0", "2.0", "3.0", last_serial=9)]),
    "a change at the same serial": lambda index: index.put("plone", [build_project("b", "1.0", summary="changed")]),
    "a departure": lambda index: index.remove("plone", [Tombstone(name="b", removed_at=1, reason="gone")]),
}


@pytest.mark.parametrize("write", WRITES)
def test_copy_keeps_concurrent_writes(filled_file: Path, write: str) -> None:
    with copy_file(filled_file) as path, build_sqlite_dependencies(Database(path)) as deps:
        if "plone" in list_aliases(deps) and write != "stars":
            pytest.skip("documents cannot be written while the name of a collection becomes an alias")
        WRITES[write](deps.index)
        expected = read_collection(deps, "plone")
    step, steps = 0, 1

    while step < steps:
        with copy_file(filled_file) as path, build_sqlite_dependencies(Database(path)) as other:

            def meanwhile(written: int, index: PackageIndex = other.index, now: int = step) -> None:
                if written == now:
                    WRITES[write](index)

            disturbed = HookedDatabase(path, meanwhile)
            with build_sqlite_dependencies(disturbed) as deps:
                assert rebuild_from_copy(deps, PLONE).is_complete
                assert read_collection(deps, "plone") == expected, (
                    f"written before step {step} of {disturbed.transaction_count}"
                )
            steps = disturbed.transaction_count
        step += 1

    assert steps > 8
