"""SQLite index with many processes, kills, bounded memory and a bounded file."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.domain.errors import Unavailable
from support.builders import build_project, build_state
from support.sqlite_worker import COLLECTION, read_number

TESTS = Path(__file__).parents[2]
MEGABYTE = 1024 * 1024
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and kill -9")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pyf.sqlite3"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = Database(path)
    SqliteAdmin(database).create(COLLECTION, build_state(), alias="plone")
    yield database
    database.close()


@pytest.fixture
def index(database: Database) -> SqliteIndex:
    return SqliteIndex(database)


@pytest.fixture
def admin(database: Database) -> SqliteAdmin:
    return SqliteAdmin(database)


def start_process(action: str, path: Path, *arguments: object) -> subprocess.Popen[str]:
    """Start a process with an action of `sqlite_worker`."""
    command = [sys.executable, "-m", "support.sqlite_worker", action, str(path), *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)


def collect_outputs(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Wait for processes and return their output; fail if one of them failed."""
    finished = [(process, *process.communicate(timeout=120)) for process in processes]
    assert [errors for process, _, errors in finished if process.returncode] == []
    return [output for _, output, _ in finished]


def build_text(number: int) -> str:
    """Return 100,000 characters that differ everywhere for each number: SQLite writes only changed pages."""
    return f"{number:09} " * 10_000


def get_log_size(path: Path) -> int:
    log = path.with_name(f"{path.name}-wal")
    return log.stat().st_size if log.exists() else 0


@pytest.mark.parametrize(
    ("writers", "readers", "count"), [(2, 2, 60), pytest.param(4, 8, 2000, marks=pytest.mark.slow)]
)
def test_concurrent_processes_never_find_file_locked(
    index: SqliteIndex, path: Path, writers: int, readers: int, count: int
) -> None:
    stop_file = path.with_name("stop")
    reading = [start_process("read_all", path, stop_file) for _ in range(readers)]
    writing = [start_process("write_some", path, f"writer{number}", count) for number in range(writers)]
    largest_log = 0
    while any(process.poll() is None for process in writing):
        largest_log = max(largest_log, get_log_size(path))
        time.sleep(0.05)
    stop_file.touch()

    written = collect_outputs(writing)
    collect_outputs(reading)

    for lines in written:
        last = dict(line.split() for line in lines.splitlines())
        assert last
        assert {name: read_number(index, name) for name in last} == {name: int(number) for name, number in last.items()}
    assert largest_log < 50 * MEGABYTE


@pytest.mark.parametrize("files", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_twelve_processes_open_new_file(path: Path, files: int) -> None:
    processes = [start_process("open_new_files", path, files) for _ in range(12)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    start = time.time() + 0.1
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{start}\n")
        process.stdin.flush()

    collect_outputs(processes)

    for number in range(files):
        database = Database(path.with_name(f"{number}-{path.name}"))
        assert sum(1 for _ in SqliteIndex(database).iter_project_states(COLLECTION)) == 12
        database.close()


@needs_posix
@pytest.mark.parametrize("rounds", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_finished_put_survives_kill(index: SqliteIndex, path: Path, rounds: int) -> None:
    moments = random.Random(7)
    printed: dict[str, int] = {}
    for _ in range(rounds):
        writer = start_process("write_some", path, "writer", 10_000, max(printed.values(), default=0))
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.3))
        writer.kill()
        rest = writer.stdout.read()  # `communicate` would leave out what was read ahead with the first line
        writer.communicate(timeout=60)
        # The kill may cut the last line.
        whole, _, _ = (first + rest).rpartition("\n")
        printed |= {name: int(number) for name, number in map(str.split, whole.splitlines())}

        # The last write may be on disk without its line.
        assert [name for name, number in printed.items() if read_number(index, name) < number] == []
    assert printed


@needs_posix
def test_killed_put_leaves_whole_projects(index: SqliteIndex, path: Path) -> None:
    """One call writes many projects in several transactions; `read_number` fails for a mix of two writes."""
    moments = random.Random(11)
    for _ in range(3):
        writer = start_process("write_all", path)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.5))
        writer.kill()
        writer.communicate(timeout=60)

        numbers = {
            holding.name_normalized: read_number(index, holding.name_normalized)
            for holding in index.iter_project_states("plone")
        }

        assert all(number > 0 for number in numbers.values())


