"""A project's releases: in time, in a table, and what they support."""

from collections.abc import Sequence

from msgspec import Struct

from ...domain.support_matrix import SupportMatrix, SupportRow
from ...usecases.page_parts import ReleaseLine
from . import charts, words
from .charts import Timeline
from .support import supports

# So many releases are listed at once; the others are folded.
_LISTED = 10


class ReleaseView(Struct, frozen=True, kw_only=True):
    """A release in the table."""

    version: str
    day: str
    date: str
    note: str
    pythons: str
    frameworks: str
    files: str


class ReleasesPart(Struct, frozen=True, kw_only=True):
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
    pythons: str
    supports: tuple[bool, ...]


class MatrixPart(Struct, frozen=True, kw_only=True):
    """Releases × framework versions; `older` rows are folded."""

    columns: tuple[MatrixColumn, ...]
    rows: tuple[MatrixRow, ...]
    older: tuple[MatrixRow, ...]


def releases_part(releases: Sequence[ReleaseLine]) -> ReleasesPart:
    """Return a project's releases for its page."""
    views = tuple(_release(each) for each in releases)
    return ReleasesPart(
        count=words.counted(len(releases), "release"),
        span=_span([each.uploaded for each in releases if each.uploaded]),
        timeline=charts.timeline([(each.uploaded, _kind(each), _title(each)) for each in releases]),
        latest=views[:_LISTED],
        older=views[_LISTED:],
    )


def matrix_part(matrix: SupportMatrix) -> MatrixPart | None:
    """Return what releases support for their page; None where no release names anything."""
    if not matrix.columns:
        return None
    rows = tuple(
        MatrixRow(
            versions=words.legible(row.newest if row.releases == 1 else f"{row.oldest} – {row.newest}"),
            note=_row_note(row),
            pythons=" ".join(version for each in supports(row.python_versions) for version in each.versions[::-1]),
            supports=row.supports,
        )
        for row in matrix.rows
    )
    states = {True: "supported", False: "ended", None: ""}
    return MatrixPart(
        columns=tuple(
            MatrixColumn(name=words.legible(each.name), state=states[each.is_supported]) for each in matrix.columns
        ),
        rows=rows[:_LISTED],
        older=rows[_LISTED:],
    )


def _row_note(row: SupportRow) -> str:
    if row.releases == 1:
        return ", ".join(filter(None, [words.date(row.uploaded), "pre-release" if row.prereleases else ""]))
    if row.prereleases == row.releases:
        return words.counted(row.releases, "pre-release")
    several = words.counted(row.releases, "release")
    return f"{several}, {words.counted(row.prereleases, 'pre-release')}" if row.prereleases else several


def _span(times: Sequence[int]) -> str:
    if not times:
        return ""
    first, last = words.date(min(times)), words.date(max(times))
    return last if first == last else f"{first} to {last}"


def _title(release: ReleaseLine) -> str:
    return f"{words.legible(release.version)}, {words.date(release.uploaded)}"


def _kind(release: ReleaseLine) -> str:
    return "yanked" if release.yanked else "pre" if release.is_prerelease else "stable"


def _release(release: ReleaseLine) -> ReleaseView:
    notes = []
    if release.is_newest:
        notes.append("newest")
    if release.is_prerelease:
        notes.append("pre-release")
    if release.yanked:
        reason = words.told(release.yanked_reason)
        notes.append(f"yanked: {reason}" if reason else "yanked")
    return ReleaseView(
        version=words.legible(release.version),
        day=words.day(release.uploaded) if release.uploaded else "",
        date=words.date(release.uploaded),
        note=", ".join(notes),
        pythons=words.legible(release.requires_python),
        frameworks=", ".join(each.whole for each in supports(release.framework_versions)),
        files=_files(release),
    )


def _files(release: ReleaseLine) -> str:
    if not release.files:
        return "none"
    size = f"{release.size / 1_000_000:.1f} MB" if release.size >= 950_000 else f"{max(1, release.size // 1000)} kB"
    return f"{words.counted(release.files, 'file')}, {size}" if release.size else words.counted(release.files, "file")
