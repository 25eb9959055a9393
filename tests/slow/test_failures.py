"""Whatever PyPI answers with, for one project or for all: nothing is lost, and the next healthy run completes it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.sample.faults import Fault, RetryAfter
from pyf.aggregator.sample.services import LocalPyPI
from shell import Ended, Shell
from slow.contents import collections
from slow.tiny import CLASSIFIER, USES, due, let_things_happen, run, tiny_ecosystem, tiny_user, tiny_world
from worlds import Clock, Json, World

CLOCK = Clock()

# An hour is not waited for, whichever way it is told.
HOUR = RetryAfter(3600)
FAULTS: dict[str, dict[str, Any]] = {
    "503": {"kind": "503"},
    "503-for-an-hour": {"kind": "503", "retry_after": HOUR},
    "429": {"kind": "429"},
    "429-for-an-hour": {"kind": "429", "retry_after": HOUR},
    "429-until-a-date": {"kind": "429", "retry_after": RetryAfter(3600, as_date=True)},
    "403": {"kind": "403"},
    "timeout": {"kind": "timeout"},
    "reset": {"kind": "reset"},
    "half": {"kind": "half"},
    "broken": {"kind": "broken"},
}
PLAIN = [name for name, fault in FAULTS.items() if "retry_after" not in fault]
REQUESTS = ["last_serial", "changelog", "browse", "simple_index", "project", "release", "simple_page"]

# One that is gone, one that has a new release, one that does not belong any more.
STRUCK = ["tiny-three", "tiny-one", "tiny-four"]


def tried(*quick: str) -> list[Any]:
    """Return all faults as parameters; only these are tried in the quick suite."""
    return [pytest.param(fault, marks=() if fault in quick else pytest.mark.slow) for fault in FAULTS]


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    with LocalPyPI(tiny_ecosystem(CLOCK)) as pypi:
        yield pypi


@pytest.fixture(scope="module")
def outdated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalPyPI, Path]]:
    """A registry, and a folder with an index of it from before it changed; made once, for hundreds of tests."""
    folder = tmp_path_factory.mktemp("outdated")
    with LocalPyPI(tiny_ecosystem(CLOCK)) as pypi:
        with tiny_world(pypi, folder, CLOCK) as world:
            world.fetch()
        let_things_happen(pypi.ecosystem)
        yield pypi, folder


@pytest.fixture
def changed(outdated: tuple[LocalPyPI, Path]) -> LocalPyPI:
    """A registry that has changed since `filled`, and is well; no test may change it further."""
    registry, _ = outdated
    registry.faults.clear()
    registry.faults.struck.clear()
    return registry


@pytest.fixture
def filled(outdated: tuple[LocalPyPI, Path], tmp_path: Path) -> Path:
    """A folder of the test's own with an index that is out of date."""
    _, folder = outdated
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return tmp_path


def failing(fault: str, *, time: float = 0.3) -> dict[str, Any]:
    """Return settings that have a run give up soon; requests that do not fail need their `time`, in seconds."""
    return {"pypi_timeout": time, "pypi_max_retries": 0} if FAULTS[fault]["kind"] == "timeout" else {}


def of(held: dict[str, Json], name: str) -> dict[str, Json]:
    return {id_: document for id_, document in held.items() if document["name_normalized"] == name}


def state(world: World) -> CollectionState:
    return world.services.index.state("tiny")


def assert_completed(pypi: LocalPyPI, folder: Path, use: str) -> None:
    """Run once more while the registry is well; `run` itself compares the counts of requests."""
    pypi.faults.clear()
    with tiny_world(pypi, folder, CLOCK) as world:
        report = run(world, use)

        assert report.is_whole, report
        assert world.held() == due(world, use)
        ((_, aliases),) = collections(world.services.admin).items()
        assert aliases == ("tiny",)


@pytest.mark.parametrize("fault", tried(*PLAIN))
@pytest.mark.parametrize("use", USES)
def test_a_registry_that_fails_altogether_changes_nothing(
    use: str, fault: str, changed: LocalPyPI, filled: Path
) -> None:
    changed.faults.add(Fault(**FAULTS[fault]))
    with tiny_world(changed, filled, CLOCK, **failing(fault)) as world:
        before, cursor, there = world.held(), state(world).cursor, collections(world.services.admin)

        report = run(world, use)

        assert isinstance(report.stopped_by, Unavailable)
        assert changed.url in str(report.stopped_by)
        assert (world.held(), state(world).cursor, collections(world.services.admin)) == (before, cursor, there)
    assert_completed(changed, filled, use)


@pytest.mark.parametrize("fault", tried("503", "timeout"))
@pytest.mark.parametrize("use", USES)
def test_documents_that_all_fail_are_all_named_and_change_nothing(
    use: str, fault: str, changed: LocalPyPI, filled: Path
) -> None:
    changed.faults.add(Fault(**FAULTS[fault], request="project"))
    with tiny_world(changed, filled, CLOCK, **failing(fault)) as world:
        before, cursor, there = world.held(), state(world).cursor, collections(world.services.admin)
        moved = {"tiny-one", "tiny-two", "tiny-three", "tiny-four", "tiny-five"}

        report = run(world, use)

        assert moved <= set(report.failed) <= {*moved, "tiny-six", "tiny-seven", "stranger"}
        assert report.removed == 0
        assert (world.held(), state(world).cursor, collections(world.services.admin)) == (before, cursor, there)
    assert_completed(changed, filled, use)


