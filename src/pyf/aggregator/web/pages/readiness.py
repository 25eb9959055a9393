"""The readiness board: its view, and the chart that other sites can embed."""

from collections.abc import Sequence
from html import escape

from msgspec import Struct

from ...domain.readiness import PackageReadiness, Readiness, TrendPoint
from ...usecases.read.readiness import ReadinessBoard
from .. import urls
from . import formatting

CHART_WIDTH, CHART_HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 180, 34, 12, 24

_STATE_CLASSES = {Readiness.READY: "excellent", Readiness.UNKNOWN: "unknown", Readiness.NOT_READY: "poor"}
_EXPLANATIONS = {
    Readiness.READY: "A classifier declares it, or requirements admit it that are newer, or have an upper bound.",
    Readiness.UNKNOWN: "They can be installed, but nothing that they publish says that they work.",
    Readiness.NOT_READY: "Their newest releases exclude it.",
}


class GoalLink(Struct, frozen=True, kw_only=True):
    """A release that the board can show."""

    label: str
    url: str
    is_current: bool


class ReadinessRow(Struct, frozen=True, kw_only=True):
    """A package of the board.

    Attributes:
        releases: The releases that support the goal: "2.0", or "2.0 to 2.4" for a package that has moved on.
    """

    name: str
    url: str
    newest: str
    since: str
    since_iso_date: str
    releases: str
    latest_supported: str
    evidence: str
    tracker: str
    maintainers: str
    downloads: str


class StateGroup(Struct, frozen=True, kw_only=True):
    """The packages in a state, and their part of the bar above the board, in percent."""

    label: str
    anchor: str
    css_class: str
    explanation: str
    is_ready: bool
    x: float
    width: float
    rows: tuple[ReadinessRow, ...]


class Chart(Struct, frozen=True, kw_only=True):
    """The trend as the points of two lines, with labels for the axes; `recorded` is "" if too little is recorded."""

    points: str
    recorded: str
    first_month: str
    last_month: str
    highest: int
    last: int
    width: int = CHART_WIDTH
    height: int = CHART_HEIGHT
    left: int = _LEFT
    base: int = CHART_HEIGHT - _BOTTOM
    top: int = _TOP


class Snippet(Struct, frozen=True, kw_only=True):
    """A text to copy into other pages."""

    label: str
    text: str


class TrendRow(Struct, frozen=True, kw_only=True):
    """A month of the trend; `recorded` is "" for a month that was not recorded."""

    month: str
    iso_month: str
    ready: int
    recorded: str


class BoardView(Struct, frozen=True, kw_only=True):
    """The view of a board.

    Attributes:
        first: The rank of its first package by use.
        previous_url: "" on the first page; `next_url` is "" on the last one.
    """

    goal: str
    remark: str
    goals: tuple[GoalLink, ...]
    ready: int
    total: int
    first: int
    previous_url: str
    next_url: str
    groups: tuple[StateGroup, ...]
    chart: Chart
    trend: tuple[TrendRow, ...]
    feed_url: str
    snippets: tuple[Snippet, ...]


def build_board_view(
    collection: str, board: ReadinessBoard, goals: tuple[Sequence[str], Sequence[str]], base_url: str
) -> BoardView:
    """Build the view of a board.

    Args:
        goals: The releases of the framework and of Python that it offers.
        base_url: What precedes paths in the URL of the site.
    """
    pairs = to_goal_pairs(board.goal.framework and f"{board.goal.framework} {board.goal.version}", board.goal.python)
    offered = [(name, [("to", name)]) for name in goals[0]]
    offered += [(f"Python {name}", [("python", name)]) for name in goals[1]]

    def build_page_url(number: int) -> str:
        number_pairs = [("page", str(number))] if number > 1 else []
        return urls.build_readiness_path(collection, [*pairs, *number_pairs])

    number = board.page.number
    return BoardView(
        goal=board.goal.label,
        remark=board.goal.remark,
        goals=tuple(
            GoalLink(
                label=label, url=urls.build_readiness_path(collection, query), is_current=label == board.goal.label
            )
            for label, query in offered
        ),
        ready=board.ready_count,
        total=len(board.packages),
        first=(number - 1) * board.page.size + 1,
        previous_url=build_page_url(number - 1) if number > 1 else "",
        next_url=build_page_url(number + 1) if board.has_more else "",
        groups=_build_groups(collection, board.packages),
        chart=build_chart(board),
        trend=_build_trend_rows(board),
        feed_url=urls.build_readiness_feed_path(collection, pairs),
        snippets=_build_snippets(collection, board, pairs, base_url),
    )


def _build_snippets(
    collection: str, board: ReadinessBoard, pairs: Sequence[tuple[str, str]], base_url: str
) -> tuple[Snippet, ...]:
    page = base_url + urls.build_readiness_path(collection, pairs)
    chart = base_url + urls.build_readiness_path(collection, pairs, suffix=".svg")
    badge = base_url + urls.build_readiness_badge_path(collection, "NAME", pairs)
    title = f"Ready for {board.goal.label}"
    return (
        Snippet(label="The chart, in Markdown", text=f"[![{title}]({chart})]({page})"),
        Snippet(
            label="The chart, in HTML",
            text=f'<a href="{escape(page)}"><img src="{escape(chart)}" alt="{escape(title)}"></a>',
        ),
        Snippet(label="The badge of a package, in Markdown", text=f"[![{title}]({badge})]({page})"),
    )


