"""Print shell completion scripts, and find the names that they complete."""

import click
from click.shell_completion import get_completion_class

from ..domain.errors import AggregatorError
from .exit_codes import ExitCode

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
    from ..bootstrap import open_index
    from ..settings import load_settings
    from ..usecases.collections.overview import read_overview

    try:
        settings = load_settings()
        limits = {"typesense_timeout": _TIMEOUT, "typesense_retry_timeout": 0.0}
        with open_index(settings.model_copy(update=limits)) as deps:
            return list(read_overview(deps).names)
    except AggregatorError:  # an error message would end up in the command line
        return []
