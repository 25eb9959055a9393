"""Read packages from the registry, evaluate their membership, and write the members with their scores."""

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice

from msgspec import Struct

from ...domain.collection import Tombstone
from ...domain.membership.profile import Filter
from ...ports import Dependencies, Rejection
from ..report import IngestReport
from .evaluator import Evaluator, IngestContext, PendingProject
from .writer import Writer

# How many packages are rendered ahead of the one that is written.
MAX_PENDING_RENDERS = 32


class IngestResult(Struct, frozen=True, kw_only=True):
    """The outcome of the packages that were read.

    Attributes:
        processed: Names of the packages that the registry gave a result for.
        seen_classifiers: Classifiers of the filter that members carry.
        stale_serials: The serial to wait for, for each package whose response was too old.
        absent: Packages without a JSON document, each with whether the collection has documents of it.
        non_matching: Tombstones of stored packages whose newest release does not match the filter.
        indexed: Packages written.
        added_names: Packages written that were not stored before.
        updated_names: Packages written that were stored and have changed.
        documents: Documents written.
        rebuilt: Packages written only because an older version of the program built their documents.
        skipped: Packages not started before the deadline.
        rejections: Documents that the engine rejected.
        failures: Reasons by name of packages that could not be read completely.
        deferrals: Reasons by name of packages to retry.
        error: The exception that ended the stream early.
    """

    processed: frozenset[str] = frozenset()
    seen_classifiers: frozenset[str] = frozenset()
    stale_serials: Mapping[str, int] = {}
    absent: Mapping[str, bool] = {}
    non_matching: tuple[Tombstone, ...] = ()
    indexed: int = 0
    added_names: tuple[str, ...] = ()
    updated_names: tuple[str, ...] = ()
    documents: int = 0
    rebuilt: int = 0
    skipped: int = 0
    rejections: tuple[Rejection, ...] = ()
    failures: Mapping[str, str] = {}
    deferrals: Mapping[str, str] = {}
    error: BaseException | None = None

    def merge(self, later: "IngestResult") -> "IngestResult":
        """Return the result of two rounds of one run, which read different packages."""
        return IngestResult(
            processed=self.processed | later.processed,
            seen_classifiers=self.seen_classifiers | later.seen_classifiers,
            stale_serials={**self.stale_serials, **later.stale_serials},
            absent={**self.absent, **later.absent},
            non_matching=self.non_matching + later.non_matching,
            indexed=self.indexed + later.indexed,
            added_names=self.added_names + later.added_names,
            updated_names=self.updated_names + later.updated_names,
            documents=self.documents + later.documents,
            rebuilt=self.rebuilt + later.rebuilt,
            skipped=self.skipped + later.skipped,
            rejections=self.rejections + later.rejections,
            failures={**self.failures, **later.failures},
            deferrals={**self.deferrals, **later.deferrals},
            error=self.error or later.error,
        )

    def add_to(self, report: IngestReport) -> None:
        """Add this result to the report of its run; raise the exception that ended the stream early."""
        report.indexed += self.indexed
        report.added_names += self.added_names
        report.updated_names += self.updated_names
        report.documents += self.documents
        report.rebuilt += self.rebuilt
        report.skipped += self.skipped
        report.add_rejections(self.rejections)
        for name, reason in self.deferrals.items():
            report.add_deferred(name, reason)
        for name, reason in self.failures.items():
            report.add_failure(name, reason)
        if self.error is not None:
            raise self.error


def ingest(
    deps: Dependencies, collection: str, filter_: Filter, names: Iterable[str], context: IngestContext = IngestContext()
) -> IngestResult:
    """Read packages by normalized name and write the members to a collection; removes nothing.

    Packages that the filter excludes are not read. A failure ends the stream, and the result has it: packages that were
    read before are written.
    """
    evaluator = Evaluator(deps, collection, filter_, context)
    writer = Writer(deps, collection, evaluator, context)
    remaining = (name for name in names if name not in filter_.exclude)
    error: BaseException | None = None
    try:
        if context.limit is None:
            _ingest_batch(evaluator, writer, remaining)
        else:
            while (limit := context.limit - writer.indexed) > 0 and (batch := list(islice(remaining, limit))):
                _ingest_batch(evaluator, writer, batch)
    except BaseException as caught:  # an interruption, too: the caller saves the result before raising it again
        error = caught
    return IngestResult(
        processed=frozenset(evaluator.processed),
        seen_classifiers=frozenset(evaluator.seen_classifiers),
        stale_serials=evaluator.stale_serials,
        absent=evaluator.absent,
        non_matching=tuple(evaluator.non_matching),
        indexed=writer.indexed,
        added_names=tuple(writer.added_names),
        updated_names=tuple(writer.updated_names),
        documents=writer.documents,
        rebuilt=writer.rebuilt,
        skipped=evaluator.skipped,
        rejections=tuple(writer.rejections),
        failures=evaluator.failures,
        deferrals=evaluator.deferrals,
        error=error,
    )


def _ingest_batch(evaluator: Evaluator, writer: Writer, names: Iterable[str]) -> None:
    pending: deque[PendingProject] = deque()
    registry = evaluator.deps.registry
    try:
        for result in registry.read_projects(evaluator.build_requests(names), needs_releases=evaluator.is_member):
            if (member := evaluator.evaluate(result)) is not None:
                pending.append(member)
            while len(pending) > MAX_PENDING_RENDERS:
                writer.add(pending.popleft())
    finally:  # what was read before a failure or Ctrl-C is written
        try:
            while pending:
                writer.add(pending.popleft())
        finally:
            writer.flush()
