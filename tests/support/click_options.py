"""Options of a click command: what they parse to, and which of them a test covers."""

from collections.abc import Iterable

import click

Spelling = tuple[list[str], list[str]]


def parse_options(command: click.Command, arguments: list[str]) -> dict[str, object]:
    return command.make_context(command.name, list(arguments)).params


def find_uncovered_options(
    command: click.Command, spellings: Iterable[Spelling], long_only: Iterable[list[str]]
) -> set[str]:
    """Return the options of a command in which it differs from pairs of a short and a long form, and long forms."""
    covered = {option for pair in spellings for form in pair for option in form if option.startswith("-")}
    covered |= {arguments[0] for arguments in long_only}
    options = (option for option in command.params if isinstance(option, click.Option) and not option.is_eager)
    return covered ^ {form for option in options for form in option.opts}
