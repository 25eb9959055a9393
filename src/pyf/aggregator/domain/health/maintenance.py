"""Maintenance rules: recent commits, closed issues, and the number of people who can publish."""

from ..text import to_date
from .recency import compute_freshness
from .rules import IssueCounts, Rule, RuleContext, RuleResult, Rules, requires_signal


@requires_signal(lambda signals: signals.last_commit)
def _check_commit(context: RuleContext, last_commit: int) -> RuleResult:
    value = compute_freshness(context, last_commit)
    advice = "" if value == 1.0 else "Commit maintenance work, such as tests on all supported versions"
    return RuleResult(value, f"Last commit: {to_date(last_commit)}", advice)


@requires_signal(lambda signals: signals.issues)
def _check_issues(context: RuleContext, issues: IssueCounts) -> RuleResult:
    """Evaluate the fraction of closed issues, smoothed towards the usual one if there are few issues."""
    thresholds = context.scoring_config.thresholds
    total = issues.open + issues.closed
    closed_fraction = (issues.closed + thresholds.issues_usual * thresholds.issues_doubt) / (
        total + thresholds.issues_doubt
    )
    value = min(1.0, closed_fraction / thresholds.issues_closed)
    advice = "Answer and close issues, including those that will not be fixed" if value < 1.0 and issues.open else ""
    return RuleResult(value, f"{issues.closed:,} of {total:,} issues are closed", advice)


@requires_signal(lambda signals: signals.maintainers)
def _check_maintainers(context: RuleContext, count: int) -> RuleResult:
    has_enough = count >= context.scoring_config.thresholds.maintainers
    observation = "One person can publish releases" if count == 1 else f"{count} people can publish releases"
    return RuleResult(float(has_enough), observation, "" if has_enough else "Allow a second person to publish")


RULES: Rules = {
    "commit": Rule("time since the last commit, compared with the same interval as releases", _check_commit),
    "issues": Rule("fraction of issues that are closed", _check_issues),
    "maintainers": Rule("people who can publish releases on PyPI", _check_maintainers),
}
