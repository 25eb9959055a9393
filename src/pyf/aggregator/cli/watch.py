"""Run the incremental update again and again in one process, for people without a task queue."""

import signal
import time
from collections.abc import Callable

import click

from ..domain.errors import Unavailable
from ..usecases.report import Report
from .exits import Exit


def watch(round_: Callable[[], Report], *, interval: float) -> Exit:
    """Call `round_` every `interval` seconds, print a line a round, and end cleanly on Ctrl-C and SIGTERM.

    A service that does not answer is waited for; any other failure ends the loop.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    click.echo(f"Watching, a round every {interval:g} seconds; Ctrl-C ends it.", err=True)
    try:
        while True:
            _log(report := round_())
            if report.stopped_by is not None and not isinstance(report.stopped_by, Unavailable):
                raise report.stopped_by
            time.sleep(interval)
    except KeyboardInterrupt:
        # A round may be cut off anywhere: what it has written stays, and the cursor had not moved yet.
        click.echo("Ended.", err=True)
        return Exit.DONE


def _log(report: Report) -> None:
    click.echo(
        f"{report.collection}: indexed {report.indexed}, removed {report.removed}, failed {len(report.failed)}, "
        f"requests {report.requests}, {report.seconds:.1f} s",
        err=True,
    )
    for name in report.failed:
        click.echo(f"failed: {name}: {report.reasons[name]}", err=True)
    if report.stopped_by is not None:
        click.echo(f"stopped: {report.stopped_by}", err=True)
