"""Run the incremental update again and again in one process, for people without a task queue."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isinf

import click

from ..domain.errors import Unavailable
from ..domain.schedule import Schedule
from ..usecases.report import RunReport
from .exits import Exit, end_on_sigterm
from .output import LISTS, print_json, tell_of

# The parts of a report that its line tells, as far as it has them.
_COUNTED = ("indexed", "removed", "enriched", "missing", "failed", "requests")


@dataclass
class Recurring:
    """A run that is due now and then, called `name` for people; `due` is when it is next, in Unix seconds."""

    name: str
    schedule: Schedule
    run: Callable[[], RunReport]
    now: Callable[[], float] = time.time
    due: float = field(init=False)

    def __post_init__(self) -> None:
        self.due = self.schedule.next_after(self.now())

    def __str__(self) -> str:
        moment = "never" if isinf(self.due) else f"{datetime.fromtimestamp(self.due, UTC):%Y-%m-%d %H:%M} UTC"
        return f"next {self.name}: {moment}"

    def take_turn(self) -> RunReport | None:
        """Run if it is due, once however late it is; None if it is not.

        What an outage ended stays due, and what leaves something to a later run.
        """
        if self.now() < self.due:
            return None
        report = self.run()
        if not report.wants_another_turn:
            self.due = self.schedule.next_after(self.now())
        return report


def watch(
    round_: Callable[[], RunReport], recurring: Sequence[Recurring] = (), *, interval: float, as_json: bool
) -> Exit:
    """Call `round_` with `interval` seconds in between, and what recurs when it is due; print a line a run.

    Ends cleanly on Ctrl-C and SIGTERM. A service that does not answer is waited for; any other failure of a round
    ends the loop: it is raised. What recurs may fail at what rounds do not need, such as a token: they go on.
    """
    end_on_sigterm()
    click.echo(
        "; ".join([f"Watching, with pauses of {interval:g} s", *map(str, recurring), "Ctrl-C ends it."]), err=True
    )
    try:
        while True:
            for run in (round_, *(each.take_turn for each in recurring)):
                if (report := run()) is None:
                    continue
                if run is round_ and report.stopped_by and not isinstance(report.stopped_by, Unavailable):
                    raise report.stopped_by
                _print_line(report, as_json=as_json)
            time.sleep(interval)
    except KeyboardInterrupt:
        # A round may be cut off anywhere: what it has written stays, and the cursor had not moved yet.
        click.echo("Ended.", err=True)
        return Exit.DONE


def _print_line(report: RunReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report.as_mapping(), indent=None)
    label = report.collection if report.action == "changes" else f"{report.collection}, {report.action}"
    told = report.as_mapping()
    counts = ((name, told[name]) for name in _COUNTED if name in told)
    numbers = ", ".join(f"{name} {len(count) if isinstance(count, list) else count}" for name, count in counts)
    click.echo(f"{label}: {numbers}, {report.seconds:.1f} s", err=True)
    # A list of what has no repository or no downloads would be the same again in every turn.
    tell_of(report, lists=("failed", "rejected") if "enriched" in told else LISTS)
