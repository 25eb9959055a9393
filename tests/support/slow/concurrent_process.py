"""Process that shares a SQLite file with others: `python concurrent_process.py <action> <file> <arguments>`.

It prints its counts as JSON; an error ends it with a traceback.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.ports import Dependencies, PackageIndex
from pyf.aggregator.settings import load_settings
from pyf.aggregator.usecases.collections.rebuild import rebuild_collection
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.ingest.fetch import fetch_collection
from pyf.aggregator.usecases.ingest.incremental import update_collection
from pyf.aggregator.usecases.ingest.refresh import refresh_collection
from pyf.aggregator.usecases.report import IngestReport

# Seconds between two runs, so that another process can lock the same collection.
PAUSE = 0.05
# Seconds between two passes of a reader, so that it does not take all CPU time.
READ_INTERVAL = 0.01
LOCK_MESSAGE = "is locked by another run"


def update_repeatedly(path: Path, run_count: str, url: str, collection: str, classifier: str) -> None:
    """Bring a collection up to date with every use case in turn; runs that find it locked do not count."""
    settings = load_settings(
        sqlite_path=str(path), pypi_base_url=url, pypi_rate_limit_delay=0, render_workers=1, pypi_batch_size=10
    )
    counts: Counter[str] = Counter()
    with open_dependencies(settings) as deps:
        use_cases = _build_use_cases(deps, Target(collection=collection, filter=Filter(classifiers=(classifier,))))
        while (finished_count := counts["complete"] + counts["incomplete"]) < int(run_count):
            report = use_cases[finished_count % len(use_cases)]()
            error = str(report.error or "")
            time.sleep(PAUSE)
            if LOCK_MESSAGE in error:
                counts["locked"] += 1
                continue
            # If a project is removed while a run reads it, the reading fails or a rebuild does not go live.
            assert not report.error or "does not go live" in error, report
            assert not report.rejected, report
            counts["complete" if report.is_complete else "incomplete"] += 1
    print(json.dumps(counts))


def _build_use_cases(deps: Dependencies, target: Target) -> list[Callable[[], IngestReport]]:
    assert target.filter is not None
    default = target.filter
    return [
        lambda: fetch_collection(deps, target, default=default),
        lambda: update_collection(deps, target, default=default),
        lambda: refresh_collection(deps, target, default=default),
        lambda: update_collection(deps, target, default=default),
        lambda: rebuild_collection(deps, target, default=default),
    ]


def read_repeatedly(path: Path, stop_file: str) -> None:
    """Read all collections through their aliases until the file exists; each project must be complete."""
    database = Database(path)
    index, admin = SqliteIndex(database), SqliteAdmin(database)
    counts: Counter[str] = Counter()
    while not (counts["reads"] and Path(stop_file).exists()):
        for collection in admin.list_collections():
            for alias in collection.aliases:
                _check_alias(index, alias)
                counts["reads"] += 1
        time.sleep(READ_INTERVAL)
    database.close()
    print(json.dumps(counts))


def _check_alias(index: PackageIndex, alias: str) -> None:
    for state in index.iter_project_states(alias):
        documents = index.get_project_documents(alias, state.name_normalized)
        assert len({document.registry.last_serial for document in documents}) <= 1, f"{alias}: partial write of {state}"
        assert sum(document.registry.is_newest for document in documents) == bool(documents), f"{alias}: {state}"


ACTIONS: dict[str, Callable[..., None]] = {action.__name__: action for action in (update_repeatedly, read_repeatedly)}

if __name__ == "__main__":
    ACTIONS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
