"""Geometry of the charts, as numbers for SVG attributes: the content security policy forbids inline styles."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from . import formatting

SPARK_WIDTH, SPARK_HEIGHT = 72, 22
_SPARK_MONTHS = 12

BARS_WIDTH, BARS_HEIGHT = 300, 90
_GAP = 0.28

LINE_WIDTH, LINE_HEIGHT, _MARGIN = 1000, 64, 12
_YEAR_GAP = 56
# More dots are merged, by this width.
_MAX_DOTS, _DOT_WIDTH = 200, 12


class Bar(Struct, frozen=True, kw_only=True):
    """A bar of the download chart."""

    x: float
    y: float
    width: float
    height: float
    month: str
    count: int


class Dot(Struct, frozen=True, kw_only=True):
    """A release on the timeline; `kind` is `stable`, `pre` or `yanked`."""

    x: float
    kind: str
    title: str


class Year(Struct, frozen=True, kw_only=True):
    """The start of a year on the timeline; `label` is "" if it would overlap another one."""

    x: float
    label: str


class Timeline(Struct, frozen=True, kw_only=True):
    """Releases on a timeline."""

    dots: tuple[Dot, ...]
    years: tuple[Year, ...]
    width: int = LINE_WIDTH
    height: int = LINE_HEIGHT


def build_sparkline(history: Mapping[str, int]) -> str:
    """Return the points of a line through the downloads of the last months; "" for fewer than three months."""
    counts = [count for _, count in sorted(history.items())][-_SPARK_MONTHS:]
    if len(counts) < 3:
        return ""
    highest = max(counts) or 1
    step = (SPARK_WIDTH - 2) / (len(counts) - 1)
    height = SPARK_HEIGHT - 4
    return " ".join(f"{1 + n * step:.0f},{2 + height * (1 - count / highest):.1f}" for n, count in enumerate(counts))


def build_bars(history: Mapping[str, int]) -> tuple[Bar, ...]:
    """Build a bar for each month, in order."""
    months = sorted(history.items())
    if not months:
        return ()
    highest = max(count for _, count in months) or 1
    slot = BARS_WIDTH / max(len(months), 6)
    return tuple(
        Bar(
            x=round(n * slot + slot * _GAP / 2, 1),
            y=round(BARS_HEIGHT * (1 - count / highest), 1),
            width=round(slot * (1 - _GAP), 1),
            height=round(BARS_HEIGHT * count / highest, 1),
            month=formatting.format_month(month),
            count=count,
        )
        for n, (month, count) in enumerate(months)
    )


def build_timeline(releases: Sequence[tuple[int, str, str]]) -> Timeline | None:
    """Build a timeline of releases given as (Unix time, kind, title); None for fewer than two dated releases."""
    dated_releases = [release for release in releases if release[0] > 0]
    if len(dated_releases) < 2:
        return None
    first, last = min(time for time, _, _ in dated_releases), max(time for time, _, _ in dated_releases)
    span = max(last - first, 1)

    def to_x(time: float) -> float:
        return round(_MARGIN + (LINE_WIDTH - 2 * _MARGIN) * (time - first) / span, 1)

    dots = [Dot(x=to_x(time), kind=kind, title=title) for time, kind, title in dated_releases]
    return Timeline(
        dots=_merge_dots(dots) if len(dots) > _MAX_DOTS else tuple(dots), years=_build_years(first, last, to_x)
    )


def _merge_dots(dots: Sequence[Dot]) -> tuple[Dot, ...]:
    """Return one dot for all releases of a kind that would overlap."""
    groups: dict[tuple[int, str], list[Dot]] = {}
    for dot in dots:
        groups.setdefault((int(dot.x // _DOT_WIDTH), dot.kind), []).append(dot)
    return tuple(
        replace(group[0], title=f"{formatting.pluralize(len(group), 'release')}, {group[-1].title} to {group[0].title}")
        if len(group) > 1
        else group[0]
        for group in groups.values()
    )


def _build_years(first: int, last: int, to_x: Callable[[float], float]) -> tuple[Year, ...]:
    years_begun = range(_get_year(first) + 1, _get_year(last) + 1)
    years, next_free_x = [], 0.0
    for year in years_begun:
        x = to_x(datetime(year, 1, 1, tzinfo=UTC).timestamp())
        fits = x >= next_free_x and x < LINE_WIDTH - _YEAR_GAP / 2
        years.append(Year(x=x, label=str(year) if fits else ""))
        next_free_x = x + _YEAR_GAP if fits else next_free_x
    return tuple(years)


def _get_year(time: int) -> int:
    return datetime.fromtimestamp(time, UTC).year
