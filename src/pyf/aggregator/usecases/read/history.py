"""Read the history of a package, and export that of all packages as rows of a table."""

from collections.abc import Callable, Iterator
from itertools import groupby

from ...domain.history import HistoryMonth, build_history
from ...ports import Dependencies
from ..collections.target import Target, require_state
from ..report import ProgressCallback, TransferReport, no_progress
from .package import get_visible_documents
from .search import get_hidden_names

# A month of a package, by its normalized name.
HistoryRow = tuple[str, HistoryMonth]


def get_history(deps: Dependencies, target: Target, name: str) -> tuple[HistoryMonth, ...]:
    """Return the history of a package by any spelling of its name, the oldest month first.

    Raises as `get_package` does.
    """
    require_state(deps, target)
    return build_history(get_visible_documents(deps, target, name, get_hidden_names(deps, target)))


def export_history(
    deps: Dependencies,
    target: Target,
    sink: Callable[[Iterator[HistoryRow]], None],
    *,
    progress: ProgressCallback = no_progress,
) -> TransferReport:
    """Pass the months of all packages to `sink`, sorted by name and month, in constant memory."""
    report = TransferReport("export", target.collection)
    with report.recording(deps):
        require_state(deps, target)
        sink(_iter_rows(deps, target.collection, report, progress))
    return report


def _iter_rows(
    deps: Dependencies, collection: str, report: TransferReport, progress: ProgressCallback
) -> Iterator[HistoryRow]:
    documents = deps.index.export(collection)
    for name, releases in groupby(documents, key=lambda document: document.registry.name_normalized):
        report.found += 1
        progress("exporting package", report.found, None)
        months = build_history(list(releases))
        report.copied += bool(months)
        report.documents += len(months)
        for month in months:
            yield name, month
