"""Bring an exported collection into the index: nothing that is there is taken away, and a bad line stops nothing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from msgspec import UNSET
from msgspec.structs import replace

from ..domain.collection import CollectionState, Tombstone
from ..domain.document import Document, Enrichments
from ..domain.errors import Invalid
from ..domain.merging import newer_parts
from ..domain.schema import ProjectFields
from ..domain.transfer import Header, Line, Trailer
from ..ports import Services
from .migrate import joined, put_merged, unmarked
from .report import Progress, TransferReport, unwatched
from .target import Target, check_lasting, check_own, clear_leftovers, create_as_named, is_same_filter

# Documents, and tombstones, that are written in one step.
AT_ONCE = 1000


def import_(
    services: Services, target: Target, lines: Iterable[Line], *, progress: Progress = unwatched
) -> TransferReport:
    """Write what `lines` hold into a collection, in constant memory; a missing one is made with the state they bring.

    Of a release that is held already the one that was read later stays. A line that can't be understood is noted as
    failed by its number; the projects before and after it, to which it may have belonged, are read again by the next
    comparison with the registry. Only lines that are all there and all understood bring their cursor along.
    """
    report = TransferReport("import", target.collection)
    with report.covering(services), services.admin.exclusive(target.collection):
        clear_leftovers(services, target.collection)
        check_lasting(services, target.collection)
        check_own(services, target.collection)
        remaining = iter(lines)
        first = next(remaining, None)
        if first is None:
            raise Invalid("there is nothing in it")
        header = first.entry if isinstance(first.entry, Header) else None
        after = _opened(services, target, header, report)
        arrival = _Arrival(services, target.collection, report, progress, has_end=header is not None)
        arrival.take(remaining if header else chain([first], remaining))
        if header:
            arrival.check_end()
        if report.is_whole:
            services.index.remember(target.collection, after)
    return report


def _opened(services: Services, target: Target, header: Header | None, report: TransferReport) -> CollectionState:
    """Make sure that the collection is there; return the state that it has when all has come.

    Until then its cursor is lost: what comes may be older than what a cursor says.
    """
    if header and target.filter and not is_same_filter(target.filter, header.state.filter):
        theirs = header.state.filter.label
        raise Invalid(f"it holds what {theirs} finds, not {target.filter.label}: name the collection with -t alone")
    if services.admin.resolve(target.collection) is not None:
        state = services.index.state(target.collection)
        after = joined(state, unmarked(header.state), report) if header else replace(state, cursor=None)
        services.index.remember(target.collection, replace(after, cursor=None))
        return after
    if header:
        after = unmarked(header.state)
    elif target.filter:
        after = CollectionState(filter=target.filter)
    else:
        raise Invalid(f"it does not say what fills the collection {target.collection}: name a profile with -p")
    create_as_named(services.admin, target.collection, replace(after, cursor=None))
    return after


@dataclass
class _Arrival:
    """Gathers lines to projects, and writes these some at a time; `has_end` tells whether a last line is due."""

    services: Services
    collection: str
    report: TransferReport
    progress: Progress
    has_end: bool
    _projects: dict[str, list[Document]] = field(default_factory=dict)
    _tombstones: list[Tombstone] = field(default_factory=list)
    _waiting: int = 0
    _last: str = ""
    _is_doubtful: bool = False
    _is_next_doubtful: bool = False
    _documents: int = 0
    _stones: int = 0
    _end: Trailer | None = None

    def take(self, lines: Iterator[Line]) -> None:
        """Write what the lines hold, also when they break off in the middle."""
        is_all = False
        try:
            for line in lines:
                self._take(line)
            is_all = self._end is not None or not self.has_end
        finally:
            self._is_doubtful = self._is_doubtful or not is_all
            self._flush()
            self._bury()

    def check_end(self) -> None:
        """Raise `Invalid` where lines are missing at the end, or in between without one that was bad."""
        if self._end is None:
            raise Invalid(f"it ends early, after {self._documents:,} documents: its last line is missing")
        there = Trailer(documents=self._documents, tombstones=self._stones)
        if there != self._end and not self.report.failed:
            raise Invalid(f"it lacks lines: {self._end.documents:,} documents were exported, {there.documents:,} came")

    def _take(self, line: Line) -> None:
        match line.entry:
            case Document() as document:
                self._documents += 1
                self._gather(document)
            case Tombstone() as tombstone:
                self._stones += 1
                self._tombstones.append(tombstone)
                if len(self._tombstones) >= AT_ONCE:
                    self._flush()
                    self._bury()
            case Trailer() as trailer if self._end is None:
                self._end = trailer
            case Invalid() as error:
                self._doubt(line.number, error)
            case _:
                self._doubt(line.number, "a first or last line in the middle of others")

    def _gather(self, document: Document) -> None:
        name = document.registry.name_normalized
        if name != self._last:
            self._close()
            if self._waiting >= AT_ONCE:
                self._flush()
            self._last = name
            self.progress("importing", self.report.found + len(self._projects), None)
        self._projects.setdefault(name, []).append(document)
        self._waiting += 1

    def _doubt(self, number: int, reason: object) -> None:
        """Note a bad line: the project that it stands in may lack a release, or the one that follows."""
        self.report.fail(f"line {number}", reason)
        self._is_doubtful = self._is_next_doubtful = True

    def _close(self) -> None:
        """Have a project that may lack a release read again: by its serial the next comparison finds it."""
        if not self._last:
            return
        if self._is_doubtful:
            self._projects[self._last] = [
                replace(each, registry=replace(each.registry, last_serial=0)) for each in self._projects[self._last]
            ]
        self._is_doubtful, self._is_next_doubtful, self._last = self._is_next_doubtful, False, ""

    def _flush(self) -> None:
        self._close()
        if self._projects:
            incoming = {name: [each.registry for each in each_of] for name, each_of in self._projects.items()}
            self.report.found += len(incoming)
            theirs = {name: _parts(documents) for name, documents in self._projects.items()}
            held = self.services.index.enrichments(self.collection, theirs)
            put_merged(self.services, self.collection, incoming, self.report, initial=theirs)
            self._enrich(theirs, held)
        self._projects, self._waiting = {}, 0

    def _enrich(self, theirs: Mapping[str, Enrichments], held: Mapping[str, Enrichments]) -> None:
        """Write what is newer of packages that were there; others have got it with their documents."""
        parts = {name: newer_parts(theirs[name], enrichments) for name, enrichments in held.items()}
        for part in ("repository", "downloads", "health"):
            newer: dict[str, ProjectFields] = {
                name: value for name, of_package in parts.items() if (value := getattr(of_package, part)) is not UNSET
            }
            if newer:
                self.services.index.update(self.collection, newer)

    def _bury(self) -> None:
        """Leave tombstones of projects that are not there; who is there has come back since."""
        there: Mapping[str, object] = self.services.index.held(self.collection, [t.name for t in self._tombstones])
        self.services.index.remove(self.collection, [t for t in self._tombstones if t.name not in there])
        self._tombstones = []


def _parts(documents: list[Document]) -> Enrichments:
    """Return what the other owners have written of a project: every release carries it."""
    first = documents[0]
    return Enrichments(repository=first.repository, downloads=first.downloads, health=first.health)
