"""Kill any run on real documents at any moment: the next run gives the result of an undisturbed one.

The moments are random. A failure prints them, and the same `--seed` repeats them.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pyf.aggregator.ports import IndexAdmin
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.load import load_documents
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner
from support.slow.index_contents import list_aliases, open_index
from support.slow.killable_command import KillableCommand, KillPoint, start_killable
from support.slow.napari_registry import RUN_KINDS, NapariRegistry, get_index_path
from support.slow.reader_thread import ReaderThread, Releases

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in Linux's /proc")

# The size of the registry, and how many times each kind of run is killed.
PROJECTS = 40
KILLS = 13

# The most kills before a run that is not disturbed.
MAX_KILLS = 3

# Seconds in which a worker must end after its parent; one that is starting needs some of them on a busy machine.
WORKER_EXIT_TIMEOUT = 30.0

# What can be seen of a rebuild from outside, in this order.
STEPS: dict[str, Callable[[IndexAdmin], bool]] = {
    "a second collection is there": lambda admin: len(list_aliases(admin)) == 2,
    "the first projects are in it": lambda admin: any(c.projects and not c.aliases for c in admin.list_collections()),
    "the alias has moved": lambda admin: admin.resolve("napari") != "napari-1",
    "the old collection is gone": lambda admin: "napari-1" not in list_aliases(admin),
}


@pytest.fixture(scope="module")
def registry(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], NapariRegistry]]:
    """Return a registry with a number of real packages."""
    documents = list(load_documents(shared_data / "pypi" / "napari-projects.jsonl.gz"))
    registries: dict[int, NapariRegistry] = {}

    def get(projects: int) -> NapariRegistry:
        if projects not in registries:
            fake_registry = FakeRegistry(documents[:: len(documents) // projects][:projects])
            pypi = stack.enter_context(LocalPyPI(fake_registry))
            registries[projects] = NapariRegistry(pypi, tmp_path_factory.mktemp("napari"))
        return registries[projects]

    with ExitStack() as stack:
        yield get


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--seed"))


def draw_kill_point(napari: NapariRegistry, kind: str, rng: Random) -> KillPoint:
    """Choose a moment: before the first request, or some time after one of an undisturbed run."""
    usual = napari.run_baseline(kind)
    number = rng.choice((0, 1, 1, 1)) * rng.randint(1, usual.requests)
    delay = rng.uniform(0.0, 0.3 if number else usual.seconds / 3)
    last = napari.pypi.requests.total + number
    since: list[float] = []

    def has_come() -> bool:
        if not since and napari.pypi.requests.total >= last:
            since.append(time.monotonic())
        return bool(since) and time.monotonic() >= since[0] + delay

    return KillPoint(f"{delay:.3f} s after request {number} of {usual.requests}", has_come)


def kill_run(command: KillableCommand, moment: KillPoint) -> int | None:
    """Kill a command at a moment and return the number of its workers, None if it had ended before."""
    if not command.wait_for(moment):
        result = command.wait()
        assert result.code == 0, result
        return None
    workers = command.kill()
    assert command.wait_for_children(timeout=WORKER_EXIT_TIMEOUT), f"killed {moment.name}, it has left workers behind"
    return len(workers)


def kill_repeatedly(napari: NapariRegistry, kind: str, shell: CommandRunner, rng: Random, kills: int) -> dict[str, int]:
    """Kill runs one after the other until one ends first; return the moments, with the numbers of workers."""
    crashes: dict[str, int] = {}
    for _ in range(kills):
        with start_killable(shell, *RUN_KINDS[kind].arguments) as command:
            moment = draw_kill_point(napari, kind, rng)
            workers = kill_run(command, moment)
        if workers is None:
            break
        crashes[moment.name] = workers
    return crashes


def assert_completed(napari: NapariRegistry, kind: str, shell: CommandRunner, crashes: str) -> None:
    """Run again, and compare with the undisturbed index and the expected one."""
    result = shell.run(*RUN_KINDS[kind].arguments)

    assert result.code == 0, f"{crashes}: {result}"
    with open_index(get_index_path(shell)) as (index, admin):
        stored = napari.read_contents(index)
        assert stored == napari.run_baseline(kind).contents, crashes
        assert napari.to_comparable(stored) == napari.build_expected(kind), crashes
        ((name, aliases),) = list_aliases(admin).items()
    assert (name.rpartition("-")[0], aliases) == ("napari", ("napari",)), crashes


def count_releases(contents: dict[str, Any]) -> Releases:
    return Counter(document["name_normalized"] for document in contents["documents"].values())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["full", "incremental", "refresh"])
def test_killed_run_is_completed_by_next(kind: str, registry: Callable[[int], NapariRegistry], seed: str) -> None:
    napari = registry(PROJECTS)
    napari.run_baseline(kind)  # now, and not while another run is under way
    crashes: list[dict[str, int]] = []
    while sum(map(len, crashes)) < KILLS:
        rng = Random(f"{seed} {kind} {len(crashes)}")
        shell = napari.create_user(kind)

        crashes.append(kill_repeatedly(napari, kind, shell, rng, rng.randint(2, MAX_KILLS)))

        assert_completed(napari, kind, shell, f"--seed {seed}, round {len(crashes)}, killed {crashes[-1]}")
    print(f"{kind}: {crashes}")


@pytest.mark.parametrize(
    ("projects", "kills"),
    [
        pytest.param(10, 1, id="some"),
        pytest.param(PROJECTS, KILLS, id="all", marks=pytest.mark.slow),
    ],
)
def test_killed_rebuild_is_invisible_and_completed(
    projects: int, kills: int, registry: Callable[[int], NapariRegistry], seed: str
) -> None:
    napari = registry(projects)
    complete = count_releases(napari.before), count_releases(napari.run_baseline("recreate").contents)
    crashes: list[dict[str, int]] = []
    while sum(map(len, crashes)) < kills:
        rng = Random(f"{seed} recreate {len(crashes)}")
        shell = napari.create_user("recreate")

        with ReaderThread(get_index_path(shell), "napari", complete) as onlooker:
            kills_now = min(kills, rng.randint(2, MAX_KILLS))
            crashes.append(kill_repeatedly(napari, "recreate", shell, rng, kills_now))
            replay = f"--seed {seed}, round {len(crashes)}, killed {crashes[-1]}"
            assert_completed(napari, "recreate", shell, replay)

        assert (onlooker.problems, onlooker.read_count > 0) == ([], True), replay
    print(f"recreate: {crashes}")


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_rebuild_killed_at_each_step_is_completed(step: str, registry: Callable[[int], NapariRegistry]) -> None:
    napari = registry(PROJECTS)
    complete = count_releases(napari.before), count_releases(napari.run_baseline("recreate").contents)
    shell = napari.create_user("recreate")

    with (
        ReaderThread(get_index_path(shell), "napari", complete) as onlooker,
        open_index(get_index_path(shell)) as (_, admin),
    ):
        with start_killable(shell, *RUN_KINDS["recreate"].arguments) as command:
            was_killed = kill_run(command, KillPoint(step, lambda: STEPS[step](admin))) is not None
        assert_completed(napari, "recreate", shell, step)

    assert (onlooker.problems, was_killed) == ([], True)
