"""kill -9 at any moment of any run on real documents: the next run gives what an undisturbed one would have given.

The moments are drawn. A failure says which they were; the same `--seed` draws them again.
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
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.load import load
from pyf.aggregator.sample.services import LocalPyPI
from shell import Shell
from slow.contents import collections, opened
from slow.killable import Killable, Moment, started
from slow.napari import KINDS, Napari, index_of
from slow.onlooker import Onlooker, Releases

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in Linux's /proc")

# The size of the registry, and how many times each kind of run is killed.
PROJECTS = 40
KILLS = 13

# In a round, one after the other; the run after them is left alone.
MOST_KILLS = 3

# Seconds after its parent's death at which a worker that is still there is taken to stay for ever; one that is just
# starting needs some of them on a busy machine.
AFTERLIFE = 30.0

# What can be seen of a rebuild from outside, in this order.
STEPS: dict[str, Callable[[IndexAdmin], bool]] = {
    "a second collection is there": lambda admin: len(collections(admin)) == 2,
    "the first projects are in it": lambda admin: any(c.projects and not c.aliases for c in admin.collections()),
    "the alias has moved": lambda admin: admin.resolve("napari") != "napari-1",
    "the old collection is gone": lambda admin: "napari-1" not in collections(admin),
}


@pytest.fixture(scope="module")
def registry(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Napari]]:
    """Gives a registry of so many real projects."""
    documents = list(load(shared_data / "pypi" / "napari-projects.jsonl.gz"))
    made: dict[int, Napari] = {}

    def get(projects: int) -> Napari:
        if projects not in made:
            ecosystem = Ecosystem(documents[:: len(documents) // projects][:projects])
            pypi = stack.enter_context(LocalPyPI(ecosystem))
            made[projects] = Napari(pypi, tmp_path_factory.mktemp("napari"))
        return made[projects]

    with ExitStack() as stack:
        yield get


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--seed"))


def drawn(napari: Napari, kind: str, chance: Random) -> Moment:
    """Draw a moment: before the first request, or some time after one of those that an undisturbed run sends."""
    usual = napari.undisturbed(kind)
    number = chance.choice((0, 1, 1, 1)) * chance.randint(1, usual.requests)
    delay = chance.uniform(0.0, 0.3 if number else usual.seconds / 3)
    last = napari.pypi.requests.total + number
    since: list[float] = []

    def has_come() -> bool:
        if not since and napari.pypi.requests.total >= last:
            since.append(time.monotonic())
        return bool(since) and time.monotonic() >= since[0] + delay

    return Moment(f"{delay:.3f} s after request {number} of {usual.requests}", has_come)


def killed(command: Killable, moment: Moment) -> int | None:
    """Kill a command at a moment and return how many workers it had; None where it had ended by then."""
    if not command.lives_until(moment):
        ended = command.ended()
        assert ended.code == 0, ended
        return None
    workers = command.kill()
    assert command.leaves_nobody(within=AFTERLIFE), f"killed {moment.name}, it has left workers behind"
    return len(workers)


def killed_often(napari: Napari, kind: str, shell: Shell, chance: Random, kills: int) -> dict[str, int]:
    """Kill runs one after the other, as long as they live until then; return the moments, with how many workers."""
    deaths: dict[str, int] = {}
    for _ in range(kills):
        with started(shell, *KINDS[kind].arguments) as command:
            moment = drawn(napari, kind, chance)
            workers = killed(command, moment)
        if workers is None:
            break
        deaths[moment.name] = workers
    return deaths


def assert_completed(napari: Napari, kind: str, shell: Shell, deaths: str) -> None:
    """Run again, and compare with the undisturbed index and with the oracle."""
    ended = shell.run(*KINDS[kind].arguments)

    assert ended.code == 0, f"{deaths}: {ended}"
    with opened(index_of(shell)) as (index, admin):
        held = napari.contents(index)
        assert held == napari.undisturbed(kind).contents, deaths
        assert napari.shown(held) == napari.due(kind), deaths
        ((name, aliases),) = collections(admin).items()
    assert (name.rpartition("-")[0], aliases) == ("napari", ("napari",)), deaths


def releases(contents: dict[str, Any]) -> Releases:
    return Counter(document["name_normalized"] for document in contents["documents"].values())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["full", "incremental", "refresh"])
def test_a_run_that_was_killed_at_any_moment_is_completed_by_the_next(
    kind: str, registry: Callable[[int], Napari], seed: str
) -> None:
    napari = registry(PROJECTS)
    napari.undisturbed(kind)  # now, and not while another run is under way
    deaths: list[dict[str, int]] = []
    while sum(map(len, deaths)) < KILLS:
        chance = Random(f"{seed} {kind} {len(deaths)}")
        shell = napari.user(kind)

        deaths.append(killed_often(napari, kind, shell, chance, chance.randint(2, MOST_KILLS)))

        assert_completed(napari, kind, shell, f"--seed {seed}, round {len(deaths)}, killed {deaths[-1]}")
    print(f"{kind}: {deaths}")


@pytest.mark.parametrize(
    ("projects", "kills"),
    [
        pytest.param(10, 1, id="some"),
        pytest.param(PROJECTS, KILLS, id="all", marks=pytest.mark.slow),
    ],
)
def test_a_rebuild_that_was_killed_at_any_moment_never_shows_and_is_completed_by_the_next(
    projects: int, kills: int, registry: Callable[[int], Napari], seed: str
) -> None:
    napari = registry(projects)
    complete = releases(napari.before), releases(napari.undisturbed("recreate").contents)
    deaths: list[dict[str, int]] = []
    while sum(map(len, deaths)) < kills:
        chance = Random(f"{seed} recreate {len(deaths)}")
        shell = napari.user("recreate")

        with Onlooker(index_of(shell), "napari", complete) as onlooker:
            kills_now = min(kills, chance.randint(2, MOST_KILLS))
            deaths.append(killed_often(napari, "recreate", shell, chance, kills_now))
            replay = f"--seed {seed}, round {len(deaths)}, killed {deaths[-1]}"
            assert_completed(napari, "recreate", shell, replay)

        assert (onlooker.complaints, onlooker.looks > 0) == ([], True), replay
    print(f"recreate: {deaths}")


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_rebuild_that_was_killed_as_soon_as_a_step_shows_is_completed_by_the_next(
    step: str, registry: Callable[[int], Napari]
) -> None:
    napari = registry(PROJECTS)
    complete = releases(napari.before), releases(napari.undisturbed("recreate").contents)
    shell = napari.user("recreate")

    with Onlooker(index_of(shell), "napari", complete) as onlooker, opened(index_of(shell)) as (_, admin):
        with started(shell, *KINDS["recreate"].arguments) as command:
            was_killed = killed(command, Moment(step, lambda: STEPS[step](admin))) is not None
        assert_completed(napari, "recreate", shell, step)

    assert (onlooker.complaints, was_killed) == ([], True)
