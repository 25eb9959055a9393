"""The reasons of a health score, and what to do about them."""

from collections.abc import Iterator

from msgspec import Struct

from ...usecases.page_parts import HealthGroup, HealthReport
from . import words
from .hits import HealthView

_GROUPS = {
    "recency": "Recency",
    "documentation": "Documentation",
    "metadata": "Metadata",
    "compatibility": "Compatibility",
    "maintenance": "Maintenance",
    "security": "Security",
}
_MODELS = {"basic": "what PyPI says alone", "full": "PyPI and the source repository"}


class ReasonView(Struct, frozen=True, kw_only=True):
    """What a rule found: its points ("3.5 of 5"), what was seen, what to do, and where to read more."""

    rule: str
    points: str
    seen: str
    to_do: str
    read_more: str


class GroupView(Struct, frozen=True, kw_only=True):
    """A group of rules; `percent` of its points were given."""

    title: str
    points: str
    percent: int
    reasons: tuple[ReasonView, ...]
    unknown: str


class HealthPart(Struct, frozen=True, kw_only=True):
    """A score with its reasons; `advice` are the things to do that bring most, `limits` what keeps the score down."""

    health: HealthView
    basis: str
    limits: tuple[str, ...]
    uncapped: str
    groups: tuple[GroupView, ...]
    advice: tuple[str, ...]


_MOST_ADVICE = 3


def health_part(report: HealthReport) -> HealthPart:
    """Return a score for its page."""
    known = f"{report.confidence:.0%} of what the score looks at is known"
    return HealthPart(
        health=HealthView(score=report.score, word=report.band.value),
        basis=f"Judged by {_MODELS.get(report.model, report.model)}; {known}.",
        limits=tuple(f"{words.told(cap.reason)}: {cap.at_most} points at most." for cap in report.caps),
        uncapped="" if report.uncapped in (None, report.score) else str(report.uncapped),
        groups=tuple(_group(group) for group in report.groups),
        advice=tuple(_advice(report)),
    )


def _group(group: HealthGroup) -> GroupView:
    return GroupView(
        title=_GROUPS.get(group.name, group.name.capitalize()),
        points=_of(group.points, group.max_points),
        percent=round(100 * group.points / group.max_points) if group.max_points else 0,
        reasons=tuple(
            ReasonView(
                rule=finding.rule.replace("-", " ").capitalize(),
                points=_of(finding.points, finding.maximum),
                seen=words.told(finding.seen),
                to_do=words.told(finding.to_do),
                read_more=finding.read_more if finding.to_do else "",
            )
            for finding in group.findings
        ),
        unknown=words.listed(rule.replace("-", " ") for rule in group.unknown),
    )


def _of(points: float, maximum: float) -> str:
    return f"{points:.1f} of {maximum:.1f}".replace(".0", "")


def _advice(report: HealthReport) -> Iterator[str]:
    lacking = [finding for group in report.groups for finding in group.findings if finding.to_do]
    lacking.sort(key=lambda finding: finding.points - finding.maximum)
    yield from (words.told(finding.to_do) for finding in lacking[:_MOST_ADVICE])