@needs_posix
def test_lock_ends_with_holder_despite_living_child(admin: SqliteAdmin, path: Path) -> None:
    holder = start_process("hold_lock", path, COLLECTION)
    assert holder.stdout is not None
    child = int(holder.stdout.readline())
    try:
        with pytest.raises(Unavailable, match="another run"), admin.lock("plone"):
            pass

        holder.kill()
        holder.wait(timeout=60)

        with admin.lock("plone"):
            os.kill(child, 0)
    finally:
        os.kill(child, signal.SIGKILL)
        holder.communicate(timeout=60)


@needs_posix
def test_index_works_in_parent_and_forked_child(index: SqliteIndex, path: Path) -> None:
    (output,) = collect_outputs([start_process("fork_process", path)])

    assert output.split() == ["0", "2", "1"]


def test_unfinished_listing_does_not_grow_log(index: SqliteIndex, path: Path) -> None:
    index.put("plone", [build_project(f"project-{number}") for number in range(700)])
    unfinished = [index.iter_project_states("plone"), index.export("plone")]
    for listing in unfinished:
        next(listing)

    for number in range(300):
        index.put("plone", [build_project("big", description=build_text(number))])

    assert get_log_size(path) < 12 * MEGABYTE


def test_log_is_truncated_after_long_read(index: SqliteIndex, database: Database, path: Path) -> None:
    with database.reading() as reading:
        reading.execute("SELECT count(*) FROM documents").fetchone()
        for number in range(150):
            index.put("plone", [build_project("big", description=build_text(number))])
        while_reading = get_log_size(path)

    index.put("plone", [build_project("small")])

    assert while_reading > 12 * MEGABYTE
    assert get_log_size(path) < MEGABYTE


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs a system that tells what memory was taken")
def test_export_memory_is_bounded(index: SqliteIndex, path: Path) -> None:
    for number in range(200):
        project = build_project(f"project-{number}", "1.0", "2.0", "3.0", "4.0", description=build_text(number))
        index.put("plone", [project])

    (output,) = collect_outputs([start_process("export_all", path)])

    count, memory = map(int, output.split())
    assert count == 800
    assert path.stat().st_size > 60 * MEGABYTE
    assert memory * 1024 < 120 * MEGABYTE


def test_drop_frees_space(index: SqliteIndex, admin: SqliteAdmin, path: Path) -> None:
    admin.create("plone-2", build_state())
    for collection in (COLLECTION, "plone-2"):
        index.put(collection, [build_project(f"project-{n}", description=build_text(n)) for n in range(200)])
    index.put("plone-2", [build_project("last")])

    admin.drop(COLLECTION)

    assert sum(1 for _ in index.export("plone-2")) == 201
    index.set_state("plone-2", build_state())
    database_size = path.stat().st_size + get_log_size(path)
    assert database_size < 30 * MEGABYTE


def test_file_size_is_stable_over_a_year(index: SqliteIndex, admin: SqliteAdmin, path: Path) -> None:
    """Every week all projects change and the collection is rebuilt behind its alias."""
    sizes = []
    for week in range(52):
        fresh = f"plone-{week + 2}"
        live = admin.resolve("plone") or ""
        admin.create(fresh, build_state())
        index.put("plone", [build_project(f"project-{n}", description=build_text(week)) for n in range(20)])
        index.put(fresh, [build_project(f"project-{n}", description=build_text(-week)) for n in range(20)])
        admin.set_alias("plone", fresh)
        admin.drop(live)
        sizes.append(path.stat().st_size + get_log_size(path))

    assert max(sizes[10:]) <= 1.5 * max(sizes[:10])
