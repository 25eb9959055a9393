"""Run the incremental update again and again in one process, for people without a task queue."""

import time
from collections.abc import Callable

import click

from ..domain.errors import Unavailable
from ..usecases.report import Report
from .exits import Exit, end_on_sigterm
from .output import print_json, tell_of


def watch(round_: Callable[[], Report], *, interval: float, as_json: bool) -> Exit:
    """Call `round_` with `interval` seconds in between, print a line a round, and end cleanly on Ctrl-C and SIGTERM.

    A service that does not answer is waited for; any other failure ends the loop: it is raised.
    """
    end_on_sigterm()
    click.echo(f"Watching, with {interval:g} seconds between two rounds; Ctrl-C ends it.", err=True)
    try:
        while True:
            report = round_()
            if report.stopped_by is not None and not isinstance(report.stopped_by, Unavailable):
                raise report.stopped_by
            _print_line(report, as_json=as_json)
            time.sleep(interval)
    except KeyboardInterrupt:
        # A round may be cut off anywhere: what it has written stays, and the cursor had not moved yet.
        click.echo("Ended.", err=True)
        return Exit.DONE


def _print_line(report: Report, *, as_json: bool) -> None:
    if as_json:
        print_json(report.as_mapping(), indent=None)
    click.echo(
        f"{report.collection}: indexed {report.indexed}, removed {report.removed}, failed {len(report.failed)}, "
        f"requests {report.requests}, {report.seconds:.1f} s",
        err=True,
    )
    tell_of(report)
