"""Print the readiness board of a collection as a table or as JSON."""

from typing import Any

from msgspec import to_builtins
from rich.table import Table
from rich.text import Text

from ...bootstrap import open_dependencies
from ...domain.readiness import PackageReadiness, Readiness
from ...domain.text import to_date
from ...usecases.read.readiness import ReadinessBoard, build_board
from ..collection_option import Selection, suggest_collection
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import print_json, print_line, print_renderable

_COLORS = {Readiness.READY: "green", Readiness.UNKNOWN: "dim", Readiness.NOT_READY: "red"}


def run_readiness(selection: Selection, *, goal: tuple[str, str], limit: int, as_json: bool) -> ExitCode:
    """Print which packages are ready; `goal` is the release of the framework and of Python, "" for any."""
    settings = read_settings()
    target = selection.resolve(settings).target
    with open_dependencies(settings, must_exist=True) as deps, suggest_collection(deps, target.collection):
        board = build_board(deps, target, framework=goal[0], python=goal[1], limit=limit)
    if as_json:
        print_json(to_dict(board))
    else:
        print_renderable(_build_table(board))
        print_line(format_summary(board))
    return ExitCode.SUCCESS


def to_dict(board: ReadinessBoard) -> dict[str, Any]:
    """Return a board as printed as JSON, and as the API returns it."""
    return {
        "goal": board.goal.label,
        "ready": board.ready_count,
        "packages": to_builtins(board.packages),
        "trend": to_builtins(board.trend),
    }


def format_summary(board: ReadinessBoard) -> str:
    """Return the result in one line."""
    return f"{board.goal.label}: {board.ready_count} of {len(board.packages)} packages are ready"


def _build_table(board: ReadinessBoard) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("package", "newest", "status", "since"):
        table.add_column(column, no_wrap=True)
    table.add_column("evidence", overflow="fold")
    for package in board.packages:
        table.add_row(
            Text(package.name),
            Text(package.newest),
            Text(package.state.value, style=_COLORS[package.state]),
            Text(_format_since(package)),
            Text(package.evidence),
        )
    return table


def _format_since(package: PackageReadiness) -> str:
    if package.state is not Readiness.READY:
        return f"last: {package.latest_supported}" if package.latest_supported else "–"
    day = f" ({to_date(package.since)})" if package.since else ""
    return f"{package.since_release}{day}"
