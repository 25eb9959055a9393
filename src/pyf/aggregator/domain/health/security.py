"""Security: what is published against the newest release, and whether its origin is attested."""

from msgspec import UNSET, UnsetType

from .judging import Case, Judgement, Rule, Rules, whether


def _advisories(case: Case) -> Judgement | UnsetType:
    advisories = case.facts.advisories
    if advisories is UNSET:
        return UNSET
    return whether(
        not advisories,
        "No advisory covers the newest release",
        f"Not fixed: {', '.join(advisories[:5])}",
        "Release a version that fixes it",
    )


def _attestations(case: Case) -> Judgement | UnsetType:
    if case.facts.has_attestations is UNSET:
        return UNSET
    return whether(
        case.facts.has_attestations,
        "The files say by attestations where they were built",
        "The files have no attestations",
        "Publish with a trusted publisher, which attests by itself",
    )


RULES: Rules = {
    "advisories": Rule("no unfixed advisory for the newest release", _advisories),
    "attestations": Rule("attestations of the newest release's files", _attestations),
}
