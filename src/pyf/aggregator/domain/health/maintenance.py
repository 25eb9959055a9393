"""Maintenance: whether somebody is there, seen from the repository and from who may publish releases."""

from msgspec import UNSET, UnsetType

from .recency import compute_freshness
from .rules import Rule, RuleContext, RuleResult, Rules, to_date


def _check_commit(context: RuleContext) -> RuleResult | UnsetType:
    last_commit = context.signals.last_commit
    if last_commit is UNSET:
        return UNSET
    value = compute_freshness(context, last_commit)
    advice = "" if value == 1.0 else "Commit what keeps it running: supported versions in the tests, for a start"
    return RuleResult(value, f"The last commit is of {to_date(last_commit)}", advice)


def _check_issues(context: RuleContext) -> RuleResult | UnsetType:
    """Judge the share of closed issues, drawn to what is usual where there are few."""
    issues, thresholds = context.signals.issues, context.scoring_config.thresholds
    if issues is UNSET:
        return UNSET
    total = issues.open + issues.closed
    closed_fraction = (issues.closed + thresholds.issues_usual * thresholds.issues_doubt) / (
        total + thresholds.issues_doubt
    )
    value = min(1.0, closed_fraction / thresholds.issues_closed)
    advice = "Answer and close issues, those that will not be done as well" if value < 1.0 and issues.open else ""
    return RuleResult(value, f"{issues.closed:,} of {total:,} issues are closed", advice)


def _check_maintainers(context: RuleContext) -> RuleResult | UnsetType:
    count, required = context.signals.maintainers, context.scoring_config.thresholds.maintainers
    if count is UNSET:
        return UNSET
    observation = "One person can publish releases" if count == 1 else f"{count} people can publish releases"
    return RuleResult(
        float(count >= required), observation, "" if count >= required else "Give a second person the right to publish"
    )


RULES: Rules = {
    "commit": Rule("time since the last commit, against the same interval as releases", _check_commit),
    "issues": Rule("issues that were closed, of all that were opened", _check_issues),
    "maintainers": Rule("people who can publish releases on PyPI", _check_maintainers),
}
