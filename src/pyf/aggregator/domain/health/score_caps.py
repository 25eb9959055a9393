"""Caps: conditions that limit a score regardless of all rules."""

from collections.abc import Callable

from msgspec import UNSET, Struct

from .abandonment import QUARANTINED_STATUS, RETIRED_STATUSES
from .compatibility import can_use_supported_python
from .rules import RuleContext


class ScoreCap(Struct, frozen=True):
    """A cap: its condition, and the function that returns why it applies; "" if it does not, or if that is unknown."""

    description: str
    reason: Callable[[RuleContext], str]


def _check_installable(context: RuleContext) -> str:
    if context.signals.status == QUARANTINED_STATUS:
        return "Quarantined by PyPI: it can't be installed"
    return "All releases are yanked or have no files" if context.signals.is_installable is False else ""


def _check_retired(context: RuleContext) -> str:
    return (
        f"Marked as {context.signals.status} on PyPI by its owners"
        if context.signals.status in RETIRED_STATUSES
        else ""
    )


def _check_inactive(context: RuleContext) -> str:
    return "Its classifiers declare it inactive" if context.signals.is_inactive is True else ""


def _check_abandoned(context: RuleContext) -> str:
    notice = context.signals.abandonment_notice
    return f"Its README says: {notice}" if notice else ""


def _check_repository_archived(context: RuleContext) -> str:
    return "Its repository is archived and read-only" if context.signals.is_repository_archived is True else ""


def _check_python_excluded(context: RuleContext) -> str:
    return "It excludes every supported Python" if can_use_supported_python(context) is False else ""


def _check_unfixed_advisory(context: RuleContext) -> str:
    """Return the unfixed advisories; PyPI does not publish their severity, so each one counts as high."""
    advisories = context.signals.advisories
    if advisories in (UNSET, ()):
        return ""
    return f"The newest release has an unfixed advisory: {', '.join(advisories[:5])}"


def _check_prereleases_only(context: RuleContext) -> str:
    return "It only has pre-releases" if context.signals.is_prerelease_only is True else ""


CAPS = {
    "not-installable": ScoreCap(
        "all releases are yanked or have no files, or PyPI has quarantined it", _check_installable
    ),
    "retired": ScoreCap("archived or deprecated on PyPI", _check_retired),
    "inactive": ScoreCap("the classifier `Development Status :: 7 - Inactive`", _check_inactive),
    "repository-archived": ScoreCap("the repository is archived", _check_repository_archived),
    "given-up": ScoreCap("the README announces at its top that the project has ended", _check_abandoned),
    "python-excluded": ScoreCap("excludes every supported Python", _check_python_excluded),
    "advisory": ScoreCap("an unfixed advisory of high or unknown severity", _check_unfixed_advisory),
    "pre-releases-only": ScoreCap("all releases are pre-releases", _check_prereleases_only),
}
