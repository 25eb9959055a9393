"""Caps: what keeps a score down however good the rest is, because it decides whether a package can be relied on."""

from collections.abc import Callable

from msgspec import UNSET, Struct

from .compatibility import admits_supported_python
from .judging import Case
from .standing import QUARANTINED, RETIRED


class Cap(Struct, frozen=True):
    """One cap: when it applies, in a few words, and why it does to a case; "" where it does not, or nobody knows."""

    about: str
    reason: Callable[[Case], str]


def _not_installable(case: Case) -> str:
    if case.facts.status == QUARANTINED:
        return "PyPI has quarantined it: nothing can be installed"
    return "Every release is withdrawn or without files" if case.facts.is_installable is False else ""


def _retired(case: Case) -> str:
    return f"Its owners have marked it as {case.facts.status} on PyPI" if case.facts.status in RETIRED else ""


def _inactive(case: Case) -> str:
    return "It calls itself inactive, in its classifiers" if case.facts.is_inactive is True else ""


def _given_up(case: Case) -> str:
    farewell = case.facts.farewell
    return f"Its README says: {farewell}" if farewell else ""


def _repository_archived(case: Case) -> str:
    return (
        "Its repository is archived: nothing can be changed there" if case.facts.is_repository_archived is True else ""
    )


def _python_excluded(case: Case) -> str:
    return "It runs on no Python that is supported today" if admits_supported_python(case) is False else ""


def _advisory(case: Case) -> str:
    """PyPI does not tell how severe an advisory is: until somebody does, an unfixed one is taken for a high one."""
    advisories = case.facts.advisories
    if advisories in (UNSET, ()):
        return ""
    return f"The newest release has an unfixed advisory: {', '.join(advisories[:5])}"


def _pre_releases_only(case: Case) -> str:
    return "It has pre-releases only" if case.facts.is_prerelease_only is True else ""


CAPS = {
    "not-installable": Cap("all releases are withdrawn or without files, or PyPI has quarantined it", _not_installable),
    "retired": Cap("archived or deprecated on PyPI", _retired),
    "inactive": Cap("the classifier `Development Status :: 7 - Inactive`", _inactive),
    "repository-archived": Cap("the repository is archived", _repository_archived),
    "given-up": Cap("the top of the README says that the project has ended", _given_up),
    "python-excluded": Cap("excludes every supported Python", _python_excluded),
    "advisory": Cap("an unfixed advisory that is high, or whose severity is not known", _advisory),
    "pre-releases-only": Cap("there are only pre-releases", _pre_releases_only),
}
