"""Process that works on a SQLite index: `python sqlite_worker.py <action> <file> <arguments>`.

The summary of a project is the number of its write, which also determines its releases, so that a partial write is
detected.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.domain.documents.schema import RepositoryFields
from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.ports import PackageIndex, ProjectDocuments
from support.builders import build_project, build_state

COLLECTION = "plone-1"
PROJECTS = 20


def build_written(name: str, number: int) -> ProjectDocuments:
    """Return a project as the write of this number leaves it."""
    versions = [f"{release}.0" for release in range(1, number % 5 + 2)]
    return build_project(name, *versions, summary=str(number), description=f"{number} " * 3000)


def read_number(index: PackageIndex, name: str) -> int:
    """Return the number of a project's last write, 0 if it does not exist; fail for a partial write."""
    documents = index.get_project_documents(COLLECTION, name)
    if not documents:
        return 0
    number = int(documents[0].registry.summary)
    expected = build_written(name, number).documents
    assert sorted(d.registry.version for d in documents) == sorted(d.version for d in expected), (
        f"partial write of {name}"
    )
    assert {d.registry.summary for d in documents} == {str(number)}, f"{name} mixes several writes"
    return number


def write_some(path: Path, prefix: str, count: str, start: str = "0") -> None:
    """Write this many numbers above `start`; print each after its write."""
    index = SqliteIndex(Database(path))
    for number in range(int(start) + 1, int(start) + int(count) + 1):
        name = f"{prefix}-{number % PROJECTS}"
        index.put(COLLECTION, [build_written(name, number)])
        print(name, number, flush=True)
        index.update(COLLECTION, {name: RepositoryFields(repository_stars=number)})


def write_all(path: Path) -> None:
    """Write all projects repeatedly, in one call each time."""
    index = SqliteIndex(Database(path))
    print("ready", flush=True)
    for number in range(1, 1000):
        index.put(COLLECTION, [build_written(f"together-{index_number}", number) for index_number in range(300)])


def read_all(path: Path, stop_file: str) -> None:
    """Read all projects in every way, and again until the file exists."""
    index = SqliteIndex(Database(path))
    is_stopped = False
    while not is_stopped:
        is_stopped = Path(stop_file).exists()
        for state in index.iter_project_states(COLLECTION):
            read_number(index, state.name_normalized)
        for _ in index.export(COLLECTION):
            pass


def open_new_files(path: Path, files: str) -> None:
    """Open new files at the same moments as other processes, and write to each; stdin gives the first moment."""
    print("ready", flush=True)
    start = float(sys.stdin.readline())
    for number in range(int(files)):
        time.sleep(max(0.0, start + number * 0.25 - time.time()))
        database = Database(path.with_name(f"{number}-{path.name}"))
        with suppress(Invalid):
            SqliteAdmin(database).create(COLLECTION, build_state())
        SqliteIndex(database).put(COLLECTION, [build_written(f"project-{os.getpid()}", 1)])
        database.close()


def hold_lock(path: Path, collection: str) -> None:
    """Hold the lock of a collection until killed; a forked child lives on without it."""
    with SqliteAdmin(Database(path)).lock(collection):
        child = os.fork() if hasattr(os, "fork") else 1
        if child:
            print(child, flush=True)
        time.sleep(600)


def fork_process(path: Path) -> None:
    """Use one index in the parent and a forked child."""
    database = Database(path)
    index = SqliteIndex(database)
    index.put(COLLECTION, [build_written("parent", 1)])
    child = os.fork()
    if not child:
        index.put(COLLECTION, [build_written("child", 1)])
        os._exit(0 if read_number(index, "parent") == 1 else 1)
    _, status = os.waitpid(child, 0)
    index.put(COLLECTION, [build_written("parent", 2)])
    print(os.waitstatus_to_exitcode(status), read_number(index, "parent"), read_number(index, "child"))
    database.close()


def export_all(path: Path) -> None:
    """Export all documents; print their number and the peak memory in KiB.

    Read from /proc, because `getrusage` includes the parent's peak.
    """
    count = sum(1 for _ in SqliteIndex(Database(path)).export(COLLECTION))
    status = Path("/proc/self/status").read_text()
    print(count, status.partition("VmHWM:")[2].split()[0])


ACTIONS: dict[str, Callable[..., None]] = {
    action.__name__: action
    for action in (write_some, write_all, read_all, open_new_files, hold_lock, fork_process, export_all)
}

if __name__ == "__main__":
    ACTIONS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
