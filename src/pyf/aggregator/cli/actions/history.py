"""Print the history of a package, and export that of a collection."""

from collections.abc import Sequence
from itertools import pairwise

from msgspec import to_builtins

from ...bootstrap import open_index
from ...domain.history import HistoryMonth
from ...usecases.read.history import get_history
from ..collection_option import Selection, suggest_collection
from ..config import read_settings
from ..exit_codes import ExitCode
from ..output import print_json, print_table
from ..progress import print_notice
from ..tables import Column


def run_history(selection: Selection, name: str, *, as_json: bool = False) -> ExitCode:
    """Print the history of a package as a table or as JSON."""
    settings = read_settings()
    target = selection.resolve(settings).target
    with open_index(settings, must_exist=True) as deps, suggest_collection(deps, target.collection):
        months = get_history(deps, target, name)
    if as_json:
        print_json(to_builtins(months))
    elif months:
        print_table(_build_columns(months))
    else:
        print_notice("no month is recorded yet: the next run of any kind records the present one")
    return ExitCode.SUCCESS


def _build_columns(months: Sequence[HistoryMonth]) -> list[Column]:
    return [
        Column(header="month", cells=[month.month for month in months]),
        Column(header="health", cells=[_format(month.score) for month in months], is_numeric=True),
        Column(header="stars", cells=[_format_stars(month) for month in months], is_numeric=True),
        Column(header="downloads", cells=[_format(month.downloads) for month in months], is_numeric=True),
        Column(header="release", cells=[month.release for month in months], rank=1),
        Column(
            header="supports",
            cells=_list_changes([", ".join((*month.frameworks, *month.pythons)) for month in months]),
            rank=2,
            is_flexible=True,
        ),
    ]


def _list_changes(texts: Sequence[str]) -> list[str]:
    """Return each text where it differs from the one before, else ""."""
    return [text if text != earlier else "" for earlier, text in pairwise(["", *texts])]


def _format(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _format_stars(month: HistoryMonth) -> str:
    return f"{_format(month.stars)}{' (another repository)' if month.is_other_repository else ''}"
