"""Security rules: advisories of the newest release, and attestations of its files."""

from .rules import Rule, RuleContext, RuleResult, Rules, build_presence_rule, pass_or_fail, requires_signal


@requires_signal(lambda signals: signals.advisories)
def _check_advisories(_context: RuleContext, advisories: tuple[str, ...]) -> RuleResult:
    return pass_or_fail(
        not advisories,
        "No advisory affects the newest release",
        f"Not fixed: {', '.join(advisories[:5])}",
        "Publish a release with a fix",
    )


RULES: Rules = {
    "advisories": Rule("no unfixed advisory of the newest release", _check_advisories),
    "attestations": build_presence_rule(
        "attestations of the newest release's files",
        lambda signals: signals.has_attestations,
        present="The files have attestations of their origin",
        absent="The files have no attestations",
        advice="Publish with a trusted publisher, which adds attestations",
    ),
}
