"""Security rules: advisories of the newest release, and attestations of its files."""

from .rules import Rule, RuleContext, RuleResult, Rules, pass_or_fail, requires_signal


@requires_signal(lambda signals: signals.advisories)
def _check_advisories(_context: RuleContext, advisories: tuple[str, ...]) -> RuleResult:
    return pass_or_fail(
        not advisories,
        "No advisory affects the newest release",
        f"Not fixed: {', '.join(advisories[:5])}",
        "Publish a release with a fix",
    )


@requires_signal(lambda signals: signals.has_attestations)
def _check_attestations(_context: RuleContext, has_attestations: bool) -> RuleResult:
    return pass_or_fail(
        has_attestations,
        "The files have attestations of their origin",
        "The files have no attestations",
        "Publish with a trusted publisher, which adds attestations",
    )


RULES: Rules = {
    "advisories": Rule("no unfixed advisory of the newest release", _check_advisories),
    "attestations": Rule("attestations of the newest release's files", _check_attestations),
}
