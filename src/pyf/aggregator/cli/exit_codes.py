"""What a command's end means to a shell: the one place where failures become exit codes and a line on stderr."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import Any, NoReturn

import click

from ..domain.errors import AggregatorError, Unavailable


class ExitCode(IntEnum):
    """Exit codes of all commands; the last two are what a shell expects after a signal."""

    SUCCESS = 0
    INTERNAL_ERROR = 1
    USAGE_ERROR = 2
    PARTIAL = 3
    UNAVAILABLE = 4
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class ExitCodeCommand(click.Command):
    """A command whose callback returns an exit code; an expected failure is one line on stderr, never a traceback."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Parse the arguments, do what they ask for and end the process."""
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.ClickException as error:
            print_error(error.format_message())
            code = error.exit_code
        except AggregatorError as error:
            print_error(str(error))
            code = to_exit_code(error)
        except click.Abort:
            click.echo("Interrupted. What was written stays; run the command again to go on.", err=True)
            code = ExitCode.INTERRUPTED
        sys.exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        """Do what was asked for; a reader that has gone away ends it without a word."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            detach_stdout()
            return ExitCode.BROKEN_PIPE


def to_exit_code(error: AggregatorError) -> ExitCode:
    """Return the exit code for a failure that ended a command."""
    return ExitCode.UNAVAILABLE if isinstance(error, Unavailable) else ExitCode.USAGE_ERROR


def print_error(message: str) -> None:
    """Print a problem on stderr, in one line whatever it quotes."""
    click.echo(f"Error: {' '.join(message.split())}", err=True)


def detach_stdout() -> None:
    """Write no more to a stdout that takes nothing: what waits in its buffer would fail again at the very end."""
    if sys.stdout is None:
        return
    with suppress(OSError):  # what is no file has no such end
        fd = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), fd)


@contextmanager
def default_sigint() -> Iterator[None]:
    """Let Ctrl-C end the process at once while nothing has begun: there is nothing to save and nothing to tell.

    Python would raise it wherever the interpreter is, and print a traceback through other people's modules.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # whoever started us wants it otherwise
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def treat_sigterm_as_interrupt() -> None:
    """Have SIGTERM end the process like Ctrl-C, so that what is open is closed and what is temporary is removed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