@pytest.mark.parametrize("struck", [STRUCK[0], *(pytest.param(name, marks=pytest.mark.slow) for name in STRUCK[1:])])
@pytest.mark.parametrize("fault", tried(*PLAIN))
@pytest.mark.parametrize("use", USES)
def test_a_project_that_fails_is_named_and_stays_as_it_was(
    use: str, fault: str, struck: str, changed: LocalPyPI, filled: Path
) -> None:
    changed.faults.add(Fault(**FAULTS[fault], project=struck))
    with tiny_world(changed, filled, CLOCK, **failing(fault, time=2.0)) as world:
        before, cursor, there = world.held(), state(world).cursor, collections(world.services.admin)

        report = run(world, use)

        assert (report.failed, report.stopped_by) == ([struck], None)
        assert of(world.held(), struck) == of(before, struck)
        assert (state(world).cursor, collections(world.services.admin)) == (cursor, there)
        # A rebuild goes live as a whole or not at all; other runs bring the others in.
        others = before if use == "recreate" else due(world, use)
        assert world.held() == {id_: d for id_, d in others.items() if d["name_normalized"] != struck} | of(
            before, struck
        )
    assert_completed(changed, filled, use)


@pytest.mark.parametrize("fault", tried("503"))
def test_a_first_fetch_brings_in_what_it_can_and_sets_no_cursor(fault: str, pypi: LocalPyPI, tmp_path: Path) -> None:
    pypi.faults.add(Fault(**FAULTS[fault], project="tiny-one"))
    with tiny_world(pypi, tmp_path, CLOCK, **failing(fault, time=1.0)) as world:
        report = world.fetch()

        assert (report.failed, report.stopped_by) == (["tiny-one"], None)
        assert "tiny-two" in world.names()
        assert state(world).cursor is None
    assert_completed(pypi, tmp_path, "fetch")


@pytest.mark.slow
@pytest.mark.parametrize("request_kind", REQUESTS)
@pytest.mark.parametrize("fault", PLAIN)
@pytest.mark.parametrize("use", USES)
def test_a_kind_of_request_that_fails_removes_nobody_who_is_there(
    use: str, fault: str, request_kind: str, changed: LocalPyPI, filled: Path
) -> None:
    changed.faults.add(Fault(**FAULTS[fault], request=request_kind))
    with tiny_world(changed, filled, CLOCK, **failing(fault, time=0.5)) as world:
        before, cursor = set(world.names()), state(world).cursor

        report = run(world, use)

        was_struck = changed.faults.struck.total() > 0
        assert before - set(world.names()) <= {"tiny-three", "tiny-four"}
        assert report.is_whole != was_struck
        assert not was_struck or state(world).cursor == cursor
    assert_completed(changed, filled, use)


class TestTheCommand:
    """What a shell and an operator see of it."""

    @pytest.fixture
    def shell(self, pypi: LocalPyPI, tmp_path: Path) -> Shell:
        return tiny_user(tmp_path, pypi)

    def run(self, shell: Shell, pypi: LocalPyPI, *arguments: str, called: bool = False, **settings: Any) -> Ended:
        """Run the command; the requests that it reports must be those that the registry has counted.

        Tests that run it many times have it `called` in their own process.
        """
        before = pypi.requests.total
        ended = (shell.call if called else shell.run)(*arguments, "--json", **settings)
        assert ended.report["requests"] == pypi.requests.total - before
        return ended

    def test_a_project_that_fails_is_exit_code_3_and_a_line_on_stderr(self, shell: Shell, pypi: LocalPyPI) -> None:
        pypi.faults.add(Fault("503", project="tiny-two"))

        ended = self.run(shell, pypi, "-f")

        assert (ended.code, ended.report["failed"]) == (3, ["tiny-two"])
        (line,) = (line for line in ended.err.splitlines() if "tiny-two" in line)
        assert "503" in line
        pypi.faults.clear()
        ended = self.run(shell, pypi, "-f")
        assert (ended.code, ended.report["indexed"]) == (0, 1)

    def test_a_registry_that_fails_is_exit_code_4_and_a_line_on_stderr(self, shell: Shell, pypi: LocalPyPI) -> None:
        pypi.faults.add(Fault("503"))

        ended = self.run(shell, pypi, "-f")

        assert (ended.code, ended.report["indexed"]) == (4, 0)
        assert pypi.url in ended.error
        assert "503" in ended.error

    @pytest.mark.slow
    @pytest.mark.parametrize("fault", ["timeout", "reset", "half", "broken", "403", "429"])
    def test_the_other_runs_fail_in_the_same_way(self, fault: str, shell: Shell, pypi: LocalPyPI) -> None:
        assert self.run(shell, pypi, "-f", called=True).code == 0
        let_things_happen(pypi.ecosystem)
        pypi.faults.add(Fault(fault))

        for arguments in (("-i",), ("--refresh-from-pypi",), ("-f", "--recreate-collection")):
            ended = self.run(shell, pypi, *arguments, called=True, pypi_timeout=0.3, pypi_max_retries=0)
            assert (ended.code, ended.report["removed"]) == (4, 0)

        pypi.faults.clear()
        assert self.run(shell, pypi, "-i", called=True).code == 0


@pytest.mark.parametrize("fault", tried("503", "timeout", "half"))
def test_a_run_that_gives_up_with_requests_under_way_counts_them_as_the_registry_does(
    fault: str, pypi: LocalPyPI, tmp_path: Path
) -> None:
    """After 50 projects in a row without an answer the rest is not asked for, and what is under way is cancelled."""
    for number in range(150):
        pypi.ecosystem.publish(f"tiny.n{number}", "1.0", info={"classifiers": [CLASSIFIER]})
    pypi.faults.add(Fault(**FAULTS[fault], request="project"))
    with tiny_world(pypi, tmp_path, CLOCK, **failing(fault)) as world:
        report = world.fetch()

        assert isinstance(report.stopped_by, Unavailable)
        assert len(report.failed) == 50
    assert_completed(pypi, tmp_path, "fetch")
