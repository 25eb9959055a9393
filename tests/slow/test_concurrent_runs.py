"""Concurrent runs of all kinds and readers share one SQLite file."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import msgspec
import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.builders import build_project, build_state
from support.cli_runner import COMMAND_TIMEOUT
from support.expected_index import MembershipRules, build_expected
from support.index_engines import ENGINES
from support.registry_world import Clock, iter_served
from support.slow import concurrent_process
from support.slow.index_contents import list_aliases, open_index
from support.slow.tiny_registry import CLASSIFIER, build_tiny_registry, create_tiny_user, open_tiny_world

MEGABYTE = 1024 * 1024


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    fake_registry = build_tiny_registry(Clock())
    for number in range(30):
        readme = {"description": f"# {number}\n\n" + "word " * 2000, "description_content_type": "text/markdown"}
        fake_registry.publish(f"tiny.n{number}", "1.0", info={"classifiers": [CLASSIFIER], **readme})
    with LocalPyPI(fake_registry) as pypi:
        yield pypi


@pytest.mark.parametrize("commands", [4, pytest.param(12, marks=pytest.mark.slow)])
def test_concurrent_first_runs_on_new_file(commands: int, pypi: LocalPyPI, tmp_path: Path) -> None:
    shell = create_tiny_user(tmp_path, pypi, render_workers=1)
    aliases = [f"tiny{number}" for number in range(commands)]

    with ExitStack() as running:
        started = [running.enter_context(shell.start("-f", "-t", alias)) for alias in aliases]
        endings = [(*process.communicate(timeout=120), process.returncode) for process in started]

    assert [(err, code) for _, err, code in endings if code or "Error" in err] == []
    with open_index(tmp_path / "index.sqlite3") as (index, admin):
        assert list_aliases(admin) == {f"{alias}-1": (alias,) for alias in aliases}
        expected_documents = build_expected(iter_served(pypi.registry), MembershipRules([CLASSIFIER]))
        assert all(
            {document.registry.id for document in index.export(alias)} == set(expected_documents) for alias in aliases
        )
    # Processes may overwrite each other's cursor file, but never with half of it.
    since = msgspec.json.decode((tmp_path / ".pyaggregator.since").read_bytes())
    assert set(since.items()) <= {(alias, pypi.registry.last_serial) for alias in aliases}


@pytest.mark.parametrize(
    ("aliases", "readers", "run_count"),
    [(("one", "one"), 2, 5), pytest.param(("one", "one", "two", "three"), 8, 50, marks=pytest.mark.slow)],
)
def test_concurrent_runs_and_readers(
    aliases: tuple[str, ...], readers: int, run_count: int, pypi: LocalPyPI, tmp_path: Path
) -> None:
    path, log, stop_file = tmp_path / "index.sqlite3", tmp_path / "index.sqlite3-wal", tmp_path / "stop"
    with ExitStack() as running:
        writing = [
            _start_process(running, "update_repeatedly", path, run_count, pypi.url, alias, CLASSIFIER)
            for alias in aliases
        ]
        reading = [_start_process(running, "read_repeatedly", path, stop_file) for _ in range(readers)]
        largest_log = 0
        rng = Random(1)
        while any(process.poll() is None for process in writing):
            largest_log = max(largest_log, log.stat().st_size if log.exists() else 0)
            _change_project(pypi.registry, rng)
            time.sleep(0.05)
        stop_file.touch()
        written, read = _read_counts(writing), _read_counts(reading)

    print(f"runs {written}, readers {read}, log {largest_log / MEGABYTE:.1f} MB")
    assert {alias for alias, counts in zip(aliases, written, strict=True) if counts.get("complete")} == set(aliases)
    assert all(counts["reads"] for counts in read)
    assert largest_log < 50 * MEGABYTE
    for alias in set(aliases):
        with open_tiny_world(pypi, tmp_path, Clock()) as world:
            world.collection = alias
            assert world.changes().is_complete
            assert world.stored() == world.expected()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("listing", ["iter_project_states", "export"])
def test_listing_continues_in_replacement(listing: str, engine: str, tmp_path: Path) -> None:
    """A rebuild may switch the alias and drop the old collection at any moment of a listing, even before its start."""
    names = [f"project-{number:03}" for number in range(600)]
    with ENGINES[engine](tmp_path) as index_engine:
        for number in (1, 2):
            index_engine.admin.create(f"plone-{number}", build_state())
            index_engine.index.put(f"plone-{number}", [build_project(name, summary=str(number)) for name in names])
        index_engine.admin.set_alias("plone", "plone-1")
        started_listing, pending_listing = (
            getattr(index_engine.index, listing)("plone"),
            getattr(index_engine.index, listing)("plone"),
        )
        next(started_listing)

        index_engine.admin.set_alias("plone", "plone-2")
        index_engine.admin.drop("plone-1")

        assert (len(list(started_listing)), len(list(pending_listing))) == (599, 600)


def _start_process(running: ExitStack, action: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start an action of `concurrent_process`; it ends with the stack."""
    command = [sys.executable, concurrent_process.__file__, action, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    running.callback(process.communicate)
    running.callback(process.kill)
    return process


def _read_counts(processes: "list[subprocess.Popen[str]]") -> list[dict[str, int]]:
    """Return the printed counts of processes that are about to end; fail if one of them failed."""
    outputs = [process.communicate(timeout=COMMAND_TIMEOUT) for process in processes]
    assert [err for process, (_, err) in zip(processes, outputs, strict=True) if process.returncode] == []
    return [msgspec.json.decode(out, type=dict[str, int]) for out, _ in outputs]


def _change_project(fake_registry: FakeRegistry, rng: Random) -> None:
    number = rng.randrange(40)
    project = fake_registry.get_project(f"tiny-n{number}")
    if project is None:
        fake_registry.publish(f"tiny.n{number}", "1.0", info={"classifiers": [CLASSIFIER]})
    elif rng.random() < 0.1:
        fake_registry.remove_project(project.name)
    else:
        fake_registry.publish(project.name, f"1.{fake_registry.last_serial}")
