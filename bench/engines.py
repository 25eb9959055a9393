"""The same work on SQLite and on a Typesense server, side by side in one table."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.table import Table

from bench import search_corpus
from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.domain.search import SearchQuery
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.settings import Settings, load_settings
from pyf.aggregator.usecases.collections.rebuild import rebuild_from_copy
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.enrich.downloads import enrich_downloads
from pyf.aggregator.usecases.enrich.repositories import enrich_repositories
from pyf.aggregator.usecases.ingest.fetch import fetch_collection
from pyf.aggregator.usecases.read.search import search_packages, suggest_packages
from pyf.aggregator.usecases.report import EnrichOptions

PACKAGE_COUNT = 20_000
LATENCY = 0.02
_MAX_QUERY_COUNT = 300
_FILTER = Filter(classifiers=("Programming Language :: Python",))
# Counts that other collections of the server have must not be copied instead of fetched.
_FRESH = EnrichOptions(fresh=True)
_STEPS = (
    "full fetch, s",
    "enrichment from GitHub, s",
    "enrichment with downloads, s",
    "first search, s",
    "search with facets, p50 / p95 ms",
    "suggestions, p50 / p95 ms",
    "recreate, s",
)
_NO_SERVER = "no server named"


def measure_engines(folder: Path, count: int = PACKAGE_COUNT) -> Table:
    """Measure both engines with the same generated packages; Typesense if TYPESENSE_TEST_URL names a server."""
    table = Table(
        title=f"Both engines with {count:,} generated packages, {LATENCY * 1000:g} ms an answer", title_justify="left"
    )
    table.add_column("step")
    for column in ("SQLite", "Typesense"):
        table.add_column(column, justify="right")
    query_count = min(count, _MAX_QUERY_COUNT)
    with _serve_packages(count) as services:
        sqlite = load_settings(**services, index_backend="sqlite", sqlite_path=str(folder / "engine.sqlite3"))
        columns = [list(_measure_engine(sqlite, query_count))]
        if typesense := load_typesense_settings(services, folder / "caches.sqlite3"):
            columns.append(list(_measure_engine(typesense, query_count)))
        else:
            columns.append([_NO_SERVER] * len(_STEPS))
    for row in zip(_STEPS, *columns, strict=True):
        table.add_row(*row)
    return table


def load_typesense_settings(services: dict[str, Any], caches: Path) -> Settings | None:
    """Return the settings of the server that TYPESENSE_TEST_URL names; None if it names none."""
    url, key = os.environ.get("TYPESENSE_TEST_URL"), os.environ.get("TYPESENSE_TEST_KEY")
    if not url or not key:
        return None
    return load_settings(
        **services, index_backend="typesense", typesense_nodes=url, typesense_api_key=key, sqlite_path=str(caches)
    )


def _measure_engine(settings: Settings, query_count: int) -> Iterator[str]:
    """Yield the measured value of each step; the collection has a name of its own and is dropped at the end."""
    target = Target(collection=f"bench-{uuid4().hex[:8]}")
    with open_dependencies(settings) as deps:
        try:
            yield _measure_run(lambda: fetch_collection(deps, target, default=_FILTER))
            yield _measure_run(lambda: enrich_repositories(deps, target, options=_FRESH))
            yield _measure_run(lambda: enrich_downloads(deps, target, options=_FRESH))
            yield f"{_measure_seconds(lambda: search_packages(deps, target, SearchQuery(text='genome'))):.2f}"
            queries = list(islice(search_corpus.generate_queries(), query_count))
            yield _measure_percentiles(lambda query: search_packages(deps, target, query), queries)
            prefixes = [query.text[:6] for query in queries if query.text]
            yield _measure_percentiles(lambda prefix: suggest_packages(deps, target, prefix), prefixes)
            yield _measure_run(lambda: rebuild_from_copy(deps, target))
        finally:
            drop_collection(deps, target.collection)


def drop_collection(deps: Dependencies, alias: str) -> None:
    """Delete a collection by its alias."""
    if (collection := deps.admin.resolve(alias)) is not None:
        deps.admin.drop(collection)


def _measure_run(run: Callable[[], Any]) -> str:
    """Return the seconds of a run with a report.

    Raises:
        RuntimeError: The run is not complete, so its time says nothing.
    """
    start = time.perf_counter()
    report = run()
    seconds = time.perf_counter() - start
    if not report.is_complete:
        raise RuntimeError(f"The run is not complete: {report.to_dict()}")
    return f"{seconds:.2f}"


def _measure_percentiles(run: Callable[[Any], Any], items: Iterable[Any]) -> str:
    seconds = sorted(_measure_seconds(lambda item=item: run(item)) for item in items)
    return f"{1000 * seconds[len(seconds) // 2]:.1f} / {1000 * seconds[len(seconds) * 95 // 100]:.1f}"


def _measure_seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


@contextmanager
def _serve_packages(count: int) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "bench.generated_services", str(count), str(LATENCY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as services:
        try:
            yield json.loads(services.stdout.readline())
        finally:
            services.terminate()


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    from rich.console import Console

    package_count = int(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE_COUNT
    with TemporaryDirectory(prefix="bench-") as temporary:
        Console(width=150).print(measure_engines(Path(temporary), package_count))
