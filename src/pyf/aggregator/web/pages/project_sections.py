"""Sections of a package's page: releases, compatibility and health."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from ...domain.support.matrix import SupportMatrix, SupportRow
from ...usecases.read.package_views import HealthGroup, HealthReport, ReleaseSummary
from . import charts, formatting
from .charts import Timeline
from .formatting import group_versions
from .hits import HealthView

# More releases or rows are in a collapsed table; the page leaves out those after these.
_MAX_VISIBLE, _MAX_LISTED = 10, 100


class ReleaseView(Struct, frozen=True, kw_only=True):
    """A release in the table."""

    version: str
    iso_date: str
    date: str
    note: str
    requires_python: str
    frameworks: str
    files: str


class ReleasesSection(Struct, frozen=True, kw_only=True):
    """The latest releases; those in `older` are collapsed, and `hidden_count` says how many more there are."""

    count: str
    span: str
    timeline: Timeline | None
    latest: tuple[ReleaseView, ...]
    older: tuple[ReleaseView, ...]
    hidden_count: str


class MatrixColumn(Struct, frozen=True, kw_only=True):
    """A framework version; `state` is `supported`, `ended` or "" (unknown)."""

    name: str
    state: str


class MatrixRow(Struct, frozen=True, kw_only=True):
    """Consecutive releases that support the same versions."""

    versions: str
    note: str
    python_versions: str
    supports: tuple[bool, ...]


class MatrixSection(Struct, frozen=True, kw_only=True):
    """Releases × framework versions; `older` and `hidden_count` as for releases."""

    columns: tuple[MatrixColumn, ...]
    rows: tuple[MatrixRow, ...]
    older: tuple[MatrixRow, ...]
    hidden_count: str


def build_releases_section(releases: Sequence[ReleaseSummary]) -> ReleasesSection:
    """Build the section about releases."""
    views = tuple(_build_release(release) for release in releases[:_MAX_LISTED])
    return ReleasesSection(
        count=formatting.pluralize(len(releases), "release"),
        span=_format_time_span([release.uploaded for release in releases if release.uploaded]),
        timeline=charts.build_timeline(
            [(release.uploaded, _get_release_kind(release), _format_release_title(release)) for release in releases]
        ),
        latest=views[:_MAX_VISIBLE],
        older=views[_MAX_VISIBLE:],
        hidden_count=_format_hidden(len(releases)),
    )


def build_matrix_section(matrix: SupportMatrix) -> MatrixSection | None:
    """Build the section about compatibility; None if no release declares a version."""
    if not matrix.columns:
        return None
    rows = tuple(
        MatrixRow(
            versions=formatting.to_clean_line(row.newest if row.release_count == 1 else f"{row.oldest} – {row.newest}"),
            note=_format_row_note(row),
            python_versions=formatting.format_pythons(row.python_versions, row.supported_python_versions),
            supports=row.supports,
        )
        for row in matrix.rows[:_MAX_LISTED]
    )
    states = {True: "supported", False: "ended", None: ""}
    return MatrixSection(
        columns=tuple(
            MatrixColumn(name=formatting.to_clean_line(column.name), state=states[column.is_supported])
            for column in matrix.columns
        ),
        rows=rows[:_MAX_VISIBLE],
        older=rows[_MAX_VISIBLE:],
        hidden_count=_format_hidden(len(matrix.rows)),
    )


def _format_hidden(count: int) -> str:
    return formatting.format_int(count - _MAX_LISTED) if count > _MAX_LISTED else ""


def _format_row_note(row: SupportRow) -> str:
    if row.release_count == 1:
        return ", ".join(
            filter(None, [formatting.format_date(row.uploaded), "pre-release" if row.prerelease_count else ""])
        )
    if row.prerelease_count == row.release_count:
        return formatting.pluralize(row.release_count, "pre-release")
    count = formatting.pluralize(row.release_count, "release")
    return f"{count}, {formatting.pluralize(row.prerelease_count, 'pre-release')}" if row.prerelease_count else count


def _format_time_span(timestamps: Sequence[int]) -> str:
    if not timestamps:
        return ""
    first, last = formatting.format_date(min(timestamps)), formatting.format_date(max(timestamps))
    return last if first == last else f"{first} to {last}"


def _format_release_title(release: ReleaseSummary) -> str:
    return f"{formatting.to_clean_line(release.version)}, {formatting.format_date(release.uploaded)}"


def _get_release_kind(release: ReleaseSummary) -> str:
    return "yanked" if release.yanked else "pre" if release.is_prerelease else "stable"


def _build_release(release: ReleaseSummary) -> ReleaseView:
    notes = []
    if release.is_newest:
        notes.append("newest")
    if not release.files:
        notes.append("no files")
    if release.is_prerelease:
        notes.append("pre-release")
    if release.yanked:
        reason = formatting.sanitize(release.yanked_reason)
        notes.append(f"yanked: {reason}" if reason else "yanked")
    return ReleaseView(
        version=formatting.to_clean_line(release.version),
        iso_date=formatting.format_iso_date(release.uploaded),
        date=formatting.format_date(release.uploaded),
        note=", ".join(notes),
        requires_python=formatting.to_clean_line(release.requires_python),
        frameworks=", ".join(support.full_text for support in group_versions(release.framework_versions)),
        files=_format_files(release),
    )


def _format_files(release: ReleaseSummary) -> str:
    if not release.files:
        return "none"
    size = f"{release.size / 1_000_000:.1f} MB" if release.size >= 950_000 else f"{max(1, release.size // 1000)} kB"
    return (
        f"{formatting.pluralize(release.files, 'file')}, {size}"
        if release.size
        else formatting.pluralize(release.files, "file")
    )


_GROUP_TITLES = {
    "recency": "Recency",
    "documentation": "Documentation",
    "metadata": "Metadata",
    "compatibility": "Compatibility",
    "maintenance": "Maintenance",
    "security": "Security",
}
_MODEL_TITLES = {"basic": "PyPI data only", "full": "PyPI and the source repository"}


class ReasonView(Struct, frozen=True, kw_only=True):
    """The result of a rule: points ("3.5 of 5"), observation, advice, and a link about it."""

    rule: str
    points: str
    observation: str
    advice: str
    read_more: str


class GroupView(Struct, frozen=True, kw_only=True):
    """A group of rules; `percent` is the share of points reached, `unknown` names the rules without data."""

    title: str
    points: str
    percent: int
    reasons: tuple[ReasonView, ...]
    unknown: str


class HealthSection(Struct, frozen=True, kw_only=True):
    """A score with its reasons; `advice` lists the most valuable improvements, `caps` the limits of the score."""

    health: HealthView
    basis: str
    caps: tuple[str, ...]
    uncapped_score: str
    groups: tuple[GroupView, ...]
    advice: tuple[str, ...]


_MAX_ADVICE = 3


def build_health_section(report: HealthReport) -> HealthSection:
    """Build the section about the health score."""
    confidence = f"{report.confidence:.0%} of the inputs are known"
    return HealthSection(
        health=HealthView(score=report.score, band=report.band.value),
        basis=f"Based on {_MODEL_TITLES.get(report.model, report.model)}; {confidence}.",
        caps=tuple(f"{formatting.sanitize(cap.reason)}: at most {cap.at_most} points." for cap in report.caps),
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
                observation=formatting.sanitize(finding.observation),
                advice=formatting.sanitize(finding.advice),
                read_more=finding.read_more if finding.advice else "",
            )
            for finding in group.findings
        ),
        unknown=formatting.join_names(rule.replace("-", " ") for rule in group.unknown),
    )


def _format_points(points: float, maximum: float) -> str:
    return f"{points:.1f} of {maximum:.1f}".replace(".0", "")


def _iter_advice(report: HealthReport) -> Iterator[str]:
    improvable = [finding for group in report.groups for finding in group.findings if finding.advice]
    improvable.sort(key=lambda finding: finding.points - finding.max_points)
    yield from (formatting.sanitize(finding.advice) for finding in improvable[:_MAX_ADVICE])
