"""Ask before something is destroyed, and refuse where nobody can be asked."""

import sys

import click

from ..domain.errors import Invalid
from ..ports import Services
from ..usecases.target import gives_its_name_away, next_numbered


def require_consent(question: str, *, has_consent: bool, option: str) -> None:
    """Ask a question on stderr that is answered with yes or no; raise `Invalid` unless it is yes.

    `has_consent` is that the user has said so with `option`, which is named where there is no terminal.
    """
    if has_consent:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise Invalid(f"nobody can be asked here, so nothing was done; {option} answers with yes: {question}")
    if not click.confirm(question, err=True):
        raise Invalid("nothing was done: it was not confirmed")


def require_consent_to_alias(services: Services, name: str, how: str, *, has_consent: bool, option: str) -> None:
    """Ask before a collection gives its own name away to an alias, and say whether that shows.

    `how` is what is done first to make another one, such as "copy it to". Nobody is asked where the name is an alias
    already, or leads nowhere.
    """
    if not gives_its_name_away(services, name):
        return
    successor = next_numbered(services.admin, name)
    gap = "" if services.admin.supersedes_at_once else ", with a moment in between in which the name leads nowhere"
    require_consent(
        f"{name} is a collection itself, and no alias. May it be replaced: {how} {successor}, delete {name}, and have "
        f"{name} lead to {successor} from then on{gap}?",
        has_consent=has_consent,
        option=option,
    )
