"""Run the incremental update again and again in one process, for people without a task queue."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isinf

import click

from ..domain.errors import Unavailable
from ..domain.schedule import Schedule
from ..domain.text import format_time
from ..usecases.report import RunReport
from .exit_codes import ExitCode, treat_sigterm_as_interrupt
from .output import PROBLEM_LISTS, print_json, print_problems

# The parts of a report that its line tells, as far as it has them.
_COUNT_FIELDS = ("indexed", "removed", "enriched", "missing", "failed", "requests")


@dataclass
class RecurringRun:
    """A run that is due now and then, called `name` for people; `due` is when it is next, in Unix seconds."""

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
        """Run if it is due, once however late it is; None if it is not.

        What an outage ended stays due, and what leaves something to a later run.
        """
        if self.now() < self.next_due:
            return None
        report = self.run()
        if not report.should_retry:
            self.next_due = self.schedule.get_next_run(self.now())
        return report


def watch(
    update: Callable[[], RunReport], recurring_runs: Sequence[RecurringRun] = (), *, interval: float, as_json: bool
) -> ExitCode:
    """Call `round_` with `interval` seconds in between, and what recurs when it is due; print a line a run.

    Ends cleanly on Ctrl-C and SIGTERM. A service that does not answer is waited for; any other failure of a round
    ends the loop: it is raised. What recurs may fail at what rounds do not need, such as a token: they go on.
    """
    treat_sigterm_as_interrupt()
    click.echo(
        "; ".join([f"Watching, with pauses of {interval:g} s", *map(str, recurring_runs), "press Ctrl-C to stop."]),
        err=True,
    )
    try:
        while True:
            for run in (update, *(recurring_run.run_if_due for recurring_run in recurring_runs)):
                if (report := run()) is None:
                    continue
                if run is update and report.error and not isinstance(report.error, Unavailable):
                    raise report.error
                _print_report_line(report, as_json=as_json)
            time.sleep(interval)
    except KeyboardInterrupt:
        # A round may be cut off anywhere: what it has written stays, and the cursor had not moved yet.
        click.echo("Stopped.", err=True)
        return ExitCode.SUCCESS


def _print_report_line(report: RunReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report.to_dict(), indent=None)
    label = report.collection if report.action == "update" else f"{report.collection}, {report.action}"
    fields = report.to_dict()
    counts = ((name, fields[name]) for name in _COUNT_FIELDS if name in fields)
    numbers = ", ".join(f"{name} {len(count) if isinstance(count, list) else count}" for name, count in counts)
    click.echo(f"{label}: {numbers}, {report.seconds:.1f} s", err=True)
    # A list of what has no repository or no downloads would be the same again in every turn.
    print_problems(report, lists=("failed", "rejected") if "enriched" in fields else PROBLEM_LISTS)
