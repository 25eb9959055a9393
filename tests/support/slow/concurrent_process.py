"""One process of a crowd at work on one SQLite file: run as `python crowd.py <act> <file> <seconds> <arguments>`.

Each prints as JSON how often it has done what; what must not happen ends it with a traceback.
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

# Seconds between two runs, so that another process has its turn on the same collection.
PAUSE = 0.05


def update_repeatedly(path: Path, seconds: str, url: str, collection: str, classifier: str) -> None:
    """Bring a collection up to date again and again, in every way there is, until the time is over."""
    settings = load_settings(
        sqlite_path=str(path), pypi_base_url=url, pypi_rate_limit_delay=0, render_workers=1, pypi_batch_size=10
    )
    lock_message = "is locked by another run"
    counts: Counter[str] = Counter()
    with open_dependencies(settings) as deps:
        use_cases = _build_use_cases(deps, Target(collection=collection, filter=Filter(classifiers=(classifier,))))
        deadline = time.monotonic() + float(seconds)
        while time.monotonic() < deadline:
            report = use_cases[(counts["whole"] + counts["not whole"]) % len(use_cases)]()
            error = str(report.error or "")
            time.sleep(PAUSE)
            if lock_message in error:
                counts["turned away"] += 1
                continue
            # What goes while it is being read fails that reading, or keeps a rebuild from going live; never the file.
            assert not report.error or "does not go live" in error, report
            assert not report.rejected, report
            counts["whole" if report.is_complete else "not whole"] += 1
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


def read_repeatedly(path: Path, seconds: str) -> None:
    """Read all collections through their aliases until the time is over; each project must be whole."""
    database = Database(path)
    index, admin = SqliteIndex(database), SqliteAdmin(database)
    counts: Counter[str] = Counter()
    deadline = time.monotonic() + float(seconds)
    while time.monotonic() < deadline:
        for collection in admin.list_collections():
            for alias in collection.aliases:
                _check_alias(index, alias)
                counts["looks"] += 1
    database.close()
    print(json.dumps(counts))


def _check_alias(index: PackageIndex, alias: str) -> None:
    for state in index.project_states(alias):
        documents = index.get_project_documents(alias, state.name_normalized)
        assert len({document.registry.last_serial for document in documents}) <= 1, f"{alias}: half of {state}"
        assert sum(document.registry.is_newest for document in documents) == bool(documents), f"{alias}: {state}"


ACTIONS: dict[str, Callable[..., None]] = {act.__name__: act for act in (update_repeatedly, read_repeatedly)}

if __name__ == "__main__":
    ACTIONS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
