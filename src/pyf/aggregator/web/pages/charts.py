"""The geometry of the drawings: plain numbers for the attributes of inline SVG, which no style rule has to allow."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from . import words

SPARK_WIDTH, SPARK_HEIGHT = 72, 22
_SPARK_MONTHS = 12

BARS_WIDTH, BARS_HEIGHT = 300, 90
_GAP = 0.28

LINE_WIDTH, LINE_HEIGHT, _MARGIN = 1000, 64, 12
_YEAR_GAP = 56


class Bar(Struct, frozen=True, kw_only=True):
    """A month's bar, and what it says: the month, and how many downloads it had."""

    x: float
    y: float
    width: float
    height: float
    month: str
    count: int


class Dot(Struct, frozen=True, kw_only=True):
    """A release on the line of time; `kind` is `stable`, `pre` or `yanked`."""

    x: float
    kind: str
    title: str


class Year(Struct, frozen=True, kw_only=True):
    """Where a year begins on the line of time; where there is no room the label is ""."""

    x: float
    label: str


class Timeline(Struct, frozen=True, kw_only=True):
    """Releases on a line of time."""

    dots: tuple[Dot, ...]
    years: tuple[Year, ...]
    width: int = LINE_WIDTH
    height: int = LINE_HEIGHT


def spark(history: Mapping[str, int]) -> str:
    """Return the points of a line through the last months' downloads; "" where there are less than three of them."""
    counts = [count for _, count in sorted(history.items())][-_SPARK_MONTHS:]
    if len(counts) < 3:
        return ""
    most = max(counts) or 1
    step = (SPARK_WIDTH - 2) / (len(counts) - 1)
    room = SPARK_HEIGHT - 4
    return " ".join(f"{1 + n * step:.0f},{2 + room * (1 - count / most):.1f}" for n, count in enumerate(counts))


def bars(history: Mapping[str, int]) -> tuple[Bar, ...]:
    """Return a bar for each month, in order."""
    months = sorted(history.items())
    if not months:
        return ()
    most = max(count for _, count in months) or 1
    slot = BARS_WIDTH / max(len(months), 6)
    return tuple(
        Bar(
            x=round(n * slot + slot * _GAP / 2, 1),
            y=round(BARS_HEIGHT * (1 - count / most), 1),
            width=round(slot * (1 - _GAP), 1),
            height=round(BARS_HEIGHT * count / most, 1),
            month=words.month(month),
            count=count,
        )
        for n, (month, count) in enumerate(months)
    )


def timeline(releases: Sequence[tuple[int, str, str]]) -> Timeline | None:
    """Return releases, as (Unix time, kind, title), on one line; None where there is no time to tell of."""
    known = [release for release in releases if release[0] > 0]
    if len(known) < 2:
        return None
    first, last = min(time for time, _, _ in known), max(time for time, _, _ in known)
    span = max(last - first, 1)

    def place(time: float) -> float:
        return round(_MARGIN + (LINE_WIDTH - 2 * _MARGIN) * (time - first) / span, 1)

    dots = tuple(Dot(x=place(time), kind=kind, title=title) for time, kind, title in known)
    return Timeline(dots=dots, years=_years(first, last, place))


def _years(first: int, last: int, place: Callable[[float], float]) -> tuple[Year, ...]:
    begun = range(_year(first) + 1, _year(last) + 1)
    years, room = [], 0.0
    for year in begun:
        x = place(datetime(year, 1, 1, tzinfo=UTC).timestamp())
        fits = x >= room and x < LINE_WIDTH - _YEAR_GAP / 2
        years.append(Year(x=x, label=str(year) if fits else ""))
        room = x + _YEAR_GAP if fits else room
    return tuple(years)


def _year(time: int) -> int:
    return datetime.fromtimestamp(time, UTC).year
