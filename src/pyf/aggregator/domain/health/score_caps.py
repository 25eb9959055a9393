"""Caps: what keeps a score down however good the rest is, because it decides whether a package can be relied on."""

from collections.abc import Callable

from msgspec import UNSET, Struct

from .abandonment import QUARANTINED_STATUS, RETIRED_STATUSES
from .compatibility import can_use_supported_python
from .rules import RuleContext


class ScoreCap(Struct, frozen=True):
    """One cap: when it applies, in a few words, and why it does to a case; "" where it does not, or nobody knows."""

    description: str
    reason: Callable[[RuleContext], str]


def _check_installable(context: RuleContext) -> str:
    if context.signals.status == QUARANTINED_STATUS:
        return "PyPI has quarantined it: nothing can be installed"
    return "Every release is withdrawn or without files" if context.signals.is_installable is False else ""


def _check_retired(context: RuleContext) -> str:
    return (
        f"Its owners have marked it as {context.signals.status} on PyPI"
        if context.signals.status in RETIRED_STATUSES
        else ""
    )


def _check_inactive(context: RuleContext) -> str:
    return "It calls itself inactive, in its classifiers" if context.signals.is_inactive is True else ""


def _check_abandoned(context: RuleContext) -> str:
    notice = context.signals.abandonment_notice
    return f"Its README says: {notice}" if notice else ""


def _check_repository_archived(context: RuleContext) -> str:
    return (
        "Its repository is archived: nothing can be changed there"
        if context.signals.is_repository_archived is True
        else ""
    )


def _check_python_excluded(context: RuleContext) -> str:
    return "It runs on no Python that is supported today" if can_use_supported_python(context) is False else ""


def _check_unfixed_advisory(context: RuleContext) -> str:
    """PyPI does not tell how severe an advisory is: until somebody does, an unfixed one is taken for a high one."""
    advisories = context.signals.advisories
    if advisories in (UNSET, ()):
        return ""
    return f"The newest release has an unfixed advisory: {', '.join(advisories[:5])}"


def _check_prereleases_only(context: RuleContext) -> str:
    return "It has pre-releases only" if context.signals.is_prerelease_only is True else ""


CAPS = {
    "not-installable": ScoreCap(
        "all releases are withdrawn or without files, or PyPI has quarantined it", _check_installable
    ),
    "retired": ScoreCap("archived or deprecated on PyPI", _check_retired),
    "inactive": ScoreCap("the classifier `Development Status :: 7 - Inactive`", _check_inactive),
    "repository-archived": ScoreCap("the repository is archived", _check_repository_archived),
    "given-up": ScoreCap("the top of the README says that the project has ended", _check_abandoned),
    "python-excluded": ScoreCap("excludes every supported Python", _check_python_excluded),
    "advisory": ScoreCap("an unfixed advisory that is high, or whose severity is not known", _check_unfixed_advisory),
    "pre-releases-only": ScoreCap("there are only pre-releases", _check_prereleases_only),
}
