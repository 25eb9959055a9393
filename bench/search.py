"""How long a search takes in 100,000 projects: the questions of `searched.py`, one after another, with facets."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from rich.table import Table

from bench import over_http, searched
from pyf.aggregator.bootstrap import open_services
from pyf.aggregator.domain.search import Question
from pyf.aggregator.settings import load_settings
from pyf.aggregator.usecases.search import search, suggest
from pyf.aggregator.usecases.target import Target


def measure(path: Path, projects: int = searched.PROJECTS) -> Table:
    """Fill a file with so many projects and ask it; return the table of what it took."""
    table = Table(title=f"Search in {projects:,} projects", title_justify="left")
    for column in ("what", "seconds", "p50 ms", "p95 ms", "most ms"):
        table.add_column(column, justify="left" if column == "what" else "right")
    target = Target(collection=searched.COLLECTION)
    now = int(time.time())
    with open_services(load_settings(sqlite_path=str(path), index_backend="sqlite")) as services:
        table.add_row("writing the documents", *_once(lambda: searched.fill(services, projects, now=now)))
        table.add_row("making the search index", *_once(lambda: search(services, target, Question(text="genome"))))
        asked = list(searched.questions())
        table.add_row("search, with facets", *_each(lambda each: search(services, target, each), asked))
        typed = [each.text[:6] for each in asked if each.text]
        table.add_row("suggestions", *_each(lambda each: suggest(services, target, each), typed))
        changed = searched.changed(services)
        table.add_row("a changed document is found", *_once(lambda: searched.is_found(services, changed)))
    with open_services(load_settings(sqlite_path=str(path), index_backend="sqlite")) as services:
        table.add_row("first search of a process", *_once(lambda: search(services, target, Question(text="whale"))))
    for workers in sorted({1, os.cpu_count() or 1}):
        over = over_http.times(path, searched.COLLECTION, asked[: projects // 50], workers)
        what = f"search over HTTP, {over_http.CLIENTS} clients, {workers} process{'es'[: 2 * (workers > 1)]}"
        table.add_row(what, *_parts(over))
    return table


def _once(work: Any) -> tuple[str, ...]:
    started = time.perf_counter()
    work()
    return f"{time.perf_counter() - started:.2f}", "-", "-", "-"


def _each(work: Any, items: list[Any]) -> tuple[str, ...]:
    taken = []
    for item in items:
        started = time.perf_counter()
        work(item)
        taken.append(time.perf_counter() - started)
    return _parts(taken)


def _parts(seconds: list[float]) -> tuple[str, ...]:
    taken = sorted(seconds)
    part = (taken[len(taken) // 2], taken[len(taken) * 95 // 100], taken[-1])
    return f"{sum(taken):.2f}", *(f"{1000 * each:.1f}" for each in part)


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    from rich.console import Console

    with TemporaryDirectory(prefix="bench-") as folder:
        given = int(sys.argv[1]) if len(sys.argv) > 1 else searched.PROJECTS
        Console(width=150).print(measure(Path(folder) / "searched.sqlite3", given))
