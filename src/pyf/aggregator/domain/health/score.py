"""Compute a project's score from its signals, the configuration and the time.

Caps limit a score regardless of all rules.
"""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from ..documents.schema import HealthFields
from ..text import to_single_line
from . import compatibility, documentation, maintenance, metadata, recency, security
from .compatibility import can_use_supported_python
from .extract_signals import QUARANTINED_STATUS, RETIRED_STATUSES
from .rules import RuleContext, RuleResult, Rules, Signals
from .scoring_config import ScoringConfig

BASIC, FULL = "basic", "full"

# Observations quote metadata, and a summary may be a whole README.
_MAX_LINE_LENGTH = 160

# Points are displayed to a tenth: there is no advice for less.
_MIN_ADVISED_POINTS = 0.05

GROUPS: dict[str, Rules] = {
    "recency": recency.RULES,
    "documentation": documentation.RULES,
    "metadata": metadata.RULES,
    "compatibility": compatibility.RULES,
    "maintenance": maintenance.RULES,
    "security": security.RULES,
}


class Finding(Struct, frozen=True, kw_only=True):
    """The result of a rule in points, with observation, advice and a link."""

    rule: str
    points: float
    max_points: float
    observation: str
    advice: str
    read_more: str


class GroupResult(Struct, frozen=True, kw_only=True):
    """The findings of a group of rules, and the rules without a result, with their maximum points."""

    findings: tuple[Finding, ...]
    unknown: dict[str, float]

    @property
    def points(self) -> float:
        return sum(finding.points for finding in self.findings)

    @property
    def max_points(self) -> float:
        return sum(finding.max_points for finding in self.findings)


class AppliedCap(Struct, frozen=True, kw_only=True):
    """A cap that applies: its limit and its reason."""

    cap: str
    at_most: int
    reason: str
    read_more: str


class Score(Struct, frozen=True, kw_only=True):
    """A score with all of its reasons.

    Attributes:
        value: The score after caps; Unset if no rule has a result.
        uncapped: The score before caps.
        confidence: The fraction of the model's weight whose signals are known.
    """

    value: int | UnsetType
    uncapped: int | UnsetType
    model: str
    confidence: float
    groups: dict[str, GroupResult]
    caps: tuple[AppliedCap, ...]

    @property
    def fields(self) -> HealthFields:
        """The fields of documents."""
        return HealthFields(
            health_score=self.value,
            health_score_breakdown=self._breakdown(),
            health_model=self.model,
            health_confidence=self.confidence,
        )

    def _breakdown(self) -> dict[str, Any]:
        """Return the score's parts; points have one decimal, so that a nightly run leaves most scores unchanged.

        Keys are sorted, because some engines sort them: the stored bytes are equal on all engines.
        """
        groups = {
            name: {
                "points": round(group.points, 1),
                "max_points": round(group.max_points, 1),
                "findings": [_to_finding_dict(finding) for finding in group.findings],
                "unknown": [{"rule": rule, "maximum": round(weight, 1)} for rule, weight in group.unknown.items()],
            }
            for name, group in self.groups.items()
        }
        breakdown: dict[str, Any] = _sort_keys({**groups, "caps": [_to_cap_dict(cap) for cap in self.caps]})
        return breakdown


def compute_score(signals: Signals, scoring_config: ScoringConfig, now: float) -> Score:
    """Compute the score as of a time in Unix seconds.

    The model is `full` if the repository was requested. Rules with unknown signals are left out of the sum and of the
    maximum, so that an unknown signal never costs more than its worst value.
    """
    context = RuleContext(signals, scoring_config, now)
    model = FULL if signals.has_repository else BASIC
    groups = {name: _evaluate_group(context, model, name) for name in GROUPS if scoring_config.models[model].get(name)}
    known_points = sum(group.max_points for group in groups.values())
    total_points = known_points + sum(sum(group.unknown.values()) for group in groups.values())
    caps = _apply_caps(context)
    uncapped = (
        _round_score(100 * sum(group.points for group in groups.values()) / known_points) if known_points else UNSET
    )
    return Score(
        value=uncapped if uncapped is UNSET else min([uncapped, *(cap.at_most for cap in caps)]),
        uncapped=uncapped,
        model=model,
        confidence=round(known_points / total_points, 3) if total_points else 0.0,
        groups=groups,
        caps=caps,
    )


def _evaluate_group(context: RuleContext, model: str, group: str) -> GroupResult:
    findings, unknown = [], {}
    for rule, weight in context.scoring_config.get_weights(model, group).items():
        if not weight:
            continue
        result = GROUPS[group][rule].evaluate(context)
        if isinstance(result, RuleResult):
            missing_points = weight * (1 - result.value)
            findings.append(
                Finding(
                    rule=rule,
                    points=weight * result.value,
                    max_points=weight,
                    observation=to_single_line(result.observation, _MAX_LINE_LENGTH),
                    advice=result.advice if missing_points >= _MIN_ADVISED_POINTS else "",
                    read_more=context.scoring_config.get_read_more(group, rule),
                )
            )
        else:
            unknown[rule] = weight
    return GroupResult(findings=tuple(findings), unknown=unknown)


def _apply_caps(context: RuleContext) -> tuple[AppliedCap, ...]:
    cap_limits = context.scoring_config.caps
    reasons = ((name, CAPS[name].reason(context)) for name in CAPS if name in cap_limits)
    applied_caps = (
        AppliedCap(
            cap=name,
            at_most=cap_limits[name].at_most,
            reason=to_single_line(reason, _MAX_LINE_LENGTH),
            read_more=cap_limits[name].read_more,
        )
        for name, reason in reasons
        if reason
    )
    return tuple(sorted(applied_caps, key=lambda cap: cap.at_most))


def _round_score(value: float) -> int:
    """Round half up, within 0 to 100; unlike `round`, this keeps the order of scores."""
    return min(100, max(0, int(value + 0.5)))


def _to_finding_dict(finding: Finding) -> dict[str, Any]:
    """Return a finding as stored; without advice the link is left out, which saves half of the text."""
    return {
        "rule": finding.rule,
        "points": round(finding.points, 1),
        "maximum": round(finding.max_points, 1),
        "seen": finding.observation,
        "to_do": finding.advice,
        "read_more": finding.read_more if finding.advice else "",
    }


def _to_cap_dict(cap: AppliedCap) -> dict[str, Any]:
    return {"cap": cap.cap, "at_most": cap.at_most, "reason": cap.reason, "read_more": cap.read_more}


def _sort_keys(value: Any) -> Any:
    match value:
        case dict():
            return {key: _sort_keys(value[key]) for key in sorted(value)}
        case list() | tuple():
            return [_sort_keys(item) for item in value]
        case _:
            return value


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
