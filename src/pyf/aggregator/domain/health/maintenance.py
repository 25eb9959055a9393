"""Maintenance: whether somebody is there, seen from the repository and from who may publish releases."""

from msgspec import UNSET, UnsetType

from .judging import Case, Judgement, Rule, Rules, day
from .recency import freshness


def _commit(case: Case) -> Judgement | UnsetType:
    last = case.facts.last_commit
    if last is UNSET:
        return UNSET
    value = freshness(case, last)
    to_do = "" if value == 1.0 else "Commit what keeps it running: supported versions in the tests, for a start"
    return Judgement(value, f"The last commit is of {day(last)}", to_do)


def _issues(case: Case) -> Judgement | UnsetType:
    """Judge the share of closed issues, drawn to what is usual where there are few."""
    issues, limits = case.facts.issues, case.standards.thresholds
    if issues is UNSET:
        return UNSET
    opened = issues.open + issues.closed
    share = (issues.closed + limits.issues_usual * limits.issues_doubt) / (opened + limits.issues_doubt)
    value = min(1.0, share / limits.issues_closed)
    to_do = "Answer and close issues, those that will not be done as well" if value < 1.0 and issues.open else ""
    return Judgement(value, f"{issues.closed:,} of {opened:,} issues are closed", to_do)


def _maintainers(case: Case) -> Judgement | UnsetType:
    count, enough = case.facts.maintainers, case.standards.thresholds.maintainers
    if count is UNSET:
        return UNSET
    seen = "One person can publish releases" if count == 1 else f"{count} people can publish releases"
    return Judgement(
        float(count >= enough), seen, "" if count >= enough else "Give a second person the right to publish"
    )


RULES: Rules = {
    "commit": Rule("time since the last commit, against the same interval as releases", _commit),
    "issues": Rule("issues that were closed, of all that were opened", _issues),
    "maintainers": Rule("people who can publish releases on PyPI", _maintainers),
}
