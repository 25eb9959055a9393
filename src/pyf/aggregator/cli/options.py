"""Options that commands share, and the completion of their values."""

from collections.abc import Callable
from copy import copy
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from .. import __version__
from ..domain.errors import AggregatorError
from .exit_codes import ExitCode, ExitCodeCommand

CONTEXT_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


# File with the serial of the last run of each collection, beside the index.
CURSOR_FILE_NAME = ".pyaggregator.since"
CURSOR_FILE_HELP = (
    f"File with the changelog position of the last run. By default, {CURSOR_FILE_NAME} in the folder of the index."
)

# Seconds between two updates of --watch. PyPI's changelog grows by a few hundred entries in that time.
WATCH_INTERVAL = 300


def complete_profiles(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the profiles whose key begins with what was typed."""
    return [CompletionItem(key, help=name) for key, name in list_profiles().items() if key.startswith(incomplete)]


def complete_collections(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the collections and aliases whose name begins with what was typed."""
    return [CompletionItem(name) for name in list_collection_names() if name.startswith(incomplete)]


profile_option = click.option(
    "-p",
    "--profile",
    default="",
    metavar="KEY",
    shell_complete=complete_profiles,
    help="Use this profile: its filter, and the collection of the same name. Overrides DEFAULT_PROFILE.",
)
target_option = click.option(
    "-t",
    "--target",
    default="",
    metavar="COLLECTION",
    shell_complete=complete_collections,
    help="Use this collection. By default, the one named like the profile. A new collection that is named like a "
    "profile is filled with it.",
)


def command_with_examples(*lines: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Declare a subcommand of `pyf` whose help page ends with example commands."""
    epilog = "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
    return click.command(cls=ExitCodeCommand, context_settings=CONTEXT_SETTINGS, epilog=epilog)


def limit_option(help_text: str) -> Callable[[Any], Any]:
    """Return the option -l/--limit."""
    return click.option("-l", "--limit", type=click.IntRange(min=1), metavar="N", help=help_text)


def json_option(help_text: str = "Print the report as one JSON object on stdout.") -> Callable[[Any], Any]:
    """Return the option --json."""
    return click.option("--json", "as_json", is_flag=True, help=help_text)


verbose_option = click.option(
    "-v", "--verbose", "is_verbose", is_flag=True, help="Also print the names of added and updated packages."
)


yes_option = click.option("-y", "--yes", "is_confirmed", is_flag=True, help="Do not ask for confirmation.")


def to_program(command: click.Command, name: str) -> click.Command:
    """Return a copy of a subcommand of `pyf` that is installed as a program of its own, with --version."""
    program = copy(command)
    program.name, program.params = name, list(command.params)
    return click.version_option(__version__, prog_name=name)(program)


SHELLS = ("bash", "zsh", "fish")

# Seconds that a completion waits for a Typesense server.
_TIMEOUT = 1.0


def print_script(shell: str, command: click.Command) -> ExitCode:
    """Print the script that makes a shell complete the words of `pyf`."""
    completion_class = get_completion_class(shell)
    if completion_class is None:
        raise click.UsageError(f"unknown shell {shell!r}. Supported: {', '.join(SHELLS)}")
    click.echo(completion_class(command, {}, "pyf", "_PYF_COMPLETE").source())
    return ExitCode.SUCCESS


def list_profiles() -> dict[str, str]:
    """Return the name of each profile by its key; nothing if they can't be read."""
    from ..config.profiles import load_profiles
    from ..settings import load_settings

    try:
        profiles = load_profiles(load_settings().profiles_file)
    except AggregatorError:  # an error message would end up in the command line
        return {}
    return {key: profile.name for key, profile in profiles.items()}


def list_collection_names() -> list[str]:
    """Return the public names of all collections; nothing if the index is unavailable."""
    from msgspec.structs import replace

    from ..bootstrap import open_index
    from ..settings import load_settings
    from ..usecases.collections.overview import read_overview

    try:
        settings = load_settings()
        limits = {"typesense_timeout": _TIMEOUT, "typesense_retry_timeout": 0.0}
        with open_index(replace(settings, **limits), must_exist=True) as deps:
            return list(read_overview(deps).names)
    except AggregatorError:  # an error message would end up in the command line
        return []
