"""Test faulty responses for one package or all: nothing is lost, and the next healthy run completes the index."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.sandbox.faults import Fault, RetryAfter
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner, CompletedCommand
from support.registry_world import Clock, Json, World
from support.slow.index_contents import list_aliases
from support.slow.tiny_registry import (
    CLASSIFIER,
    USE_CASES,
    build_expected,
    build_tiny_registry,
    change_registry,
    create_tiny_user,
    open_tiny_world,
    run_use_case,
)

CLOCK = Clock()

# A run does not wait for an hour, in whatever form the server demands it.
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

# One is removed, one has a new release, one does not match any more.
STRUCK = ["tiny-three", "tiny-one", "tiny-four"]


def select_faults(*quick: str) -> list[Any]:
    """Return all faults as parameters; the quick suite uses only the named ones."""
    return [pytest.param(fault, marks=() if fault in quick else pytest.mark.slow) for fault in FAULTS]


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    with LocalPyPI(build_tiny_registry(CLOCK)) as pypi:
        yield pypi


@pytest.fixture(scope="module")
def outdated_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalPyPI, Path]]:
    """A registry, and a folder with an outdated index of it; created once for hundreds of tests."""
    folder = tmp_path_factory.mktemp("outdated")
    with LocalPyPI(build_tiny_registry(CLOCK)) as pypi:
        with open_tiny_world(pypi, folder, CLOCK) as world:
            world.fetch()
        change_registry(pypi.registry)
        yield pypi, folder


@pytest.fixture
def changed_registry(outdated_folder: tuple[LocalPyPI, Path]) -> LocalPyPI:
    """A healthy registry that has changed since `filled`; no test may change it further."""
    registry, _ = outdated_folder
    registry.faults.clear()
    registry.faults.hits.clear()
    return registry


@pytest.fixture
def filled_folder(outdated_folder: tuple[LocalPyPI, Path], tmp_path: Path) -> Path:
    """A folder with a copy of the outdated index."""
    _, folder = outdated_folder
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return tmp_path


def open_failing_registry(fault: str, *, time: float = 0.3) -> dict[str, Any]:
    """Return settings with short timeouts; healthy requests need their `time`, in seconds."""
    return {"pypi_timeout": time, "pypi_max_retries": 0} if FAULTS[fault]["kind"] == "timeout" else {}


def select_project(stored: dict[str, Json], name: str) -> dict[str, Json]:
    return {id_: document for id_, document in stored.items() if document["name_normalized"] == name}


def read_state(world: World) -> CollectionState:
    return world.deps.index.get_state("tiny")


def assert_completed(pypi: LocalPyPI, folder: Path, use: str) -> None:
    """Run once more with a healthy registry; the run compares the request counts."""
    pypi.faults.clear()
    with open_tiny_world(pypi, folder, CLOCK) as world:
        report = run_use_case(world, use)

        assert report.is_complete, report
        assert world.stored() == build_expected(world, use)
        ((_, aliases),) = list_aliases(world.deps.admin).items()
        assert aliases == ("tiny",)


@pytest.mark.parametrize("fault", select_faults(*PLAIN))
@pytest.mark.parametrize("use", USE_CASES)
def test_failing_registry_changes_nothing(
    use: str, fault: str, changed_registry: LocalPyPI, filled_folder: Path
) -> None:
    changed_registry.faults.add(Fault(**FAULTS[fault]))
    with open_tiny_world(changed_registry, filled_folder, CLOCK, **open_failing_registry(fault)) as world:
        before, cursor, aliases = world.stored(), read_state(world).cursor, list_aliases(world.deps.admin)

        report = run_use_case(world, use)

        assert isinstance(report.error, Unavailable)
        assert changed_registry.url in str(report.error)
        assert (world.stored(), read_state(world).cursor, list_aliases(world.deps.admin)) == (before, cursor, aliases)
    assert_completed(changed_registry, filled_folder, use)


@pytest.mark.parametrize("fault", select_faults("503", "timeout"))
@pytest.mark.parametrize("use", USE_CASES)
def test_failing_documents_are_listed_and_remain(
    use: str, fault: str, changed_registry: LocalPyPI, filled_folder: Path
) -> None:
    changed_registry.faults.add(Fault(**FAULTS[fault], request="project"))
    with open_tiny_world(changed_registry, filled_folder, CLOCK, **open_failing_registry(fault)) as world:
        before, cursor, aliases = world.stored(), read_state(world).cursor, list_aliases(world.deps.admin)
        changed_names = {"tiny-one", "tiny-two", "tiny-three", "tiny-four", "tiny-five"}

        report = run_use_case(world, use)

        assert changed_names <= set(report.failed) <= {*changed_names, "tiny-six", "tiny-seven", "stranger"}
        assert report.removed == 0
        assert (world.stored(), read_state(world).cursor, list_aliases(world.deps.admin)) == (before, cursor, aliases)
    assert_completed(changed_registry, filled_folder, use)


@pytest.mark.parametrize("struck", [STRUCK[0], *(pytest.param(name, marks=pytest.mark.slow) for name in STRUCK[1:])])
@pytest.mark.parametrize("fault", select_faults(*PLAIN))
@pytest.mark.parametrize("use", USE_CASES)
def test_failing_project_is_listed_and_remains(
    use: str, fault: str, struck: str, changed_registry: LocalPyPI, filled_folder: Path
) -> None:
    changed_registry.faults.add(Fault(**FAULTS[fault], project=struck))
    with open_tiny_world(changed_registry, filled_folder, CLOCK, **open_failing_registry(fault, time=2.0)) as world:
        before, cursor, aliases = world.stored(), read_state(world).cursor, list_aliases(world.deps.admin)

        report = run_use_case(world, use)

        assert (report.failed, report.error) == ([struck], None)
        assert select_project(world.stored(), struck) == select_project(before, struck)
        assert (read_state(world).cursor, list_aliases(world.deps.admin)) == (cursor, aliases)
        # A rebuild goes live completely or not at all; other runs write the other packages.
        unaffected = before if use == "recreate" else build_expected(world, use)
        assert world.stored() == {
            id_: d for id_, d in unaffected.items() if d["name_normalized"] != struck
        } | select_project(before, struck)
    assert_completed(changed_registry, filled_folder, use)


@pytest.mark.parametrize("fault", select_faults("503"))
def test_first_fetch_with_failures_sets_no_cursor(fault: str, pypi: LocalPyPI, tmp_path: Path) -> None:
    pypi.faults.add(Fault(**FAULTS[fault], project="tiny-one"))
    with open_tiny_world(pypi, tmp_path, CLOCK, **open_failing_registry(fault, time=1.0)) as world:
        report = world.fetch()

        assert (report.failed, report.error) == (["tiny-one"], None)
        assert "tiny-two" in world.names()
        assert read_state(world).cursor is None
    assert_completed(pypi, tmp_path, "fetch")


@pytest.mark.slow
@pytest.mark.parametrize("request_kind", REQUESTS)
@pytest.mark.parametrize("fault", PLAIN)
@pytest.mark.parametrize("use", USE_CASES)
def test_failing_request_kind_removes_nothing(
    use: str, fault: str, request_kind: str, changed_registry: LocalPyPI, filled_folder: Path
) -> None:
    changed_registry.faults.add(Fault(**FAULTS[fault], request=request_kind))
    with open_tiny_world(changed_registry, filled_folder, CLOCK, **open_failing_registry(fault, time=0.5)) as world:
        before, cursor = set(world.names()), read_state(world).cursor

        report = run_use_case(world, use)

        was_struck = changed_registry.faults.hits.total() > 0
        assert before - set(world.names()) <= {"tiny-three", "tiny-four"}
        assert report.is_complete != was_struck
        assert not was_struck or read_state(world).cursor == cursor
    assert_completed(changed_registry, filled_folder, use)


class TestCommand:
    """Exit codes and messages."""

    @pytest.fixture
    def shell(self, pypi: LocalPyPI, tmp_path: Path) -> CommandRunner:
        return create_tiny_user(tmp_path, pypi)

    def run_command(
        self, shell: CommandRunner, pypi: LocalPyPI, *arguments: str, called: bool = False, **settings: Any
    ) -> CompletedCommand:
        """Run the command; its number of requests must equal that of the registry.

        Tests that run it many times have it `called` in their own process.
        """
        before = pypi.requests.total
        result = (shell.invoke if called else shell.run)(*arguments, "--json", **settings)
        assert result.report["requests"] == pypi.requests.total - before
        return result

    def test_failing_project_exits_3(self, shell: CommandRunner, pypi: LocalPyPI) -> None:
        pypi.faults.add(Fault("503", project="tiny-two"))

        result = self.run_command(shell, pypi, "-f")

        assert (result.code, result.report["failed"]) == (3, ["tiny-two"])
        (line,) = (line for line in result.err.splitlines() if "tiny-two" in line)
        assert "503" in line
        pypi.faults.clear()
        result = self.run_command(shell, pypi, "-f")
        assert (result.code, result.report["indexed"]) == (0, 1)

    def test_failing_registry_exits_4(self, shell: CommandRunner, pypi: LocalPyPI) -> None:
        pypi.faults.add(Fault("503"))

        result = self.run_command(shell, pypi, "-f")

        assert (result.code, result.report["indexed"]) == (4, 0)
        assert pypi.url in result.error
        assert "503" in result.error

    @pytest.mark.slow
    @pytest.mark.parametrize("fault", ["timeout", "reset", "half", "broken", "403", "429"])
    def test_other_runs_exit_4(self, fault: str, shell: CommandRunner, pypi: LocalPyPI) -> None:
        assert self.run_command(shell, pypi, "-f", called=True).code == 0
        change_registry(pypi.registry)
        pypi.faults.add(Fault(fault))

        for arguments in (("-i",), ("--refresh-from-pypi",), ("-f", "--recreate-collection")):
            result = self.run_command(shell, pypi, *arguments, called=True, pypi_timeout=0.3, pypi_max_retries=0)
            assert (result.code, result.report["removed"]) == (4, 0)

        pypi.faults.clear()
        assert self.run_command(shell, pypi, "-i", called=True).code == 0


@pytest.mark.parametrize("fault", select_faults("503", "timeout", "half"))
def test_aborted_run_counts_requests_like_registry(fault: str, pypi: LocalPyPI, tmp_path: Path) -> None:
    """After 50 failures in a row nothing more is requested, and requests in flight are cancelled."""
    for number in range(150):
        pypi.registry.publish(f"tiny.n{number}", "1.0", info={"classifiers": [CLASSIFIER]})
    pypi.faults.add(Fault(**FAULTS[fault], request="project"))
    with open_tiny_world(pypi, tmp_path, CLOCK, **open_failing_registry(fault)) as world:
        report = world.fetch()

        assert isinstance(report.error, Unavailable)
        assert len(report.failed) == 50
    assert_completed(pypi, tmp_path, "fetch")
