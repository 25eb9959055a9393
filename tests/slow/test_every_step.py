"""Dying between any two steps costs nothing: who reads finds a complete collection, and the next run completes it.

A "death" here is that of a database, so that each of the steps can be tried; `test_kill` kills real processes.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from msgspec.structs import replace

from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.schema import RegistryFields, RepositoryFields
from pyf.aggregator.ports import PackageIndex, ProjectDocuments
from pyf.aggregator.sample.server import COUNTS_PATH
from pyf.aggregator.sample.services import LocalPyPI
from shell import PATIENCE
from slow.contents import collections, contents
from slow.mortal import Death, DisturbedDatabase, MortalDatabase
from slow.tiny import LEAVING, USES, due, let_things_happen, run, tiny_ecosystem, tiny_world
from worlds import Clock, Json, World

CLOCK = Clock()


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    with LocalPyPI(tiny_ecosystem(CLOCK)) as pypi:
        yield pypi


@pytest.fixture
def filled(pypi: LocalPyPI, tmp_path: Path) -> Path:
    """A folder with an index of the registry, which has changed since."""
    with tiny_world(pypi, tmp_path / "filled", CLOCK) as world:
        world.fetch()
    let_things_happen(pypi.ecosystem)
    return tmp_path / "filled"


def deaths(pypi: LocalPyPI, folder: Path, use: str) -> Iterator[Path]:
    """Yield a folder after each death of a run, the first one before its first step and the last after its last."""
    lives, has_died = 0, True
    while has_died:
        databases: list[MortalDatabase] = []

        def opened(path: Path, lives: int = lives, into: list[MortalDatabase] = databases) -> MortalDatabase:
            into.append(MortalDatabase(path, lives))
            return into[0]

        place = folder.with_name(f"{use}-{lives}")
        if folder.exists():
            shutil.copytree(folder, place)
        try:
            with tiny_world(pypi, place, CLOCK, opened=opened) as mortal:
                run(mortal, use)
            has_died = False
        except Death:
            lives += 1
            settle(pypi)
        yield place
        shutil.rmtree(place)


def settle(pypi: LocalPyPI) -> None:
    """Wait until the registry has counted all that a dead run has sent: it answers in turn, on a new connection too."""
    for _ in range(2):
        urlopen(f"{pypi.url}{COUNTS_PATH}", timeout=PATIENCE).close()


def undisturbed(pypi: LocalPyPI, folder: Path, use: str) -> dict[str, Any]:
    """Return what a run makes of a copy of the index that nobody disturbs."""
    place = folder.with_name("undisturbed")
    if folder.exists():
        shutil.copytree(folder, place)
    with tiny_world(pypi, place, CLOCK) as world:
        assert run(world, use).is_whole
        assert world.held() == due(world, use)
        return contents(world.services.index, "tiny", LEAVING)


def by_project(held: dict[str, Json]) -> dict[str, dict[str, Json]]:
    projects: dict[str, dict[str, Json]] = {}
    for id_, document in held.items():
        projects.setdefault(document["name_normalized"], {})[id_] = document
    return projects


def every_document(world: World) -> Iterator[tuple[str, tuple[RegistryFields, ...]]]:
    for name, documents in world.services.index.held("tiny", world.names()).items():
        yield name, tuple(documents)


def state(world: World) -> CollectionState:
    return world.services.index.state("tiny")


def test_a_first_fetch_that_dies_after_any_step_is_completed_by_the_next(pypi: LocalPyPI, tmp_path: Path) -> None:
    wanted = undisturbed(pypi, tmp_path / "nothing", "fetch")

    for place in deaths(pypi, tmp_path / "nothing", "fetch"):
        with tiny_world(pypi, place, CLOCK) as world:
            assert run(world, "fetch").is_whole
            assert contents(world.services.index, "tiny", LEAVING) == wanted
            assert collections(world.services.admin) == {"tiny-1": ("tiny",)}


@pytest.mark.parametrize("use", ["fetch", "changes", "refresh"])
def test_a_run_that_dies_after_any_step_leaves_whole_projects_and_a_cursor_that_does_not_lie(
    use: str, pypi: LocalPyPI, filled: Path
) -> None:
    with tiny_world(pypi, filled, CLOCK) as world:
        before, cursor, after = by_project(world.held()), state(world).cursor, by_project(due(world, use))

    for place in deaths(pypi, filled, use):
        with tiny_world(pypi, place, CLOCK) as world:
            held = by_project(world.held())
            assert all(held.get(name) in (before.get(name), after.get(name)) for name in before | after | held)
            assert state(world).cursor == cursor or held == after


@pytest.mark.parametrize("use", USES)
def test_the_next_run_after_any_death_gives_what_an_undisturbed_one_gives(
    use: str, pypi: LocalPyPI, filled: Path
) -> None:
    wanted = undisturbed(pypi, filled, use)

    for place in deaths(pypi, filled, use):
        with tiny_world(pypi, place, CLOCK) as world:
            assert run(world, use).is_whole
            assert contents(world.services.index, "tiny", LEAVING) == wanted
            ((_, aliases),) = collections(world.services.admin).items()
            assert aliases == ("tiny",)


def test_a_rebuild_that_dies_after_any_step_leaves_a_complete_collection_behind_the_alias(
    pypi: LocalPyPI, filled: Path
) -> None:
    with tiny_world(pypi, filled, CLOCK) as world:
        complete = world.held(), due(world, "recreate")

    for place in deaths(pypi, filled, "recreate"):
        with tiny_world(pypi, place, CLOCK) as world:
            assert world.held() in complete


@pytest.mark.slow
@pytest.mark.parametrize("use", ["fetch", "changes", "refresh"])
def test_the_next_run_of_any_kind_clears_what_a_rebuild_that_died_has_left(
    use: str, pypi: LocalPyPI, filled: Path
) -> None:
    for place in deaths(pypi, filled, "recreate"):
        with tiny_world(pypi, place, CLOCK) as world:
            assert run(world, use).is_whole
            (only,) = collections(world.services.admin)
            assert world.services.admin.resolve("tiny") == only
            assert set(due(world, use)) <= set(world.held()) <= set(world.due())
            assert state(world).standby_for == ""


def test_what_a_rebuild_left_live_is_no_leftover_when_the_alias_moves_later(pypi: LocalPyPI, filled: Path) -> None:
    """An operator may point the alias elsewhere; what it led to stays, though a rebuild once died over it."""
    with tiny_world(pypi, filled, CLOCK) as world:
        admin = world.services.admin
        world.services.index.remember("tiny", replace(state(world), standby_for="tiny"))
        world.changes()
        admin.create("elsewhere", CollectionState(filter=world.filter))
        admin.point("tiny", "elsewhere")

        world.fetch()

        assert collections(admin) == {"elsewhere": ("tiny",), "tiny-1": ()}


def disturbed_rebuild(pypi: LocalPyPI, place: Path, meanwhile: Callable[[int], None]) -> tuple[Json, int]:
    """Rebuild while something else is done between any two steps; return a project's document and how many steps."""
    databases: list[DisturbedDatabase] = []

    def opened(path: Path) -> DisturbedDatabase:
        databases.append(DisturbedDatabase(path, meanwhile))
        return databases[-1]

    with tiny_world(pypi, place, CLOCK, opened=opened) as world:
        assert run(world, "recreate").is_whole
        return world.document("tiny.one"), databases[0].written


