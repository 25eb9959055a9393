"""Lists names with reasons: all are told, and many of a kind share a heading, so that a reader sees what matters.

How a run shows itself: a progress bar on a terminal's stderr, a report in words or as JSON on stdout.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from textwrap import fill
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
from ..usecases.report import ProgressCallback as Watch
from ..usecases.report import RunReport, no_progress
from .exit_codes import ExitCode, detach_stdout, print_error, to_exit_code

# So many names with the same kind of reason get a line each; more share a paragraph.
_MAX_SINGLE_LINES = 3
_LINE_WIDTH = 110


def format_reasons(kind: str, reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield lines such as `missing: NAME: reason`; reasons are of a kind where they agree up to their first colon."""
    by_heading: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, reason in reasons.items():
        heading, _, detail = " ".join(reason.split()).partition(": ")
        by_heading[heading].append((name, detail))
    for heading, names in by_heading.items():
        if len(names) <= _MAX_SINGLE_LINES:
            yield from (f"{kind}: {name}: {heading}{f': {detail}' if detail else ''}" for name, detail in names)
            continue
        yield f"{kind}: {heading} ({len(names):,}):"
        paragraph = ", ".join(f"{name} ({detail})" if detail else name for name, detail in names)
        yield fill(
            paragraph,
            _LINE_WIDTH,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )


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
PROBLEM_LISTS = ("failed", "rejected", "postponed", "missing")


class _RateColumn(ProgressColumn):
    """How many projects a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def progress_bar(initial_step: str = "asking PyPI") -> Iterator[Watch]:
    """Give a callable that draws progress on stderr, with rate and remaining time; mute where that is no terminal.

    `beginning` is what it says until it is called.
    """
    # Rich would draw into a log file as well where FORCE_COLOR is set, as it is on many a build server.
    if sys.stderr is None or not sys.stderr.isatty():
        yield no_progress
        return
    columns = (
        SpinnerColumn("line"),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(initial_step, total=None)

        def update(step: str, done: int, total: int | None) -> None:
            bar.update(task, description=step, completed=done, total=total)

        yield update


def get_exit_code(report: RunReport) -> ExitCode:
    """Return the exit code for a run that has ended."""
    if report.error is not None:
        return to_exit_code(report.error)
    return ExitCode.SUCCESS if report.is_complete else ExitCode.PARTIAL


def print_report(report: RunReport, *, as_json: bool) -> None:
    """Print what a run did: one JSON object, or a table; and a line on stderr for everything that needs a look."""
    if as_json:
        print_json(report.to_dict())
    elif report.error is None or report.requests:  # a run that was refused has no numbers to show
        print_renderable(_build_report_table(report))
    print_problems(report)


def print_problems(report: RunReport, lists: Sequence[str] = PROBLEM_LISTS) -> None:
    """Print a line on stderr for everything in a report that needs a look; of its lists, for these."""
    for notice in report.notices:
        click.echo(notice, err=True)
    for kind in lists:
        for line in format_reasons(kind, {name: report.reasons[name] for name in getattr(report, kind, ())}):
            click.echo(line, err=True)
    if report.error is not None:
        print_error(str(report.error))


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value as JSON on stdout, with escapes where its encoding lacks a character."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent)
    with _translate_write_errors():
        click.echo(text)


def print_line(text: str) -> None:
    """Print a line on stdout, with escapes where its encoding lacks a character."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    with _translate_write_errors():
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def create_stdout_console() -> Console:
    """Return what draws on stdout; a file has no width, so that of tables fits into most."""
    return Console() if sys.stdout is not None and sys.stdout.isatty() else Console(width=110)


def print_renderable(renderable: RenderableType) -> None:
    """Print a table, or what else rich draws, on stdout."""
    console = create_stdout_console()
    with _translate_write_errors():
        with console.capture() as captured:  # rich would take a reader that goes away for a failure
            console.print(renderable)
        click.echo(_encode_for_terminal(captured.get()), nl=False)


def _encode_for_terminal(text: str) -> str:
    """Return text with question marks for the characters that stdout's encoding lacks."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


@contextmanager
def _translate_write_errors() -> Iterator[None]:
    """Raise `Unavailable` where stdout takes nothing, as on a full disk."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        detach_stdout()
        raise Unavailable(f"can't write to stdout: {error.strerror}") from error


def _build_report_table(report: RunReport) -> Table:
    table = Table(title=f"{report.action} {report.collection}", title_justify="left", show_header=False)
    fields = report.to_dict()
    for name, label in _LABELS.items():
        if name in fields:
            count = fields[name] if isinstance(fields[name], int) else len(fields[name])
            table.add_row(label, f"{count:,}")
    table.add_row("seconds", f"{report.seconds:.1f}")
    return table
