"""Ask for confirmation before something is destroyed."""

import sys

import click

from ..domain.errors import Invalid
from ..ports import Dependencies


def require_confirmation(question: str, *, is_confirmed: bool, option: str) -> None:
    """Ask a yes-or-no question on stderr; raise `Invalid` unless the answer is yes.

    Args:
        is_confirmed: The user has answered with `option`, which the error names if there is no terminal.
    """
    if is_confirmed:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise Invalid(f"not a terminal: confirm with {option}. Nothing was changed. The question was: {question}")
    if not click.confirm(question, err=True):
        raise Invalid("not confirmed. Nothing was changed")


def confirm_alias_swap(deps: Dependencies, collection: str, action: str, *, is_confirmed: bool, option: str) -> None:
    """Ask before an alias replaces a collection of the same name.

    Asks nothing if the name is an alias already, or does not exist.

    Args:
        action: What fills the new collection, such as "copy it to".
    """
    from ..usecases.collections.naming import find_next_name, is_unaliased

    if not is_unaliased(deps, collection):
        return
    successor = find_next_name(deps.admin, collection)
    downtime_note = "" if deps.admin.replaces_atomically else "; the name is unavailable for a moment"
    require_confirmation(
        f"{collection} is a collection, not an alias. Replace it with an alias to {successor} "
        f"({action} {successor}, then delete {collection}{downtime_note})?",
        is_confirmed=is_confirmed,
        option=option,
    )
