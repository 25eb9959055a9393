"""Security: what is published against the newest release, and whether its origin is attested."""

from msgspec import UNSET, UnsetType

from .rules import Rule, RuleContext, RuleResult, Rules, pass_or_fail


def _check_advisories(context: RuleContext) -> RuleResult | UnsetType:
    advisories = context.signals.advisories
    if advisories is UNSET:
        return UNSET
    return pass_or_fail(
        not advisories,
        "No advisory covers the newest release",
        f"Not fixed: {', '.join(advisories[:5])}",
        "Release a version that fixes it",
    )


def _check_attestations(context: RuleContext) -> RuleResult | UnsetType:
    if context.signals.has_attestations is UNSET:
        return UNSET
    return pass_or_fail(
        context.signals.has_attestations,
        "The files say by attestations where they were built",
        "The files have no attestations",
        "Publish with a trusted publisher, which attests by itself",
    )


RULES: Rules = {
    "advisories": Rule("no unfixed advisory for the newest release", _check_advisories),
    "attestations": Rule("attestations of the newest release's files", _check_attestations),
}
