"""Take a collection out of the index, one entry after the other: its state, its documents and its tombstones.

Bring an exported collection into the index: nothing that is there is taken away, and a bad line stops nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from msgspec import UNSET
from msgspec.structs import replace

from ...domain.collection import CollectionState, ExportEntry, ExportHeader, ExportLine, ExportTrailer, Tombstone
from ...domain.documents.document import Document, Enrichments, select_newer_enrichments
from ...domain.documents.schema import ProjectFields
from ...domain.errors import Invalid
from ...ports import Dependencies
from ..report import ProgressCallback, TransferReport, no_progress
from .merge import merge_states, without_rebuild_marks, write_merged
from .target import (
    Target,
    clear_leftovers,
    create_named,
    is_same_filter,
    reject_leftover,
    require_native,
    require_state,
)


def export_collection(
    deps: Dependencies,
    target: Target,
    sink: Callable[[Iterator[ExportEntry]], None],
    *,
    progress: ProgressCallback = no_progress,
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


def _iter_entries(
    deps: Dependencies, collection: str, report: TransferReport, progress: ProgressCallback
) -> Iterator[ExportEntry]:
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


# Documents, and tombstones, that are written in one step.
IMPORT_BATCH = 1000


def import_collection(
    deps: Dependencies, target: Target, lines: Iterable[ExportLine], *, progress: ProgressCallback = no_progress
) -> TransferReport:
    """Write what `lines` hold into a collection, in constant memory; a missing one is made with the state they bring.

    Of a release that is held already the one that was read later stays. A line that can't be understood is noted as
    failed by its number; the projects before and after it, to which it may have belonged, are read again by the next
    comparison with the registry. Only lines that are all there and all understood bring their cursor along.
    """
    report = TransferReport("import", target.collection)
    with report.recording(deps), deps.admin.lock(target.collection):
        clear_leftovers(deps, target.collection)
        reject_leftover(deps, target.collection)
        require_native(deps, target.collection)
        remaining = iter(lines)
        first = next(remaining, None)
        if first is None:
            raise Invalid("there is nothing in it")
        header = first.entry if isinstance(first.entry, ExportHeader) else None
        final_state = _open_collection(deps, target, header, report)
        importer = _Importer(deps, target.collection, report, progress, has_trailer=header is not None)
        importer.run(remaining if header else chain([first], remaining))
        if header:
            importer.verify_trailer()
        if report.is_complete:
            deps.index.set_state(target.collection, final_state)
    return report


def _open_collection(
    deps: Dependencies, target: Target, header: ExportHeader | None, report: TransferReport
) -> CollectionState:
    """Make sure that the collection is there; return the state that it has when all has come.

    Until then its cursor is lost: what comes may be older than what a cursor says.
    """
    if header and target.filter and not is_same_filter(target.filter, header.state.filter):
        source_label = header.state.filter.label
        raise Invalid(
            f"it holds what {source_label} finds, not {target.filter.label}: name the collection with -t alone"
        )
    if deps.admin.resolve(target.collection) is not None:
        state = deps.index.get_state(target.collection)
        final_state = (
            merge_states(state, without_rebuild_marks(header.state), report) if header else replace(state, cursor=None)
        )
        deps.index.set_state(target.collection, replace(final_state, cursor=None))
        return final_state
    if header:
        final_state = without_rebuild_marks(header.state)
    elif target.filter:
        final_state = CollectionState(filter=target.filter)
    else:
        raise Invalid(f"it does not say what fills the collection {target.collection}: name a profile with -p")
    create_named(deps.admin, target.collection, replace(final_state, cursor=None))
    return final_state


@dataclass
class _Importer:
    """Gathers lines to projects, and writes these some at a time; `has_end` tells whether a last line is due."""

    deps: Dependencies
    collection: str
    report: TransferReport
    progress: ProgressCallback
    has_trailer: bool
    _projects: dict[str, list[Document]] = field(default_factory=dict)
    _tombstones: list[Tombstone] = field(default_factory=list)
    _pending_count: int = 0
    _current_name: str = ""
    _is_incomplete: bool = False
    _is_next_incomplete: bool = False
    _document_count: int = 0
    _tombstone_count: int = 0
    _trailer: ExportTrailer | None = None

    def run(self, lines: Iterator[ExportLine]) -> None:
        """Write what the lines hold, also when they break off in the middle."""
        is_complete = False
        try:
            for line in lines:
                self._read_line(line)
            is_complete = self._trailer is not None or not self.has_trailer
        finally:
            self._is_incomplete = self._is_incomplete or not is_complete
            self._flush()
            self._write_tombstones()

    def verify_trailer(self) -> None:
        """Raise `Invalid` where lines are missing at the end, or in between without one that was bad."""
        if self._trailer is None:
            raise Invalid(f"it ends early, after {self._document_count:,} documents: its last line is missing")
        actual = ExportTrailer(documents=self._document_count, tombstones=self._tombstone_count)
        if actual != self._trailer and not self.report.failed:
            raise Invalid(
                f"it lacks lines: {self._trailer.documents:,} documents were exported, {actual.documents:,} came"
            )

    def _read_line(self, line: ExportLine) -> None:
        match line.entry:
            case Document() as document:
                self._document_count += 1
                self._add_document(document)
            case Tombstone() as tombstone:
                self._tombstone_count += 1
                self._tombstones.append(tombstone)
                if len(self._tombstones) >= IMPORT_BATCH:
                    self._flush()
                    self._write_tombstones()
            case ExportTrailer() as trailer if self._trailer is None:
                self._trailer = trailer
            case Invalid() as error:
                self._mark_incomplete(line.number, error)
            case _:
                self._mark_incomplete(line.number, "a first or last line in the middle of others")

    def _add_document(self, document: Document) -> None:
        name = document.registry.name_normalized
        if name != self._current_name:
            self._close_project()
            if self._pending_count >= IMPORT_BATCH:
                self._flush()
            self._current_name = name
            self.progress("importing", self.report.found + len(self._projects), None)
        self._projects.setdefault(name, []).append(document)
        self._pending_count += 1

    def _mark_incomplete(self, number: int, reason: object) -> None:
        """Note a bad line: the project that it stands in may lack a release, or the one that follows."""
        self.report.add_failure(f"line {number}", reason)
        self._is_incomplete = self._is_next_incomplete = True

    def _close_project(self) -> None:
        """Have a project that may lack a release read again: by its serial the next comparison finds it."""
        if not self._current_name:
            return
        if self._is_incomplete:
            self._projects[self._current_name] = [
                replace(document, registry=replace(document.registry, last_serial=0))
                for document in self._projects[self._current_name]
            ]
        self._is_incomplete, self._is_next_incomplete, self._current_name = self._is_next_incomplete, False, ""

    def _flush(self) -> None:
        self._close_project()
        if self._projects:
            incoming = {
                name: [document.registry for document in documents] for name, documents in self._projects.items()
            }
            self.report.found += len(incoming)
            theirs = {name: _get_enrichments(documents) for name, documents in self._projects.items()}
            held = self.deps.index.get_enrichments(self.collection, theirs)
            write_merged(self.deps, self.collection, incoming, self.report, initial=theirs)
            self._write_enrichments(theirs, held)
        self._projects, self._pending_count = {}, 0

    def _write_enrichments(
        self, imported: Mapping[str, Enrichments], stored_enrichments: Mapping[str, Enrichments]
    ) -> None:
        """Write what is newer of packages that were there; others have got it with their documents."""
        parts = {
            name: select_newer_enrichments(imported[name], enrichments)
            for name, enrichments in stored_enrichments.items()
        }
        for owner in ("repository", "downloads", "health"):
            newer: dict[str, ProjectFields] = {
                name: value for name, of_package in parts.items() if (value := getattr(of_package, owner)) is not UNSET
            }
            if newer:
                self.deps.index.update(self.collection, newer)

    def _write_tombstones(self) -> None:
        """Leave tombstones of projects that are not there; who is there has come back since."""
        stored_names: Mapping[str, object] = self.deps.index.get_documents(
            self.collection, [tombstone.name for tombstone in self._tombstones]
        )
        self.deps.index.remove(self.collection, [t for t in self._tombstones if t.name not in stored_names])
        self._tombstones = []


def _get_enrichments(documents: list[Document]) -> Enrichments:
    """Return what the other owners have written of a project: every release carries it."""
    first = documents[0]
    return Enrichments(repository=first.repository, downloads=first.downloads, health=first.health)
