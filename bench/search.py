"""Duration of searches in 100,000 projects: the queries of `search_corpus.py`, sequentially, with facets."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from rich.table import Table

from bench import http_load, search_corpus
from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.domain.search import SearchQuery
from pyf.aggregator.settings import load_settings
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.read.search import search_packages, suggest_packages


def measure(path: Path, projects: int = search_corpus.PROJECT_COUNT) -> Table:
    """Fill a file with projects and search it; return a table of durations."""
    table = Table(title=f"Search in {projects:,} projects", title_justify="left")
    for column in ("step", "seconds", "p50 ms", "p95 ms", "max ms"):
        table.add_column(column, justify="left" if column == "step" else "right")
    target = Target(collection=search_corpus.COLLECTION)
    now = int(time.time())
    with open_dependencies(load_settings(sqlite_path=str(path), index_backend="sqlite")) as deps:
        table.add_row(
            "writing the documents", *_time_once(lambda: search_corpus.fill_collection(deps, projects, now=now))
        )
        table.add_row(
            "building the search index", *_time_once(lambda: search_packages(deps, target, SearchQuery(text="genome")))
        )
        queries = list(search_corpus.generate_queries())
        table.add_row("search, with facets", *_time_each(lambda query: search_packages(deps, target, query), queries))
        prefixes = [query.text[:6] for query in queries if query.text]
        table.add_row("suggestions", *_time_each(lambda prefix: suggest_packages(deps, target, prefix), prefixes))
        word = search_corpus.change_summary(deps)
        table.add_row("search after a change", *_time_once(lambda: search_corpus.check_found(deps, word)))
    with open_dependencies(load_settings(sqlite_path=str(path), index_backend="sqlite")) as deps:
        table.add_row(
            "first search of a process", *_time_once(lambda: search_packages(deps, target, SearchQuery(text="whale")))
        )
    for workers in sorted({1, os.cpu_count() or 1}):
        durations = http_load.measure_times(path, search_corpus.COLLECTION, queries[: projects // 50], workers)
        label = f"search over HTTP, {http_load.CLIENTS} clients, {workers} process{'es'[: 2 * (workers > 1)]}"
        table.add_row(label, *_format_durations(durations))
    return table


def _time_once(work: Any) -> tuple[str, ...]:
    start = time.perf_counter()
    work()
    return f"{time.perf_counter() - start:.2f}", "-", "-", "-"


def _time_each(work: Any, items: list[Any]) -> tuple[str, ...]:
    durations = []
    for item in items:
        start = time.perf_counter()
        work(item)
        durations.append(time.perf_counter() - start)
    return _format_durations(durations)


def _format_durations(seconds: list[float]) -> tuple[str, ...]:
    ordered = sorted(seconds)
    percentiles = (ordered[len(ordered) // 2], ordered[len(ordered) * 95 // 100], ordered[-1])
    return f"{sum(ordered):.2f}", *(f"{1000 * duration:.1f}" for duration in percentiles)


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    from rich.console import Console

    with TemporaryDirectory(prefix="bench-") as folder:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else search_corpus.PROJECT_COUNT
        Console(width=150).print(measure(Path(folder) / "searched.sqlite3", count))
