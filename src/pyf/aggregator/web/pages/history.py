"""The history section of a package's page: a chart for each value, and all months as a table."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from ...domain.history import HistoryMonth, iter_months
from . import formatting

CHART_WIDTH, CHART_HEIGHT, _MARGIN = 300, 64, 5

# The highest value of the health score.
_MAX_SCORE = 100

Values = Sequence[int | None]


class HistoryChart(Struct, frozen=True, kw_only=True):
    """A line chart of one value.

    Attributes:
        latest: The last known value.
        summary: The chart in words.
        lines: The points of each line; a line ends where a value is missing or is one of another repository.
        dots: The x and y of values without a neighbor, and of the last one.
    """

    title: str
    latest: str
    summary: str
    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    width: int = CHART_WIDTH
    height: int = CHART_HEIGHT
    base: int = CHART_HEIGHT - _MARGIN


class HistoryRowView(Struct, frozen=True, kw_only=True):
    """A month in the table; "" for an unknown value."""

    month: str
    iso_month: str
    score: str
    stars: str
    downloads: str
    release: str
    supports: str
    note: str


class HistorySection(Struct, frozen=True, kw_only=True):
    """The history of a package, the table with the newest month first."""

    charts: tuple[HistoryChart, ...]
    rows: tuple[HistoryRowView, ...]
    first_month: str
    last_month: str


def build_history_section(months: Sequence[HistoryMonth]) -> HistorySection | None:
    """Build the section; None for fewer than two months, which show no development."""
    if len(months) < 2:
        return None
    by_month = {month.month: month for month in months}
    names = list(iter_months(months[0].month, months[-1].month))
    calendar = [by_month.get(name) for name in names]

    def read(get: Callable[[HistoryMonth], int | None]) -> Values:
        return [get(month) if month else None for month in calendar]

    breaks = frozenset(number for number, month in enumerate(calendar) if month and month.is_other_repository)
    charts = (
        _build_chart("Health score", read(lambda month: month.score), names, highest=_MAX_SCORE),
        _build_chart("Stars", read(lambda month: month.stars), names, breaks=breaks),
        _build_chart("Downloads in 30 days", read(lambda month: month.downloads), names),
    )
    return HistorySection(
        charts=tuple(chart for chart in charts if chart is not None),
        rows=tuple(_build_row(month) for month in reversed(months)),
        first_month=formatting.format_month(names[0]),
        last_month=formatting.format_month(names[-1]),
    )


def _build_chart(
    title: str, values: Values, names: Sequence[str], *, highest: int = 0, breaks: frozenset[int] = frozenset()
) -> HistoryChart | None:
    known = [(number, value) for number, value in enumerate(values) if value is not None]
    if not known:
        return None
    top = highest or max(value for _, value in known) or 1
    step = (CHART_WIDTH - 2 * _MARGIN) / max(len(values) - 1, 1)
    height = CHART_HEIGHT - 2 * _MARGIN
    segments: list[list[tuple[float, float]]] = []
    previous = -2
    for number, value in known:
        if number != previous + 1 or number in breaks:
            segments.append([])
        segments[-1].append((round(_MARGIN + number * step, 1), round(_MARGIN + height * (1 - value / top), 1)))
        previous = number
    ends = [
        f"{formatting.format_int(value)} in {formatting.format_month(names[number])}"
        for number, value in (known[0], known[-1])
    ]
    return HistoryChart(
        title=title,
        latest=formatting.format_int(known[-1][1]),
        summary=f"{title}: {', '.join(ends)}",
        lines=tuple(" ".join(f"{x},{y}" for x, y in segment) for segment in segments if len(segment) > 1),
        dots=tuple(dict.fromkeys([segment[0] for segment in segments if len(segment) == 1] + [segments[-1][-1]])),
    )


def _build_row(month: HistoryMonth) -> HistoryRowView:
    supports = (group.full_text for group in formatting.group_versions((*month.frameworks, *month.pythons)))
    return HistoryRowView(
        month=formatting.format_month(month.month),
        iso_month=month.month,
        score="" if month.score is None else str(month.score),
        stars="" if month.stars is None else formatting.format_int(month.stars),
        downloads="" if month.downloads is None else formatting.format_int(month.downloads),
        release=formatting.to_clean_line(month.release),
        supports=formatting.to_clean_line("; ".join(supports)),
        note="another repository" if month.is_other_repository else "",
    )
