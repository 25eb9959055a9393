"""Crash a run between any two writes: readers find a complete collection, and the next run completes it.

Only the database crashes, so that every step can be tried; `test_kill_run` kills real processes.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from msgspec.structs import replace

from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.documents.schema import RegistryFields, RepositoryFields
from pyf.aggregator.ports import PackageIndex, ProjectDocuments
from pyf.aggregator.sandbox.local_service import COUNTS_PATH
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import COMMAND_TIMEOUT
from support.registry_world import Clock, Json, World
from support.slow.crashing_database import CrashingDatabase, HookedDatabase, ProcessDeath
from support.slow.index_contents import list_aliases, read_contents
from support.slow.tiny_registry import (
    REMOVED_NAMES,
    USE_CASES,
    build_expected,
    build_tiny_registry,
    change_registry,
    open_tiny_world,
    run_use_case,
)

CLOCK = Clock()


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    with LocalPyPI(build_tiny_registry(CLOCK)) as pypi:
        yield pypi


@pytest.fixture
def filled_folder(pypi: LocalPyPI, tmp_path: Path) -> Path:
    """A folder with an index of the registry, which has changed since."""
    with open_tiny_world(pypi, tmp_path / "filled", CLOCK) as world:
        world.fetch()
    change_registry(pypi.registry)
    return tmp_path / "filled"


def iter_crashes(pypi: LocalPyPI, folder: Path, use: str) -> Iterator[Path]:
    """Yield a folder after each crash, the first one before the first step, the last one after the last step."""
    lives, has_died = 0, True
    while has_died:
        databases: list[CrashingDatabase] = []

        def open_database(path: Path, lives: int = lives, into: list[CrashingDatabase] = databases) -> CrashingDatabase:
            into.append(CrashingDatabase(path, lives))
            return into[0]

        crash_folder = folder.with_name(f"{use}-{lives}")
        if folder.exists():
            shutil.copytree(folder, crash_folder)
        try:
            with open_tiny_world(pypi, crash_folder, CLOCK, open_database=open_database) as crashing_world:
                run_use_case(crashing_world, use)
            has_died = False
        except ProcessDeath:
            lives += 1
            wait_for_counts(pypi)
        yield crash_folder
        shutil.rmtree(crash_folder)
    assert lives > 10


def wait_for_counts(pypi: LocalPyPI) -> None:
    """Wait until the registry has counted all requests of a crashed run; it responds in order."""
    for _ in range(2):
        urlopen(f"{pypi.url}{COUNTS_PATH}", timeout=COMMAND_TIMEOUT).close()


def read_baseline(pypi: LocalPyPI, folder: Path, use: str) -> dict[str, Any]:
    """Return what an undisturbed run makes of a copy of the index."""
    baseline_folder = folder.with_name("undisturbed")
    if folder.exists():
        shutil.copytree(folder, baseline_folder)
    with open_tiny_world(pypi, baseline_folder, CLOCK) as world:
        assert run_use_case(world, use).is_complete
        assert world.stored() == build_expected(world, use)
        return read_contents(world.deps.index, "tiny", REMOVED_NAMES)


def group_by_project(stored: dict[str, Json]) -> dict[str, dict[str, Json]]:
    projects: dict[str, dict[str, Json]] = {}
    for id_, document in stored.items():
        projects.setdefault(document["name_normalized"], {})[id_] = document
    return projects


def read_all_documents(world: World) -> Iterator[tuple[str, tuple[RegistryFields, ...]]]:
    for name, documents in world.deps.index.get_documents("tiny", world.names()).items():
        yield name, tuple(documents)


def read_state(world: World) -> CollectionState:
    return world.deps.index.get_state("tiny")


def test_first_fetch_crash_at_any_write(pypi: LocalPyPI, tmp_path: Path) -> None:
    expected = read_baseline(pypi, tmp_path / "nothing", "fetch")

    for folder in iter_crashes(pypi, tmp_path / "nothing", "fetch"):
        with open_tiny_world(pypi, folder, CLOCK) as world:
            assert run_use_case(world, "fetch").is_complete
            assert read_contents(world.deps.index, "tiny", REMOVED_NAMES) == expected
            assert list_aliases(world.deps.admin) == {"tiny-1": ("tiny",)}


@pytest.mark.parametrize("use", USE_CASES)
def test_crash_at_any_write(use: str, pypi: LocalPyPI, filled_folder: Path) -> None:
    """Readers find complete projects (of a rebuild: a complete collection), and the next run equals the baseline."""
    with open_tiny_world(pypi, filled_folder, CLOCK) as world:
        old_documents, new_documents = world.stored(), build_expected(world, use)
        cursor = read_state(world).cursor
    before, after = group_by_project(old_documents), group_by_project(new_documents)
    expected = read_baseline(pypi, filled_folder, use)

    for folder in iter_crashes(pypi, filled_folder, use):
        with open_tiny_world(pypi, folder, CLOCK) as world:
            documents = world.stored()
            if use == "recreate":
                assert documents in (old_documents, new_documents)
            stored = group_by_project(documents)
            assert all(stored.get(name) in (before.get(name), after.get(name)) for name in before | after | stored)
            assert read_state(world).cursor == cursor or stored == after

            assert run_use_case(world, use).is_complete
            assert read_contents(world.deps.index, "tiny", REMOVED_NAMES) == expected
            ((_, aliases),) = list_aliases(world.deps.admin).items()
            assert aliases == ("tiny",)


@pytest.mark.slow
@pytest.mark.parametrize("use", ["fetch", "changes", "refresh"])
def test_next_run_removes_crashed_rebuild(use: str, pypi: LocalPyPI, filled_folder: Path) -> None:
    for folder in iter_crashes(pypi, filled_folder, "recreate"):
        with open_tiny_world(pypi, folder, CLOCK) as world:
            assert run_use_case(world, use).is_complete
            (only,) = list_aliases(world.deps.admin)
            assert world.deps.admin.resolve("tiny") == only
            assert set(build_expected(world, use)) <= set(world.stored()) <= set(world.expected())
            assert read_state(world).rebuild_of == ""


def test_live_rebuild_is_not_an_orphan(pypi: LocalPyPI, filled_folder: Path) -> None:
    """If an operator moves the alias, the collection that it led to stays, even after a crashed rebuild."""
    with open_tiny_world(pypi, filled_folder, CLOCK) as world:
        admin = world.deps.admin
        world.deps.index.set_state("tiny", replace(read_state(world), rebuild_of="tiny"))
        world.changes()
        admin.create("elsewhere", CollectionState(filter=world.filter))
        admin.set_alias("tiny", "elsewhere")

        world.fetch()

        assert list_aliases(admin) == {"elsewhere": ("tiny",), "tiny-1": ()}


def rebuild_with_hook(pypi: LocalPyPI, folder: Path, meanwhile: Callable[[int], None]) -> tuple[Json, int]:
    """Rebuild with another action between any two steps; return a package's document and the number of steps."""
    databases: list[HookedDatabase] = []

    def open_database(path: Path) -> HookedDatabase:
        databases.append(HookedDatabase(path, meanwhile))
        return databases[-1]

    with open_tiny_world(pypi, folder, CLOCK, open_database=open_database) as world:
        assert run_use_case(world, "recreate").is_complete
        return world.document("tiny.one"), databases[0].transaction_count