def test_what_is_written_through_the_alias_at_any_step_of_a_rebuild_is_there_in_the_end(
    pypi: LocalPyPI, filled: Path
) -> None:
    """Stars and downloads come from other processes, which nobody keeps from writing while a rebuild is under way."""
    written_at: list[int] = []
    step = 0
    while len(written_at) == step:
        place = filled.with_name(f"meanwhile-{step}")
        shutil.copytree(filled, place)
        with tiny_world(pypi, place, CLOCK) as other:

            def write_stars(number: int, index: PackageIndex = other.services.index, now: int = step) -> None:
                if number == now:
                    written_at.append(number)
                    index.update("tiny", {"tiny-one": RepositoryFields(github_stars=86)})

            document, steps = disturbed_rebuild(pypi, place, write_stars)

        if len(written_at) > step:
            assert document.get("github_stars") == 86, f"written before step {step} of {steps} and lost"
            assert document["health_model"] == "full", f"written before step {step} of {steps} and not scored"
        shutil.rmtree(place)
        step += 1
    assert step > 20


def test_what_was_written_to_a_live_collection_just_before_a_rebuild_died_is_not_lost(
    pypi: LocalPyPI, filled: Path
) -> None:
    """Death came after the switch and before what had been written meanwhile was carried over again."""
    with tiny_world(pypi, filled, CLOCK) as world:
        admin, index = world.services.admin, world.services.index
        admin.create("tiny-2", CollectionState(filter=world.filter))
        index.put("tiny-2", [ProjectDocuments(name_normalized=n, documents=d) for n, d in every_document(world)])
        index.remember("tiny-1", replace(state(world), standby_for="tiny"))
        index.update("tiny-1", {"tiny-one": RepositoryFields(github_stars=86)})
        admin.point("tiny", "tiny-2")

        assert run(world, "changes").is_whole

        assert collections(admin) == {"tiny-2": ("tiny",)}
        assert world.document("tiny.one")["github_stars"] == 86
