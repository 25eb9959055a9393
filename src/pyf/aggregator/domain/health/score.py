"""Puts the judgements on a project together to its score: from facts, standards and the time, never from a score."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from ..schema import HealthFields
from . import compatibility, documentation, maintenance, metadata, recency, security
from .caps import CAPS
from .facts import Facts
from .judging import Case, Judgement, Rules
from .standards import Standards

BASIC, FULL = "basic", "full"

# Packages are quoted in what was seen, and a summary may be a whole README.
_LONGEST = 160

# Points are shown to a tenth: nobody is told to do something for less.
_SMALLEST = 0.05

GROUPS: dict[str, Rules] = {
    "recency": recency.RULES,
    "documentation": documentation.RULES,
    "metadata": metadata.RULES,
    "compatibility": compatibility.RULES,
    "maintenance": maintenance.RULES,
    "security": security.RULES,
}


class Finding(Struct, frozen=True, kw_only=True):
    """What a rule found: its points, how many there were to get, what was seen, what to do, and where to read more."""

    rule: str
    points: float
    maximum: float
    seen: str
    to_do: str
    read_more: str


class Group(Struct, frozen=True, kw_only=True):
    """The findings of a group of rules, and the rules that could not judge, with the points they might have given."""

    findings: tuple[Finding, ...]
    unknown: dict[str, float]

    @property
    def points(self) -> float:
        return sum(finding.points for finding in self.findings)

    @property
    def max_points(self) -> float:
        return sum(finding.maximum for finding in self.findings)


class AppliedCap(Struct, frozen=True, kw_only=True):
    """A cap that applies, the score that it allows, and why."""

    cap: str
    at_most: int
    reason: str
    read_more: str


class Score(Struct, frozen=True, kw_only=True):
    """A score with all of its reasons.

    `uncapped` is what the rules give, `value` what the caps leave of it; both are Unset where no rule could judge.
    `confidence` is the share of the model's weight whose facts are known.
    """

    value: int | UnsetType
    uncapped: int | UnsetType
    model: str
    confidence: float
    groups: dict[str, Group]
    caps: tuple[AppliedCap, ...]

    @property
    def fields(self) -> HealthFields:
        """The score as documents carry it."""
        return HealthFields(
            health_score=self.value,
            health_score_breakdown=self._breakdown(),
            health_model=self.model,
            health_confidence=self.confidence,
        )

    def _breakdown(self) -> dict[str, Any]:
        """Points to one decimal: a nightly run then finds most scores as they were.

        Keys are sorted, because some engines sort them: a score is the same bytes on all of them.
        """
        groups = {
            name: {
                "points": round(group.points, 1),
                "max_points": round(group.max_points, 1),
                "findings": [_shown(finding) for finding in group.findings],
                "unknown": [{"rule": rule, "maximum": round(weight, 1)} for rule, weight in group.unknown.items()],
            }
            for name, group in self.groups.items()
        }
        breakdown: dict[str, Any] = _sort_keys({**groups, "caps": [_plain(cap) for cap in self.caps]})
        return breakdown


def score(facts: Facts, standards: Standards, now: float) -> Score:
    """Judge a project as of a time in Unix seconds.

    The model is `full` where a repository's facts were looked up. What is not known is left out of the sum and of
    what the sum is compared with; so it can't cost more than its worst value would.
    """
    case = Case(facts, standards, now)
    model = FULL if facts.has_repository else BASIC
    groups = {name: _judged(case, model, name) for name in GROUPS if standards.models[model].get(name)}
    known = sum(group.max_points for group in groups.values())
    everything = known + sum(sum(group.unknown.values()) for group in groups.values())
    caps = _applied(case)
    uncapped = _rounded(100 * sum(group.points for group in groups.values()) / known) if known else UNSET
    return Score(
        value=uncapped if uncapped is UNSET else min([uncapped, *(cap.at_most for cap in caps)]),
        uncapped=uncapped,
        model=model,
        confidence=round(known / everything, 3) if everything else 0.0,
        groups=groups,
        caps=caps,
    )


def _judged(case: Case, model: str, group: str) -> Group:
    findings, unknown = [], {}
    for rule, weight in case.standards.weights(model, group).items():
        if not weight:
            continue
        judgement = GROUPS[group][rule].judge(case)
        if isinstance(judgement, Judgement):
            lacking = weight * (1 - judgement.value)
            findings.append(
                Finding(
                    rule=rule,
                    points=weight * judgement.value,
                    maximum=weight,
                    seen=_legible(judgement.seen),
                    to_do=judgement.to_do if lacking >= _SMALLEST else "",
                    read_more=case.standards.read_more(group, rule),
                )
            )
        else:
            unknown[rule] = weight
    return Group(findings=tuple(findings), unknown=unknown)


def _applied(case: Case) -> tuple[AppliedCap, ...]:
    ceilings = case.standards.caps
    found = ((name, CAPS[name].reason(case)) for name in CAPS if name in ceilings)
    applied = (
        AppliedCap(
            cap=name, at_most=ceilings[name].at_most, reason=_legible(reason), read_more=ceilings[name].read_more
        )
        for name, reason in found
        if reason
    )
    return tuple(sorted(applied, key=lambda cap: cap.at_most))


def _rounded(value: float) -> int:
    """Round to a whole number, halves up: never out of order, and never out of 0 to 100."""
    return min(100, max(0, int(value + 0.5)))


def _legible(text: str) -> str:
    """Return text in which a package may be quoted as one short line without control characters."""
    line = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)


def _shown(finding: Finding) -> dict[str, Any]:
    """Where nothing is to be done there is nothing to read; half of the text is saved by that."""
    return {
        "rule": finding.rule,
        "points": round(finding.points, 1),
        "maximum": round(finding.maximum, 1),
        "seen": finding.seen,
        "to_do": finding.to_do,
        "read_more": finding.read_more if finding.to_do else "",
    }


def _plain(cap: AppliedCap) -> dict[str, Any]:
    return {"cap": cap.cap, "at_most": cap.at_most, "reason": cap.reason, "read_more": cap.read_more}


def _sort_keys(value: Any) -> Any:
    match value:
        case dict():
            return {key: _sort_keys(value[key]) for key in sorted(value)}
        case list() | tuple():
            return [_sort_keys(item) for item in value]
        case _:
            return value
