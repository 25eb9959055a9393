"""Ask before something is destroyed, and refuse where nobody can be asked."""

import sys

import click

from ..domain.errors import Invalid
from ..ports import Dependencies
from ..usecases.collections.naming import find_next_name, is_unaliased


def require_confirmation(question: str, *, is_confirmed: bool, option: str) -> None:
    """Ask a question on stderr that is answered with yes or no; raise `Invalid` unless it is yes.

    `has_consent` is that the user has said so with `option`, which is named where there is no terminal.
    """
    if is_confirmed:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise Invalid(f"nobody can be asked here, so nothing was done; {option} answers with yes: {question}")
    if not click.confirm(question, err=True):
        raise Invalid("nothing was done: it was not confirmed")


def confirm_alias_swap(deps: Dependencies, collection: str, action: str, *, is_confirmed: bool, option: str) -> None:
    """Ask before a collection gives its own name away to an alias, and say whether that shows.

    `how` is what is done first to make another one, such as "copy it to". Nobody is asked where the name is an alias
    already, or leads nowhere.
    """
    if not is_unaliased(deps, collection):
        return
    successor = find_next_name(deps.admin, collection)
    downtime_note = (
        "" if deps.admin.replaces_atomically else ", with a moment in between in which the name leads nowhere"
    )
    require_confirmation(
        f"{collection} is a collection itself, and no alias. May it be replaced: {action} {successor}, delete {collection}, and have "
        f"{collection} lead to {successor} from then on{downtime_note}?",
        is_confirmed=is_confirmed,
        option=option,
    )
