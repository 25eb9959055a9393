"""A process of its own at work on a SQLite index: run as `python sqlite_worker.py <act> <file> <arguments>`.

Every project that is written carries in its summary the number of its writing, and as many releases as that number
says, so that a half-written one shows.
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
    """Return a project as the writing of this number leaves it."""
    versions = [f"{release}.0" for release in range(1, number % 5 + 2)]
    return build_project(name, *versions, summary=str(number), description=f"{number} " * 3000)


def read_number(index: PackageIndex, name: str) -> int:
    """Return the number of the writing that a project shows, 0 where it is not there; fails for half a project."""
    documents = index.get_project_documents(COLLECTION, name)
    if not documents:
        return 0
    number = int(documents[0].registry.summary)
    expected = build_written(name, number).documents
    assert sorted(d.registry.version for d in documents) == sorted(d.version for d in expected), f"half of {name}"
    assert {d.registry.summary for d in documents} == {str(number)}, f"{name} is of several writings"
    return number


def write_some(path: Path, prefix: str, seconds: str, start: str = "0") -> None:
    """Write numbers above the given one until the time is over, and say each once it is written."""
    index = SqliteIndex(Database(path))
    deadline = time.monotonic() + float(seconds)
    number = int(start)
    while time.monotonic() < deadline:
        number += 1
        name = f"{prefix}-{number % PROJECTS}"
        index.put(COLLECTION, [build_written(name, number)])
        print(name, number, flush=True)
        index.update(COLLECTION, {name: RepositoryFields(github_stars=number)})


def write_all(path: Path) -> None:
    """Write all projects again and again, in one call each time."""
    index = SqliteIndex(Database(path))
    print("ready", flush=True)
    for number in range(1, 1000):
        index.put(COLLECTION, [build_written(f"together-{index_number}", number) for index_number in range(300)])


def read_all(path: Path, seconds: str) -> None:
    """Read everything in every way until the time is over."""
    index = SqliteIndex(Database(path))
    deadline = time.monotonic() + float(seconds)
    while time.monotonic() < deadline:
        for holding in index.project_states(COLLECTION):
            read_number(index, holding.name_normalized)
        for _ in index.export(COLLECTION):
            pass


def open_new_files(path: Path, start: str, files: str) -> None:
    """Open new files at the same moments as others do, and write to each."""
    for number in range(int(files)):
        time.sleep(max(0.0, float(start) + number * 0.25 - time.time()))
        database = Database(path.with_name(f"{number}-{path.name}"))
        with suppress(Invalid):
            SqliteAdmin(database).create(COLLECTION, build_state())
        SqliteIndex(database).put(COLLECTION, [build_written(f"project-{os.getpid()}", 1)])
        database.close()


def hold_lock(path: Path, collection: str) -> None:
    """Hold the right to a collection until killed; so does nothing a child that lives on."""
    with SqliteAdmin(Database(path)).lock(collection):
        child = os.fork() if hasattr(os, "fork") else 1
        if child:
            print(child, flush=True)
        time.sleep(600)


def fork_process(path: Path) -> None:
    """Use one index on both sides of a fork."""
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
    """Export everything, and say how many documents there were and how much memory it took at most, in KiB.

    That is read where Linux tells it: `getrusage` counts what the parent process had taken, too.
    """
    count = sum(1 for _ in SqliteIndex(Database(path)).export(COLLECTION))
    status = Path("/proc/self/status").read_text()
    print(count, status.partition("VmHWM:")[2].split()[0])


ACTIONS: dict[str, Callable[..., None]] = {
    act.__name__: act for act in (write_some, write_all, read_all, open_new_files, hold_lock, fork_process, export_all)
}

if __name__ == "__main__":
    ACTIONS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