def test_rebuild_keeps_concurrent_writes(pypi: LocalPyPI, filled_folder: Path) -> None:
    """Other processes write stars and downloads during a rebuild."""
    written_at: list[int] = []
    step = 0
    while len(written_at) == step:
        folder = filled_folder.with_name(f"meanwhile-{step}")
        shutil.copytree(filled_folder, folder)
        with open_tiny_world(pypi, folder, CLOCK) as other:

            def write_stars(number: int, index: PackageIndex = other.deps.index, now: int = step) -> None:
                if number == now:
                    written_at.append(number)
                    index.update("tiny", {"tiny-one": RepositoryFields(repository_stars=86)})

            document, steps = rebuild_with_hook(pypi, folder, write_stars)

        if len(written_at) > step:
            assert document.get("repository_stars") == 86, f"written before step {step} of {steps} and lost"
            assert document["health_model"] == "full", f"written before step {step} of {steps} and not scored"
        shutil.rmtree(folder)
        step += 1
    assert step > 20


def test_crashed_rebuild_keeps_last_writes(pypi: LocalPyPI, filled_folder: Path) -> None:
    """The crash is after the swap and before the enrichments are copied again."""
    with open_tiny_world(pypi, filled_folder, CLOCK) as world:
        admin, index = world.deps.admin, world.deps.index
        admin.create("tiny-2", CollectionState(filter=world.filter))
        index.put("tiny-2", [ProjectDocuments(name_normalized=n, documents=d) for n, d in read_all_documents(world)])
        index.set_state("tiny-1", replace(read_state(world), rebuild_of="tiny"))
        index.update("tiny-1", {"tiny-one": RepositoryFields(repository_stars=86)})
        admin.set_alias("tiny", "tiny-2")

        assert run_use_case(world, "changes").is_complete

        assert list_aliases(admin) == {"tiny-2": ("tiny",)}
        assert world.document("tiny.one")["repository_stars"] == 86
