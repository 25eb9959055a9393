"""The reasons of a health score, and what to do about them."""

from collections.abc import Iterator

from msgspec import Struct

from ...usecases.page_parts import HealthGroup, HealthReport
from . import words
from .hits import HealthView

_GROUP_TITLES = {
    "recency": "Recency",
    "documentation": "Documentation",
    "metadata": "Metadata",
    "compatibility": "Compatibility",
    "maintenance": "Maintenance",
    "security": "Security",
}
_MODEL_TITLES = {"basic": "what PyPI says alone", "full": "PyPI and the source repository"}


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


class HealthSection(Struct, frozen=True, kw_only=True):
    """A score with its reasons; `advice` are the things to do that bring most, `limits` what keeps the score down."""

    health: HealthView
    basis: str
    caps: tuple[str, ...]
    uncapped_score: str
    groups: tuple[GroupView, ...]
    advice: tuple[str, ...]


_MAX_ADVICE = 3


def build_health_section(report: HealthReport) -> HealthSection:
    """Return a score for its page."""
    confidence = f"{report.confidence:.0%} of what the score looks at is known"
    return HealthSection(
        health=HealthView(score=report.score, band=report.band.value),
        basis=f"Judged by {_MODEL_TITLES.get(report.model, report.model)}; {confidence}.",
        caps=tuple(f"{words.sanitize(cap.reason)}: {cap.at_most} points at most." for cap in report.caps),
        uncapped_score="" if report.uncapped in (None, report.score) else str(report.uncapped),
        groups=tuple(_build_group(group) for group in report.groups),
        advice=tuple(_iter_advice(report)),
    )


def _build_group(group: HealthGroup) -> GroupView:
    return GroupView(
        title=_GROUP_TITLES.get(group.name, group.name.capitalize()),
        points=_format_points(group.points, group.max_points),
        percent=round(100 * group.points / group.max_points) if group.max_points else 0,
        reasons=tuple(
            ReasonView(
                rule=finding.rule.replace("-", " ").capitalize(),
                points=_format_points(finding.points, finding.max_points),
                seen=words.sanitize(finding.observation),
                to_do=words.sanitize(finding.advice),
                read_more=finding.read_more if finding.advice else "",
            )
            for finding in group.findings
        ),
        unknown=words.join_names(rule.replace("-", " ") for rule in group.unknown),
    )


def _format_points(points: float, maximum: float) -> str:
    return f"{points:.1f} of {maximum:.1f}".replace(".0", "")


def _iter_advice(report: HealthReport) -> Iterator[str]:
    improvable = [finding for group in report.groups for finding in group.findings if finding.advice]
    improvable.sort(key=lambda finding: finding.points - finding.max_points)
    yield from (words.sanitize(finding.advice) for finding in improvable[:_MAX_ADVICE])
