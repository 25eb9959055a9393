"""A project's releases: in time, in a table, and what they support."""

from collections.abc import Sequence

from msgspec import Struct

from ...domain.support_matrix import SupportMatrix, SupportRow
from ...usecases.page_parts import ReleaseSummary
from . import charts, words
from .charts import Timeline
from .support import group_versions

# So many releases are listed at once; the others are folded.
_MAX_VISIBLE = 10


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
    """All releases; `older` are those that are folded."""

    count: str
    span: str
    timeline: Timeline | None
    latest: tuple[ReleaseView, ...]
    older: tuple[ReleaseView, ...]


class MatrixColumn(Struct, frozen=True, kw_only=True):
    """A framework's release; `state` says whether it is supported itself, "" where nobody knows."""

    name: str
    state: str


class MatrixRow(Struct, frozen=True, kw_only=True):
    """Releases that support the same: their versions, how many these are, and what they support."""

    versions: str
    note: str
    python_versions: str
    supports: tuple[bool, ...]


class MatrixSection(Struct, frozen=True, kw_only=True):
    """Releases × framework versions; `older` rows are folded."""

    columns: tuple[MatrixColumn, ...]
    rows: tuple[MatrixRow, ...]
    older: tuple[MatrixRow, ...]


def build_releases_section(releases: Sequence[ReleaseSummary]) -> ReleasesSection:
    """Return a project's releases for its page."""
    views = tuple(_build_release(release) for release in releases)
    return ReleasesSection(
        count=words.pluralize(len(releases), "release"),
        span=_format_time_span([release.uploaded for release in releases if release.uploaded]),
        timeline=charts.build_timeline([(release.uploaded, _release_kind(release), _format_release_title(release)) for release in releases]),
        latest=views[:_MAX_VISIBLE],
        older=views[_MAX_VISIBLE:],
    )


def build_matrix_section(matrix: SupportMatrix) -> MatrixSection | None:
    """Return what releases support for their page; None where no release names anything."""
    if not matrix.columns:
        return None
    rows = tuple(
        MatrixRow(
            versions=words.single_line(row.newest if row.release_count == 1 else f"{row.oldest} – {row.newest}"),
            note=_format_row_note(row),
            python_versions=" ".join(version for support in group_versions(row.python_versions) for version in support.versions[::-1]),
            supports=row.supports,
        )
        for row in matrix.rows
    )
    states = {True: "supported", False: "ended", None: ""}
    return MatrixSection(
        columns=tuple(
            MatrixColumn(name=words.single_line(column.name), state=states[column.is_supported]) for column in matrix.columns
        ),
        rows=rows[:_MAX_VISIBLE],
        older=rows[_MAX_VISIBLE:],
    )


def _format_row_note(row: SupportRow) -> str:
    if row.release_count == 1:
        return ", ".join(filter(None, [words.format_date(row.uploaded), "pre-release" if row.prerelease_count else ""]))
    if row.prerelease_count == row.release_count:
        return words.pluralize(row.release_count, "pre-release")
    count = words.pluralize(row.release_count, "release")
    return f"{count}, {words.pluralize(row.prerelease_count, 'pre-release')}" if row.prerelease_count else count


def _format_time_span(timestamps: Sequence[int]) -> str:
    if not timestamps:
        return ""
    first, last = words.format_date(min(timestamps)), words.format_date(max(timestamps))
    return last if first == last else f"{first} to {last}"


def _format_release_title(release: ReleaseSummary) -> str:
    return f"{words.single_line(release.version)}, {words.format_date(release.uploaded)}"


def _release_kind(release: ReleaseSummary) -> str:
    return "yanked" if release.yanked else "pre" if release.is_prerelease else "stable"


def _build_release(release: ReleaseSummary) -> ReleaseView:
    notes = []
    if release.is_newest:
        notes.append("newest")
    if release.is_prerelease:
        notes.append("pre-release")
    if release.yanked:
        reason = words.sanitize(release.yanked_reason)
        notes.append(f"yanked: {reason}" if reason else "yanked")
    return ReleaseView(
        version=words.single_line(release.version),
        iso_date=words.format_iso_date(release.uploaded) if release.uploaded else "",
        date=words.format_date(release.uploaded),
        note=", ".join(notes),
        requires_python=words.single_line(release.requires_python),
        frameworks=", ".join(support.full_text for support in group_versions(release.framework_versions)),
        files=_format_files(release),
    )


def _format_files(release: ReleaseSummary) -> str:
    if not release.files:
        return "none"
    size = f"{release.size / 1_000_000:.1f} MB" if release.size >= 950_000 else f"{max(1, release.size // 1000)} kB"
    return f"{words.pluralize(release.files, 'file')}, {size}" if release.size else words.pluralize(release.files, "file")
