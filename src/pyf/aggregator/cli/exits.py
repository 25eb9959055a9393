"""What a command's end means to a shell: the one place where failures become exit codes."""

import sys
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import NoReturn, ParamSpec

import click

from ..domain.errors import AggregatorError, Unavailable
from ..usecases.report import Report

P = ParamSpec("P")


class Exit(IntEnum):
    """Exit codes of all commands."""

    DONE = 0
    DEFECT = 1
    USAGE = 2
    PARTLY = 3
    UNAVAILABLE = 4
    INTERRUPTED = 130


def code_of(error: AggregatorError) -> Exit:
    """Return the exit code for a failure that ended a command."""
    return Exit.UNAVAILABLE if isinstance(error, Unavailable) else Exit.USAGE


def code_of_report(report: Report) -> Exit:
    """Return the exit code for a run that has ended."""
    if report.stopped_by is not None:
        return code_of(report.stopped_by)
    return Exit.DONE if report.is_whole else Exit.PARTLY


def speaking_plainly(command: Callable[P, Exit | None]) -> Callable[P, NoReturn]:
    """Turn what a command returns or raises into an exit code, and an expected failure into one line on stderr."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> NoReturn:
        try:
            code = command(*args, **kwargs) or Exit.DONE
        except AggregatorError as error:
            click.echo(f"Error: {error}", err=True)
            code = code_of(error)
        except KeyboardInterrupt:
            click.echo("Interrupted. What was written stays; run the command again to go on.", err=True)
            code = Exit.INTERRUPTED
        sys.exit(code)

    return run
