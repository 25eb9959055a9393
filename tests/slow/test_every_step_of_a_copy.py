"""Recreating a collection from itself, disturbed at every step: by death, and by writes of other processes."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from builders import project_documents
from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.sqlite import SqliteIndex
from pyf.aggregator.adapters.index.sqlite_admin import SqliteAdmin
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.schema import RepositoryFields
from pyf.aggregator.ports import PackageIndex, Services
from pyf.aggregator.usecases.recreate_copy import recreate_copy
from pyf.aggregator.usecases.target import Target, clear_leftovers
from slow.mortal import Death, DisturbedDatabase, MortalDatabase
from stores import fill, names, services_on, shown

FILE = "index.sqlite3"
PLONE = Target(collection="plone")


@contextmanager
def on(database: Database) -> Iterator[Services]:
    try:
        yield services_on(SqliteIndex(database), SqliteAdmin(database, now=lambda: 1_800_000_000))
    finally:
        database.close()


@pytest.fixture(params=["plone-1", "plone"])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with a collection behind the aliases `plone` and `packages`, or with `plone` itself."""
    folder = tmp_path / "filled"
    folder.mkdir()
    with on(Database(folder / FILE)) as services:
        fill(services, request.param, alias="packages")
        if request.param != "plone":
            services.admin.point("plone", request.param)
    return folder


@contextmanager
def copy(filled: Path) -> Iterator[Path]:
    """Give the path of a file that holds the same."""
    with TemporaryDirectory(dir=filled.parent) as place:
        shutil.copytree(filled, place, dirs_exist_ok=True)
        yield Path(place) / FILE


def test_death_at_any_step_leaves_all_behind_the_name_and_the_next_run_completes_it(filled: Path) -> None:
    with on(Database(filled / FILE)) as services:
        wanted = shown(services, "plone")
    deaths, has_died = 0, True

    while has_died:
        with copy(filled) as path:
            try:
                with on(MortalDatabase(path, deaths)) as services:
                    recreate_copy(services, PLONE)
                has_died = False
            except Death:
                deaths += 1
            with on(Database(path)) as services:
                for name in ("plone", "packages"):
                    seen = shown(services, name)
                    assert [seen[part] for part in ("documents", "tombstones")] == [
                        wanted[part] for part in ("documents", "tombstones")
                    ]
                clear_leftovers(services, "plone")
                ((collection, aliases),) = names(services).items()
                assert {collection, *aliases} >= {"plone", "packages"}
                assert shown(services, "plone") == shown(services, "packages") == wanted
                assert recreate_copy(services, PLONE).is_whole
                assert shown(services, "plone") == shown(services, "packages") == wanted

    assert deaths > 8


WRITES: dict[str, Callable[[PackageIndex], object]] = {
    "stars": lambda index: index.update("plone", {"a": RepositoryFields(github_stars=99)}),
    "a new project": lambda index: index.put("plone", [project_documents("new")]),
    "a new release": lambda index: index.put("plone", [project_documents("a", "1.0", "2.0", "3.0", last_serial=9)]),
    "a change at the same serial": lambda index: index.put("plone", [project_documents("b", "1.0", summary="changed")]),
    "a departure": lambda index: index.remove("plone", [Tombstone(name="b", removed_at=1, reason="gone")]),
}


@pytest.mark.parametrize("write", WRITES)
def test_what_is_written_through_the_name_at_any_step_is_there_in_the_end(filled: Path, write: str) -> None:
    with copy(filled) as path, on(Database(path)) as services:
        if "plone" in names(services) and write != "stars":
            pytest.skip("whoever writes documents is turned away while a collection gives its name away")
        WRITES[write](services.index)
        wanted = shown(services, "plone")
    step, steps = 0, 1

    while step < steps:
        with copy(filled) as path, on(Database(path)) as other:

            def meanwhile(written: int, index: PackageIndex = other.index, now: int = step) -> None:
                if written == now:
                    WRITES[write](index)

            disturbed = DisturbedDatabase(path, meanwhile)
            with on(disturbed) as services:
                assert recreate_copy(services, PLONE).is_whole
                assert shown(services, "plone") == wanted, f"written before step {step} of {disturbed.written}"
            steps = disturbed.written
        step += 1

    assert steps > 8
