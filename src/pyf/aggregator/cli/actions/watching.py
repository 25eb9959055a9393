"""Update a collection in a loop, for users without a task queue."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isinf

import click

from ...domain.errors import Unavailable
from ...domain.schedule import Schedule
from ...domain.text import format_time
from ...usecases.report import RunReport
from ..exit_codes import ExitCode
from ..output import PROBLEM_LISTS, print_json, print_problems
from ..progress import format_current_time, print_message
from ..signals import treat_sigterm_as_interrupt

# Fields of a report that its line prints, if it has them.
_COUNT_FIELDS = ("indexed", "removed", "enriched", "missing", "delivered", "waiting", "failed", "requests")


@dataclass
class RecurringRun:
    """A run on a schedule; `next_due` is in Unix seconds."""

    name: str
    schedule: Schedule
    run: Callable[[], RunReport]
    now: Callable[[], float] = time.time
    next_due: float = field(init=False)

    def __post_init__(self) -> None:
        self.next_due = self.schedule.get_next_run(self.now())

    def __str__(self) -> str:
        moment = "never" if isinf(self.next_due) else format_time(self.next_due)
        return f"next {self.name}: {moment}"

    def run_if_due(self) -> RunReport | None:
        """Run if it is due, once even if several dates have passed; return None if it is not.

        A run that failed because a service is unavailable stays due.
        """
        now = self.now()
        # A clock that was ahead at the last run must not delay the next one.
        self.next_due = min(self.next_due, self.schedule.get_next_run(now))
        if now < self.next_due:
            return None
        report = self.run()
        if not report.should_retry:
            self.next_due = self.schedule.get_next_run(self.now())
        return report


def watch(
    update: Callable[[], RunReport],
    recurring_runs: Sequence[RecurringRun] = (),
    *,
    interval: float,
    as_json: bool,
    deliver: Callable[[], RunReport | None] = lambda: None,
) -> ExitCode:
    """Call `update` every `interval` seconds and recurring runs when they are due; print a line for each run.

    Ctrl-C and SIGTERM end the loop. An unavailable service does not; any other failure of an update is raised. A
    failure of a recurring run does not end the loop, because updates do not need what it needs, such as a token.

    Args:
        deliver: Called last in each round; returns None if it has done nothing.
    """
    treat_sigterm_as_interrupt()
    click.echo(
        "; ".join([f"Watching, with pauses of {interval:g} s", *map(str, recurring_runs), "press Ctrl-C to stop."]),
        err=True,
    )
    try:
        while True:
            for run in (update, *(recurring_run.run_if_due for recurring_run in recurring_runs), deliver):
                if (report := run()) is None:
                    continue
                if run is update and report.error and not isinstance(report.error, Unavailable):
                    raise report.error
                if report.interrupted:
                    raise KeyboardInterrupt
                _print_report_line(report, as_json=as_json)
            time.sleep(interval)
    except KeyboardInterrupt:
        # An update may be interrupted anywhere: what it has written stays, and the cursor has not moved.
        click.echo("Stopped.", err=True)
        return ExitCode.SUCCESS


def _print_report_line(report: RunReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report.to_dict(), indent=None)
    labels = (report.collection, "" if report.action == "update" else report.action)
    label = ", ".join(filter(None, labels))
    fields = report.to_dict()
    counts = ((name, fields[name]) for name in _COUNT_FIELDS if name in fields)
    numbers = ", ".join(f"{name} {len(count) if isinstance(count, list) else count}" for name, count in counts)
    print_message(f"{label}: {numbers}, {report.seconds:.1f} s ({format_current_time()})")
    # The list of packages without a repository or downloads would be the same in each run.
    print_problems(report, lists=("failed", "rejected") if "enriched" in fields else PROBLEM_LISTS)