def to_goal_pairs(framework: str, python: str) -> list[tuple[str, str]]:
    """Return the parameters of a goal in URLs."""
    return [(name, value) for name, value in (("to", framework), ("python", python)) if value]


def build_chart(board: ReadinessBoard) -> Chart:
    """Return the geometry of the trends; the height is the number of packages on the board."""
    trend, highest = board.trend, max(len(board.packages), 1)
    step = (CHART_WIDTH - _LEFT - 12) / max(len(trend) - 1, 1)
    height = CHART_HEIGHT - _BOTTOM - _TOP

    def place(points: Sequence[TrendPoint]) -> list[tuple[float, float]]:
        """Return x and y of points that end with the last month."""
        offset = len(trend) - len(points)
        return [
            (round(_LEFT + number * step, 1), round(_TOP + height * (1 - point.ready / highest), 1))
            for number, point in enumerate(points, offset)
        ]

    recorded = board.recorded_trend if len(board.recorded_trend) > 1 else ()
    return Chart(
        points=_format_points(place(trend)),
        recorded=_format_points(place(recorded)),
        first_month=formatting.format_month(trend[0].month),
        last_month=formatting.format_month(trend[-1].month),
        highest=highest,
        last=trend[-1].ready,
    )


def _format_points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _build_trend_rows(board: ReadinessBoard) -> tuple[TrendRow, ...]:
    recorded = {point.month: point.ready for point in board.recorded_trend}
    return tuple(
        TrendRow(
            month=formatting.format_month(point.month),
            iso_month=point.month,
            ready=point.ready,
            recorded=str(recorded.get(point.month, "")),
        )
        for point in reversed(board.trend)
    )


def render_chart(board: ReadinessBoard, collection_title: str) -> str:
    """Return the trend as an SVG of its own, readable on light and dark pages."""
    chart = build_chart(board)
    count = f"{board.ready_count} of {len(board.packages)} {collection_title} packages"
    title = escape(f"{board.goal.label}: {count} are ready")
    recorded = (
        f'<polyline points="{chart.recorded}" fill="none" stroke="#1f4fa8" stroke-width="2" stroke-dasharray="5 4"/>'
        f'<text x="{chart.width / 2}" y="{chart.base + 16}" text-anchor="middle">dashed: as recorded each month</text>'
        if chart.recorded
        else ""
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {chart.width} {chart.height + 26}" role="img" '
        f'aria-label="{title}"><title>{title}</title>'
        f'<rect width="{chart.width}" height="{chart.height + 26}" rx="8" fill="#fff"/>'
        f'<g fill="#1b2330" font-family="system-ui,sans-serif" font-size="12">'
        f'<text x="12" y="20" font-size="14" font-weight="600">{title}</text>'
        f'<g transform="translate(0 22)"><path d="M{chart.left} {chart.top}V{chart.base}H{chart.width - 12}" '
        f'fill="none" stroke="#85806f"/>'
        f'<text x="{chart.left - 6}" y="{chart.top + 4}" text-anchor="end">{chart.highest}</text>'
        f'<text x="{chart.left - 6}" y="{chart.base}" text-anchor="end">0</text>'
        f'<text x="{chart.left}" y="{chart.base + 16}">{escape(chart.first_month)}</text>'
        f'<text x="{chart.width - 12}" y="{chart.base + 16}" text-anchor="end">{escape(chart.last_month)}</text>'
        f'<polyline points="{chart.points}" fill="none" stroke="#0d6b3f" stroke-width="2.5"/>{recorded}</g></g></svg>'
    )


def _build_groups(collection: str, packages: Sequence[PackageReadiness]) -> tuple[StateGroup, ...]:
    """Return the packages by state, those that are ready first, as in the bar; states without packages are left out."""
    groups, x = list[StateGroup](), 0.0
    for state, css_class in _STATE_CLASSES.items():
        rows = tuple(_build_row(collection, package) for package in packages if package.state is state)
        width = round(100 * len(rows) / max(len(packages), 1), 2)
        if rows:
            groups.append(
                StateGroup(
                    label=state.value,
                    anchor=state.value.replace(" ", "-"),
                    css_class=css_class,
                    explanation=_EXPLANATIONS[state],
                    is_ready=state is Readiness.READY,
                    x=x,
                    width=width,
                    rows=rows,
                )
            )
        x = round(x + width, 2)
    return tuple(groups)


def _build_row(collection: str, package: PackageReadiness) -> ReadinessRow:
    last = f" to {package.last_supporting}" if package.last_supporting else ""
    return ReadinessRow(
        name=formatting.to_clean_line(package.name),
        url=urls.build_project_path(collection, package.name_normalized),
        newest=formatting.to_clean_line(package.newest),
        since=formatting.format_date(package.since) if package.since else "",
        since_iso_date=formatting.format_iso_date(package.since) if package.since else "",
        releases=formatting.to_clean_line(f"{package.since_release}{last}"),
        latest_supported=formatting.to_clean_line(package.latest_supported),
        evidence=formatting.sanitize(package.evidence),
        tracker=package.tracker,
        maintainers=", ".join(map(formatting.to_clean_line, package.maintainers)),
        downloads="" if package.downloads is None else formatting.format_compact(package.downloads),
    )
