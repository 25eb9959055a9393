"""Print the readiness board of a collection as a table or as JSON."""

from typing import Any

import click
from msgspec import to_builtins
from rich.text import Text

from ...bootstrap import open_dependencies
from ...domain.readiness import PackageReadiness, Readiness
from ...domain.text import to_date
from ...usecases.read.readiness import BoardPage, ReadinessBoard, build_board
from ..collection_option import Selection, suggest_collection
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import print_json, print_line, print_table
from ..tables import Column

_COLORS = {Readiness.READY: "green", Readiness.UNKNOWN: "dim", Readiness.NOT_READY: "red"}


def run_readiness(selection: Selection, *, goal: tuple[str, str], limit: int, as_json: bool) -> ExitCode:
    """Print which packages are ready; `goal` is the release of the framework and of Python, "" for any."""
    settings = read_settings()
    target = selection.resolve(settings).target
    with open_dependencies(settings, must_exist=True) as deps, suggest_collection(deps, target.collection):
        board = build_board(deps, target, framework=goal[0], python=goal[1], page=BoardPage(size=limit))
    if board.goal.remark:
        click.echo(f"Warning: {board.goal.remark}", err=True)
    if as_json:
        print_json(to_dict(board))
    else:
        print_table(_build_columns(board))
        print_line(format_summary(board))
    return ExitCode.SUCCESS


def to_dict(board: ReadinessBoard) -> dict[str, Any]:
    """Return a board as printed as JSON, and as the API returns it."""
    return {
        "goal": board.goal.label,
        "remark": board.goal.remark,
        "ready": board.ready_count,
        "packages": to_builtins(board.packages),
        "trend": to_builtins(board.trend),
        "recorded_trend": to_builtins(board.recorded_trend),
    }


def format_summary(board: ReadinessBoard) -> str:
    """Return the result in one line."""
    return f"{board.goal.label}: {board.ready_count} of {len(board.packages)} packages are ready"


def _build_columns(board: ReadinessBoard) -> list[Column]:
    packages = board.packages
    return [
        Column(header="package", cells=[Text(package.name) for package in packages]),
        Column(header="newest", cells=[Text(package.newest) for package in packages], rank=3),
        Column(
            header="status",
            cells=[Text(package.state.value, style=_COLORS[package.state]) for package in packages],
        ),
        Column(header="since", cells=[Text(_format_since(package)) for package in packages], rank=1),
        Column(
            header="evidence",
            cells=[Text(package.evidence) for package in packages],
            rank=2,
            is_flexible=True,
            is_folded=True,
        ),
    ]


def _format_since(package: PackageReadiness) -> str:
    if package.state is not Readiness.READY:
        return f"last: {package.latest_supported}" if package.latest_supported else "–"
    day = f" ({to_date(package.since)})" if package.since else ""
    last = f" to {package.last_supporting}" if package.last_supporting else ""
    return f"{package.since_release}{last}{day}"
