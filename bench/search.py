"""Duration of searches in 100,000 projects: the queries of `search_corpus.py`, sequentially, with facets."""

import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from rich.table import Table

from bench import http_load, search_corpus
from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.domain.search import SearchQuery
from pyf.aggregator.settings import load_settings
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.read.search import search_packages, suggest_packages

# Columns: step, seconds, seconds of CPU time, p50, p95 and maximum in milliseconds, goal.
Row: TypeAlias = tuple[str, ...]


def measure(path: Path, projects: int = search_corpus.PROJECT_COUNT) -> Table:
    """Fill a file with projects and search it; return a table of durations beside their goals."""
    table = Table(title=f"Search in {projects:,} projects (goals: for 100,000)", title_justify="left")
    for column in ("step", "seconds", "CPU s", "p50 ms", "p95 ms", "max ms", "goal"):
        table.add_column(column, justify="left" if column in ("step", "goal") else "right")
    for row in _measure_steps(path, projects):
        table.add_row(*row)
    return table


def _measure_steps(path: Path, projects: int) -> Iterator[Row]:
    target = Target(collection=search_corpus.COLLECTION)
    settings = load_settings(sqlite_path=str(path), index_backend="sqlite")
    with open_dependencies(settings) as deps:
        search_corpus.create_collection(deps)
        writing, indexing = Stopwatch(), Stopwatch()
        for batch in search_corpus.generate_batches(projects, now=int(time.time())):
            with writing:
                search_corpus.write_batch(deps, batch)
        yield writing.to_row("writing the documents")
        with indexing:
            search_packages(deps, target, SearchQuery(text="genome"))
        yield indexing.to_row("building the search index")
        yield (writing + indexing).to_row("both", goal="20 s")
        queries = list(search_corpus.generate_queries())
        yield _measure_each(
            "search, with facets", lambda query: search_packages(deps, target, query), queries, goal="p95 10 ms"
        )
        prefixes = [query.text[:6] for query in queries if query.text]
        yield _measure_each(
            "suggestions", lambda prefix: suggest_packages(deps, target, prefix), prefixes, goal="p95 5 ms"
        )
        word = search_corpus.change_summary(deps)
        yield _measure_once("search after a change", lambda: search_corpus.check_found(deps, word))
    with open_dependencies(settings) as deps:
        yield _measure_once(
            "first search of a process", lambda: search_packages(deps, target, SearchQuery(text="whale"))
        )
    for workers in sorted({1, os.cpu_count() or 1}):
        durations = http_load.measure_times(path, search_corpus.COLLECTION, queries[: projects // 50], workers)
        label = f"search over HTTP, {http_load.CLIENTS} clients, {workers} process{'es'[: 2 * (workers > 1)]}"
        yield label, *_format_durations(durations), "p95 30 ms" if workers > 1 else ""


class Stopwatch:
    """Adds up the time of several blocks, and the CPU time of this process and of those that it waited for."""

    def __init__(self, seconds: float = 0.0, cpu: float = 0.0) -> None:
        self.seconds = seconds
        self.cpu = cpu

    def __enter__(self) -> None:
        self.seconds -= time.perf_counter()
        self.cpu -= _read_cpu()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter()
        self.cpu += _read_cpu()

    def __add__(self, other: "Stopwatch") -> "Stopwatch":
        return Stopwatch(self.seconds + other.seconds, self.cpu + other.cpu)

    def to_row(self, step: str, *, goal: str = "") -> Row:
        """Return the row of a step."""
        return step, f"{self.seconds:.2f}", f"{self.cpu:.2f}", "-", "-", "-", goal


def _read_cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _measure_once(step: str, work: Callable[[], object]) -> Row:
    stopwatch = Stopwatch()
    with stopwatch:
        work()
    return stopwatch.to_row(step)


def _measure_each(step: str, work: Callable[[Any], object], items: Iterable[Any], *, goal: str) -> Row:
    durations = []
    for item in items:
        start = time.perf_counter()
        work(item)
        durations.append(time.perf_counter() - start)
    return step, *_format_durations(durations), goal


def _format_durations(seconds: list[float]) -> Row:
    ordered = sorted(seconds)
    percentiles = (ordered[len(ordered) // 2], ordered[len(ordered) * 95 // 100], ordered[-1])
    return f"{sum(ordered):.2f}", "-", *(f"{1000 * duration:.1f}" for duration in percentiles)


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    from rich.console import Console

    with TemporaryDirectory(prefix="bench-") as folder:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else search_corpus.PROJECT_COUNT
        Console(width=150).print(measure(Path(folder) / "searched.sqlite3", count))
