"""How a run shows itself: a progress bar on a terminal's stderr, a report in words or as JSON on stdout."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from ..usecases.report import Progress as Watch
from ..usecases.report import Report, unwatched


class _Rate(ProgressColumn):
    """How many projects a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def progress_bar() -> Iterator[Watch]:
    """Give a callable that draws progress on stderr, with rate and remaining time; mute where that is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield unwatched
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as drawn:
        task = drawn.add_task("asking PyPI", total=None)

        def watch(step: str, done: int, total: int | None) -> None:
            drawn.update(task, description=step, completed=done, total=total)

        yield watch


def print_report(report: Report, *, as_json: bool) -> None:
    """Print what a run did: one JSON object, or a table and a line for everything that needs a look."""
    if as_json:
        click.echo(json.dumps(report.as_mapping(), indent=2, ensure_ascii=False))
    else:
        Console().print(_table(report))
    for notice in report.notices:
        click.echo(notice, err=True)
    for kind, names in (("failed", report.failed), ("rejected", report.rejected), ("postponed", report.postponed)):
        for name in names:
            click.echo(f"{kind}: {name}: {report.reasons[name]}", err=True)
    if report.stopped_by is not None:
        click.echo(f"Error: {report.stopped_by}", err=True)


def _table(report: Report) -> Table:
    table = Table(title=f"{report.action} {report.collection}", title_justify="left", show_header=False)
    counts = {
        "projects found": report.found,
        "indexed": report.indexed,
        "of these made anew after an upgrade": report.recomposed,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "documents written": report.documents,
        "rejected": len(report.rejected),
        "failed": len(report.failed),
        "to be asked again": len(report.postponed),
        "requests": report.requests,
    }
    for label, count in counts.items():
        table.add_row(label, f"{count:,}")
    table.add_row("seconds", f"{report.seconds:.1f}")
    return table
