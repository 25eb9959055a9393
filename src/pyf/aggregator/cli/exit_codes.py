"""Turn failures into exit codes and one line on stderr."""

import os
import sys
from contextlib import suppress
from enum import IntEnum
from typing import Any, NoReturn

import click

from ..domain.errors import AggregatorError, Unavailable
from ..domain.text import suggest
from .redaction import redact_output


class ExitCode(IntEnum):
    """Exit codes of all commands. The last two are those that shells report for signals."""

    SUCCESS = 0
    INTERNAL_ERROR = 1
    USAGE_ERROR = 2
    PARTIAL = 3
    UNAVAILABLE = 4
    INTERRUPTED = 130
    BROKEN_PIPE = 141


# Key in the metadata of click's contexts, which a command shares with `pyf`: -q has been given after the subcommand.
QUIET = f"{__name__}.quiet"


class _ExitCodeMixin(click.Command):
    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Parse the arguments, run the command and end the process."""
        redact_output()
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.UsageError as error:
            print_error(_format_usage_error(error))
            code = error.exit_code
        except click.ClickException as error:
            print_error(error.format_message())
            code = error.exit_code
        except AggregatorError as error:
            print_error(str(error))
            code = to_exit_code(error)
        except click.Abort:
            click.echo("Interrupted.", err=True)
            code = ExitCode.INTERRUPTED
        sys.exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; end it silently if the reader of stdout has gone."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            detach_stdout()
            return ExitCode.BROKEN_PIPE


class ExitCodeCommand(_ExitCodeMixin):
    """A command whose callback returns an exit code; an expected failure is one line on stderr, never a traceback.

    Every command also takes the option -q of `pyf`, because users type it last.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), _QUIET_OPTION]


def _set_quiet(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.meta[QUIET] = True


_QUIET_OPTION = click.Option(
    ["-q", "--quiet"], is_flag=True, expose_value=False, callback=_set_quiet, help="Print reports and errors only."
)


class ExitCodeGroup(_ExitCodeMixin, click.Group):
    """A group of commands whose callbacks return exit codes. An unknown command gets a suggestion."""

    command_class = ExitCodeCommand

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            hint = suggest(name, self.list_commands(ctx)) or f"Run `{ctx.command_path} --help` for the list."
            raise click.UsageError(f"unknown command {name!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)


def _format_usage_error(error: click.UsageError) -> str:
    message = error.format_message()
    if isinstance(error, click.NoSuchOption):
        message = f"no option {error.option_name}. {suggest(error.option_name, error.possibilities or ())}"
    elif not isinstance(error, click.BadParameter):
        return message
    command = error.ctx.command_path if error.ctx else "pyf"
    return f"{message.rstrip()} Options: `{command} --help`."


def to_exit_code(error: AggregatorError) -> ExitCode:
    """Return the exit code for a failure that ended a command."""
    return ExitCode.UNAVAILABLE if isinstance(error, Unavailable) else ExitCode.USAGE_ERROR


def print_error(message: str) -> None:
    """Print an error on stderr in one line."""
    click.echo(f"Error: {' '.join(message.split())}", err=True)


def detach_stdout() -> None:
    """Redirect a broken stdout to /dev/null, so that the interpreter's final flush does not fail."""
    if sys.stdout is None:
        return
    with suppress(OSError):  # stdout is not a file
        fd = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), fd)
