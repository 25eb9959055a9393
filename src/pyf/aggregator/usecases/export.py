"""Take a collection out of the index, one entry after the other: its state, its documents and its tombstones."""

from collections.abc import Callable, Iterator

from ..domain.transfer import Entry, Header, Trailer
from ..ports import Services
from .migrate import unmarked
from .report import Progress, TransferReport, unwatched
from .target import Target, existing


def export(
    services: Services, target: Target, sink: Callable[[Iterator[Entry]], None], *, progress: Progress = unwatched
) -> TransferReport:
    """Give everything that a collection holds to `sink`, in constant memory.

    Projects come by name, each whole, its releases from the lowest; the same collection gives the same entries. What
    is written meanwhile may or may not be seen.
    """
    report = TransferReport("export", target.collection)
    with report.covering(services):
        existing(services, target)
        sink(_entries(services, target.collection, report, progress))
    return report


def _entries(services: Services, collection: str, report: TransferReport, progress: Progress) -> Iterator[Entry]:
    index = services.index
    yield Header(state=unmarked(index.state(collection)))
    last = ""
    for document in index.export(collection):
        name = document.registry.name_normalized
        if name != last:
            report.found += 1
            report.copied += 1
            last = name
            progress("exporting", report.found, None)
        report.documents += 1
        yield document
    tombstones = 0
    for tombstone in index.tombstones(collection):
        tombstones += 1
        yield tombstone
    yield Trailer(documents=report.documents, tombstones=tombstones)
