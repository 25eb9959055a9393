"""Draw the progress of a run on stderr, with the notices above it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from .exit_codes import QUIET
from .redaction import redact_output

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn

    from ..usecases.report import ProgressCallback

# Below this width a bar leaves no room for the text, and below the other one for rate and remaining time.
_MIN_BAR_WIDTH, _MIN_RATE_WIDTH = 70, 50

# Seconds between two lines of progress in a file.
_LINE_INTERVAL = 10.0

# The console of the bar that is being drawn: a line that is printed past it would end up inside the bar.
_active_consoles: list["Console"] = []


def is_quiet() -> bool:
    """Return whether the user has asked for reports and errors only, with -q before or after the subcommand."""
    context = click.get_current_context(silent=True)
    return bool(_get_root_param("quiet") or (context and context.meta.get(QUIET)))


def is_verbose() -> bool:
    """Return whether the user has asked for more, with -v before or after the subcommand."""
    context = click.get_current_context(silent=True)
    return bool(_get_root_param("verbose") or (context and context.params.get("is_verbose")))


def print_notice(text: str) -> None:
    """Print a line on stderr, unless the user wants none."""
    if not is_quiet():
        print_message(text)


def print_message(text: str) -> None:
    """Print a line on stderr, above the progress bar if there is one."""
    if not _active_consoles:
        click.echo(text, err=True)
        return
    from rich.text import Text

    _active_consoles[-1].print(Text(text), soft_wrap=True)


@contextmanager
def progress_bar(initial_step: str = "reading the index") -> Iterator["ProgressCallback"]:
    """Return a callback that draws progress on stderr, with rate and remaining time.

    Without a terminal it prints a line every 10 seconds: Rich would draw into a log file if FORCE_COLOR is set, as it
    is on many build servers. With `pyf -v` log lines say more than a bar.
    """
    from ..usecases.report import no_progress

    if sys.stderr is None or is_quiet() or _get_root_param("verbose"):
        yield no_progress
        return
    if not sys.stderr.isatty():
        yield ProgressLines(time.monotonic).update
        return
    from rich.progress import Progress

    from .console import CleanConsole

    console = CleanConsole(stderr=True)
    with Progress(*_build_columns(console.width), console=console, transient=True) as bar:
        redact_output()  # also what Rich prints above the bar, which it would interpret
        step = initial_step
        task = bar.add_task(initial_step, total=None)

        def update(name: str, done: int, total: int | None) -> None:
            nonlocal step
            text = format_step(name, done, total)
            if name != step:  # the rate of the last step says nothing about this one
                step = name
                bar.reset(task, description=text, completed=done, total=total)
            else:
                bar.update(task, description=text, completed=done, total=total)

        _active_consoles.append(console)
        try:
            yield update
        finally:
            _active_consoles.remove(console)


class ProgressLines:
    """Prints the progress of a long run as lines with their time; `now` returns seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last_line = now()

    def update(self, name: str, done: int, total: int | None) -> None:
        """Print a line if the last one is old enough."""
        if self._now() - self._last_line >= _LINE_INTERVAL:
            self._last_line = self._now()
            print_message(f"{format_current_time()}: {format_step(name, done, total)}")


def format_step(name: str, done: int, total: int | None) -> str:
    """Format the progress of a step, such as `reading packages 10 of 1,200`."""
    return name if total is None and not done else f"{name} {done:,}" + (f" of {total:,}" if total else "")


def format_current_time() -> str:
    """Format the current time, such as `2026-01-31 12:00:05 UTC`."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _build_columns(width: int) -> list["ProgressColumn"]:
    """Return the columns that a terminal of this width has room for."""
    from rich import progress as bars
    from rich.table import Column
    from rich.text import Text

    class RateColumn(bars.ProgressColumn):
        """Packages per second."""

        def render(self, task: bars.Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")

    columns: list[bars.ProgressColumn] = [
        bars.SpinnerColumn("line"),
        bars.TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis")),
    ]
    if width >= _MIN_BAR_WIDTH:
        columns.append(bars.BarColumn(bar_width=min(40, width - _MIN_BAR_WIDTH + 10)))
    if width >= _MIN_RATE_WIDTH:
        columns += [RateColumn(), bars.TimeRemainingColumn()]
    return columns


def _get_root_param(name: str) -> object:
    context = click.get_current_context(silent=True)
    return context.find_root().params.get(name) if context is not None else None
