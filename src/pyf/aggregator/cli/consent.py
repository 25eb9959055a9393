"""Ask before something is destroyed, and refuse where nobody can be asked."""

import sys

import click

from ..domain.errors import Invalid


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
