"""How a run shows itself: a progress bar on a terminal's stderr, a report in words or as JSON on stdout."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console, RenderableType
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

from ..domain.errors import Unavailable
from ..usecases.report import Progress as Watch
from ..usecases.report import RunReport, unwatched
from .exits import Exit, abandon_stdout, code_of, tell
from .listing import listed

# What the parts of a report are called in its table, in this order; a list is shown by its length.
_LABELS = {
    "found": "projects found",
    "copied": "copied",
    "indexed": "indexed",
    "recomposed": "of these made anew after an upgrade",
    "unchanged": "unchanged",
    "rescored": "scores renewed",
    "removed": "removed",
    "documents": "documents written",
    "rejected": "rejected",
    "enriched": "enriched",
    "remembered": "of these without a request",
    "missing": "missing",
    "failed": "failed",
    "postponed": "to be asked again",
    "requests": "requests",
}


# The lists of a report whose names need a look.
LISTS = ("failed", "rejected", "postponed", "missing")


class _Rate(ProgressColumn):
    """How many projects a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def progress_bar(beginning: str = "asking PyPI") -> Iterator[Watch]:
    """Give a callable that draws progress on stderr, with rate and remaining time; mute where that is no terminal.

    `beginning` is what it says until it is called.
    """
    # Rich would draw into a log file as well where FORCE_COLOR is set, as it is on many a build server.
    if sys.stderr is None or not sys.stderr.isatty():
        yield unwatched
        return
    columns = (
        SpinnerColumn("line"),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task(beginning, total=None)

        def watch(step: str, done: int, total: int | None) -> None:
            drawn.update(task, description=step, completed=done, total=total)

        yield watch


def code_of_report(report: RunReport) -> Exit:
    """Return the exit code for a run that has ended."""
    if report.stopped_by is not None:
        return code_of(report.stopped_by)
    return Exit.DONE if report.is_whole else Exit.PARTLY


def print_report(report: RunReport, *, as_json: bool) -> None:
    """Print what a run did: one JSON object, or a table; and a line on stderr for everything that needs a look."""
    if as_json:
        print_json(report.as_mapping())
    elif report.stopped_by is None or report.requests:  # a run that was refused has no numbers to show
        print_drawn(_table(report))
    tell_of(report)


def tell_of(report: RunReport, lists: Sequence[str] = LISTS) -> None:
    """Print a line on stderr for everything in a report that needs a look; of its lists, for these."""
    for notice in report.notices:
        click.echo(notice, err=True)
    for kind in lists:
        for line in listed(kind, {name: report.reasons[name] for name in getattr(report, kind, ())}):
            click.echo(line, err=True)
    if report.stopped_by is not None:
        tell(str(report.stopped_by))


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value as JSON on stdout, with escapes where its encoding lacks a character."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent)
    with _writing():
        click.echo(text)


def print_line(text: str) -> None:
    """Print a line on stdout, with escapes where its encoding lacks a character."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    with _writing():
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def stdout_console() -> Console:
    """Return what draws on stdout; a file has no width, so that of tables fits into most."""
    return Console() if sys.stdout is not None and sys.stdout.isatty() else Console(width=110)


def print_drawn(drawing: RenderableType) -> None:
    """Print a table, or what else rich draws, on stdout."""
    console = stdout_console()
    with _writing():
        with console.capture() as captured:  # rich would take a reader that goes away for a failure
            console.print(drawing)
        click.echo(_sayable(captured.get()), nl=False)


def _sayable(text: str) -> str:
    """Return text with question marks for the characters that stdout's encoding lacks."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


@contextmanager
def _writing() -> Iterator[None]:
    """Raise `Unavailable` where stdout takes nothing, as on a full disk."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon_stdout()
        raise Unavailable(f"can't write to stdout: {error.strerror}") from error


def _table(report: RunReport) -> Table:
    table = Table(title=f"{report.action} {report.collection}", title_justify="left", show_header=False)
    told = report.as_mapping()
    for name, label in _LABELS.items():
        if name in told:
            count = told[name] if isinstance(told[name], int) else len(told[name])
            table.add_row(label, f"{count:,}")
    table.add_row("seconds", f"{report.seconds:.1f}")
    return table
