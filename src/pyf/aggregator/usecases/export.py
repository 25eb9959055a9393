"""Take a collection out of the index, one entry after the other: its state, its documents and its tombstones."""

from collections.abc import Callable, Iterator

from ..domain.transfer import ExportEntry, ExportHeader, ExportTrailer
from ..ports import Dependencies
from .migrate import without_rebuild_marks
from .report import ProgressCallback, TransferReport, no_progress
from .target import Target, require_state


def export_collection(
    deps: Dependencies, target: Target, sink: Callable[[Iterator[ExportEntry]], None], *, progress: ProgressCallback = no_progress
) -> TransferReport:
    """Give everything that a collection holds to `sink`, in constant memory.

    Projects come by name, each whole, its releases from the lowest; the same collection gives the same entries. What
    is written meanwhile may or may not be seen.
    """
    report = TransferReport("export", target.collection)
    with report.recording(deps):
        require_state(deps, target)
        sink(_iter_entries(deps, target.collection, report, progress))
    return report


def _iter_entries(deps: Dependencies, collection: str, report: TransferReport, progress: ProgressCallback) -> Iterator[ExportEntry]:
    index = deps.index
    yield ExportHeader(state=without_rebuild_marks(index.get_state(collection)))
    last_name = ""
    for document in index.export(collection):
        name = document.registry.name_normalized
        if name != last_name:
            report.found += 1
            report.copied += 1
            last_name = name
            progress("exporting", report.found, None)
        report.documents += 1
        yield document
    tombstone_count = 0
    for tombstone in index.tombstones(collection):
        tombstone_count += 1
        yield tombstone
    yield ExportTrailer(documents=report.documents, tombstones=tombstone_count)
