"""Export a collection (state, documents, tombstones), and import an export, in constant memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from msgspec import UNSET
from msgspec.structs import replace

from ...domain.collection import CollectionState, ExportEntry, ExportHeader, ExportLine, ExportTrailer, Tombstone
from ...domain.documents.document import Document, Enrichments, select_newer_enrichments
from ...domain.documents.schema import ProjectFields
from ...domain.errors import Invalid
from ...domain.history import merge_histories
from ...ports import Dependencies
from ..report import ProgressCallback, TransferReport, no_progress
from .aliases import create_named
from .leftovers import clear_leftovers, reject_leftover, require_native
from .merge import merge_states, without_rebuild_marks, write_merged
from .target import Target, is_same_filter, require_state

# Documents, and tombstones, that are written in one step.
IMPORT_BATCH = 1000


def export_collection(
    deps: Dependencies,
    target: Target,
    sink: Callable[[Iterator[ExportEntry]], None],
    *,
    progress: ProgressCallback = no_progress,
) -> TransferReport:
    """Pass everything in a collection to `sink`.

    Packages come sorted by name, each with its releases from the lowest version; an unchanged collection gives the same
    entries. What is written meanwhile may or may not be included.
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
            progress("exporting package", report.found, None)
        report.documents += 1
        yield document
    tombstone_count = 0
    for tombstone in index.iter_tombstones(collection):
        tombstone_count += 1
        yield tombstone
    yield ExportTrailer(documents=report.documents, tombstones=tombstone_count)


def import_collection(
    deps: Dependencies, target: Target, lines: Iterable[ExportLine], *, progress: ProgressCallback = no_progress
) -> TransferReport:
    """Write exported lines to a collection; a missing one is created with the exported state.

    Of a release that is stored already, the one read later is kept. An invalid line is reported as failed by its
    number; the packages before and after it, which it may belong to, are read again by the next comparison with the
    registry. The cursor is imported only if every line is present and valid.
    """
    report = TransferReport("import", target.collection)
    with report.recording(deps), deps.admin.lock(target.collection):
        clear_leftovers(deps, target.collection)
        reject_leftover(deps, target.collection)
        require_native(deps, target.collection)
        remaining = iter(lines)
        first = next(remaining, None)
        if first is None:
            raise Invalid("the export is empty")
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
    """Create the collection if it does not exist; return its state after the import.

    Until then it has no cursor: the imported documents may be older than a cursor says.
    """
    if header and target.filter and not is_same_filter(target.filter, header.state.filter):
        source_label = header.state.filter.label
        raise Invalid(
            f"it was filled with {source_label}, not with {target.filter.label}: name the collection with -t alone"
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
        name = target.collection
        raise Invalid(
            f"the file does not say what fills the collection {name}. If it is an export, create the collection first: "
            f"`pyf collection create {name} -p PROFILE`"
        )
    create_named(deps.admin, target.collection, replace(final_state, cursor=None))
    return final_state


@dataclass
class _Importer:
    """Collects lines by package and writes packages in batches; `has_trailer` requires a trailer as last line."""

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
        """Write the lines, even if they end in the middle of a package."""
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
        """Raise `Invalid` if lines are missing at the end, or in between without an invalid one."""
        if self._trailer is None:
            raise Invalid(f"the export ends early, after {self._document_count:,} documents: its last line is missing")
        actual = ExportTrailer(documents=self._document_count, tombstones=self._tombstone_count)
        if actual != self._trailer and not self.report.failed:
            raise Invalid(
                f"the export lacks lines: it should have {self._trailer.documents:,} documents, "
                f"but has {actual.documents:,}"
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
                self._mark_incomplete(line.number, "a first or last line in the middle")

    def _add_document(self, document: Document) -> None:
        name = document.registry.name_normalized
        if name != self._current_name:
            self._close_project()
            if self._pending_count >= IMPORT_BATCH:
                self._flush()
            self._current_name = name
            self.progress("importing package", self.report.found + len(self._projects), None)
        self._projects.setdefault(name, []).append(document)
        self._pending_count += 1

    def _mark_incomplete(self, number: int, reason: object) -> None:
        """Report an invalid line: the package of the line before it, or after it, may lack a release."""
        self.report.add_failure(f"line {number}", reason)
        self._is_incomplete = self._is_next_incomplete = True

    def _close_project(self) -> None:
        """Finish a package; if it may lack a release, set serial 0, so that the next comparison reads it again."""
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
            imported = {name: documents[0].enrichments for name, documents in self._projects.items()}
            stored = self.deps.index.get_enrichments(self.collection, imported)
            write_merged(self.deps, self.collection, incoming, self.report, initial=imported)
            self._write_enrichments(imported, stored)
        self._projects, self._pending_count = {}, 0

    def _write_enrichments(
        self, imported: Mapping[str, Enrichments], stored_enrichments: Mapping[str, Enrichments]
    ) -> None:
        """Write newer enrichments of stored packages; new packages have got theirs with their documents."""
        updates: dict[str, list[ProjectFields]] = {}
        for name, stored in stored_enrichments.items():
            newer = select_newer_enrichments(imported[name], stored)
            history = merge_histories(imported[name].history, stored.history)
            values = [value for value in (newer.repository, newer.downloads, newer.health) if value is not UNSET]
            updates[name] = [*values, *([history] if history != stored.history and history.history else [])]
        if updates := {name: values for name, values in updates.items() if values}:
            self.deps.index.update(self.collection, updates)

    def _write_tombstones(self) -> None:
        """Write tombstones, except of stored packages: these have returned since."""
        stored_names: Mapping[str, object] = self.deps.index.get_documents(
            self.collection, [tombstone.name for tombstone in self._tombstones]
        )
        self.deps.index.remove(
            self.collection, [tombstone for tombstone in self._tombstones if tombstone.name not in stored_names]
        )
        self._tombstones = []
