"""One process of a crowd at work on one SQLite file: run as `python crowd.py <act> <file> <seconds> <arguments>`.

Each prints as JSON how often it has done what; what must not happen ends it with a traceback.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.sqlite import SqliteIndex
from pyf.aggregator.adapters.index.sqlite_admin import SqliteAdmin
from pyf.aggregator.bootstrap import open_services
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.ports import PackageIndex, Services
from pyf.aggregator.settings import load_settings
from pyf.aggregator.usecases.changes import changes
from pyf.aggregator.usecases.fetch import fetch
from pyf.aggregator.usecases.recreate import recreate
from pyf.aggregator.usecases.refresh import refresh
from pyf.aggregator.usecases.report import Report
from pyf.aggregator.usecases.target import Target

# Seconds between two runs, so that another process has its turn on the same collection.
PAUSE = 0.05


def keep_up(path: Path, seconds: str, url: str, collection: str, classifier: str) -> None:
    """Bring a collection up to date again and again, in every way there is, until the time is over."""
    settings = load_settings(
        sqlite_path=str(path), pypi_base_url=url, pypi_rate_limit_delay=0, render_workers=1, pypi_batch_size=10
    )
    turned_away = "another run is at work on the collection"
    counts: Counter[str] = Counter()
    with open_services(settings) as services:
        uses = _uses(services, Target(collection=collection, filter=Filter(classifiers=(classifier,))))
        end = time.monotonic() + float(seconds)
        while time.monotonic() < end:
            report = uses[(counts["whole"] + counts["not whole"]) % len(uses)]()
            stopped = str(report.stopped_by or "")
            time.sleep(PAUSE)
            if turned_away in stopped:
                counts["turned away"] += 1
                continue
            # What goes while it is being read fails that reading, or keeps a rebuild from going live; never the file.
            assert not report.stopped_by or "does not go live" in stopped, report
            assert not report.rejected, report
            counts["whole" if report.is_whole else "not whole"] += 1
    print(json.dumps(counts))


def _uses(services: Services, target: Target) -> list[Callable[[], Report]]:
    assert target.filter is not None
    default = target.filter
    return [
        lambda: fetch(services, target, default=default),
        lambda: changes(services, target, default=default),
        lambda: refresh(services, target, default=default),
        lambda: changes(services, target, default=default),
        lambda: recreate(services, target, default=default),
    ]


def look_on(path: Path, seconds: str) -> None:
    """Read all collections through their aliases until the time is over; each project must be whole."""
    database = Database(path)
    index, admin = SqliteIndex(database), SqliteAdmin(database)
    counts: Counter[str] = Counter()
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        for collection in admin.collections():
            for alias in collection.aliases:
                _look(index, alias)
                counts["looks"] += 1
    database.close()
    print(json.dumps(counts))


def _look(index: PackageIndex, alias: str) -> None:
    for holding in index.holdings(alias):
        documents = index.documents(alias, holding.name_normalized)
        assert len({document.registry.last_serial for document in documents}) <= 1, f"{alias}: half of {holding}"
        assert sum(document.registry.is_newest for document in documents) == bool(documents), f"{alias}: {holding}"


ACTS: dict[str, Callable[..., None]] = {act.__name__: act for act in (keep_up, look_on)}

if __name__ == "__main__":
    ACTS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
