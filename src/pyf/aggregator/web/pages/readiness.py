"""The readiness board: its view, the chart that other sites can embed, and the badge of a package."""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

from msgspec import Struct

from ...domain.readiness import PackageReadiness, Readiness, TrendPoint
from ...usecases.read.readiness import ReadinessBoard
from .. import urls
from . import formatting

CHART_WIDTH, CHART_HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 180, 34, 12, 24

STATE_CLASSES = {Readiness.READY: "excellent", Readiness.UNKNOWN: "unknown", Readiness.NOT_READY: "poor"}
_STATE_LABELS = {Readiness.READY: "ready", Readiness.UNKNOWN: "unknown", Readiness.NOT_READY: "not ready"}


class GoalLink(Struct, frozen=True, kw_only=True):
    """A release that the board can show."""

    label: str
    url: str
    is_current: bool


class StateCount(Struct, frozen=True, kw_only=True):
    """The packages in a state, and their part of the bar above the board, in percent."""

    label: str
    css_class: str
    count: int
    x: float
    width: float


class ReadinessRow(Struct, frozen=True, kw_only=True):
    """A package of the board."""

    name: str
    url: str
    newest: str
    state: str
    css_class: str
    since: str
    since_iso_date: str
    since_release: str
    latest_supported: str
    evidence: str
    tracker: str
    maintainers: str
    downloads: str


class Chart(Struct, frozen=True, kw_only=True):
    """The trend as the points of a line, with labels for the axes."""

    points: str
    first_month: str
    last_month: str
    highest: int
    last: int
    last_y: float
    width: int = CHART_WIDTH
    height: int = CHART_HEIGHT
    left: int = _LEFT
    base: int = CHART_HEIGHT - _BOTTOM
    top: int = _TOP


class BoardView(Struct, frozen=True, kw_only=True):
    """The view of a board."""

    goal: str
    goals: tuple[GoalLink, ...]
    ready: int
    total: int
    counts: tuple[StateCount, ...]
    chart: Chart
    rows: tuple[ReadinessRow, ...]
    chart_url: str
    feed_url: str
    badge_url: str


def build_board_view(collection: str, board: ReadinessBoard, goals: tuple[Sequence[str], Sequence[str]]) -> BoardView:
    """Build the view of a board; `goals` are the releases of the framework and of Python that it offers."""
    pairs = to_goal_pairs(board.goal.framework and f"{board.goal.framework} {board.goal.version}", board.goal.python)
    offered = [(name, [("to", name)]) for name in goals[0]]
    offered += [(f"Python {name}", [("python", name)]) for name in goals[1]]
    return BoardView(
        goal=board.goal.label,
        goals=tuple(
            GoalLink(label=label, url=urls.readiness_path(collection, query), is_current=label == board.goal.label)
            for label, query in offered
        ),
        ready=board.ready_count,
        total=len(board.packages),
        counts=_build_counts(board.packages),
        chart=build_chart(board.trend, len(board.packages)),
        rows=tuple(_build_row(collection, package) for package in board.packages),
        chart_url=urls.readiness_path(collection, pairs, suffix=".svg"),
        feed_url=urls.readiness_feed_path(collection, pairs),
        badge_url=urls.site_path(f"/badge/{collection}/NAME/ready.svg?{urlencode(pairs)}"),
    )


def to_goal_pairs(framework: str, python: str) -> list[tuple[str, str]]:
    """Return the parameters of a goal in URLs."""
    return [(name, value) for name, value in (("to", framework), ("python", python)) if value]


def build_chart(trend: Sequence[TrendPoint], total: int) -> Chart:
    """Return the geometry of a trend; the height is the number of packages on the board."""
    highest = max(total, 1)
    step = (CHART_WIDTH - _LEFT - 12) / max(len(trend) - 1, 1)
    height = CHART_HEIGHT - _BOTTOM - _TOP
    ys = [round(_TOP + height * (1 - point.ready / highest), 1) for point in trend]
    return Chart(
        points=" ".join(f"{_LEFT + number * step:.1f},{y}" for number, y in enumerate(ys)),
        first_month=formatting.format_month(trend[0].month),
        last_month=formatting.format_month(trend[-1].month),
        highest=highest,
        last=trend[-1].ready,
        last_y=ys[-1],
    )


def render_chart(board: ReadinessBoard) -> str:
    """Return the trend as an SVG of its own, readable on light and dark pages."""
    chart = build_chart(board.trend, len(board.packages))
    title = escape(f"{board.goal.label}: {board.ready_count} of {len(board.packages)} packages are ready")
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
        f'<polyline points="{chart.points}" fill="none" stroke="#0d6b3f" stroke-width="2.5"/></g></g></svg>'
    )


def _build_counts(packages: Sequence[PackageReadiness]) -> tuple[StateCount, ...]:
    counts, x = [], 0.0
    for state in (Readiness.READY, Readiness.UNKNOWN, Readiness.NOT_READY):
        count = sum(package.state is state for package in packages)
        width = round(100 * count / max(len(packages), 1), 2)
        counts.append(
            StateCount(label=_STATE_LABELS[state], css_class=STATE_CLASSES[state], count=count, x=x, width=width)
        )
        x = round(x + width, 2)
    return tuple(counts)


def _build_row(collection: str, package: PackageReadiness) -> ReadinessRow:
    return ReadinessRow(
        name=formatting.single_line(package.name),
        url=urls.project_path(collection, package.name_normalized),
        newest=formatting.single_line(package.newest),
        state=_STATE_LABELS[package.state],
        css_class=STATE_CLASSES[package.state],
        since=formatting.format_date(package.since) if package.since else "",
        since_iso_date=formatting.format_iso_date(package.since) if package.since else "",
        since_release=formatting.single_line(package.since_release),
        latest_supported=formatting.single_line(package.latest_supported),
        evidence=formatting.sanitize(package.evidence),
        tracker=package.tracker,
        maintainers=", ".join(map(formatting.single_line, package.maintainers)),
        downloads="" if package.downloads is None else formatting.format_compact(package.downloads),
    )
