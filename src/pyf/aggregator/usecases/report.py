"""Report what a run did, and choose what an enrichment covers.

The entry points print reports, return them and derive exit codes from them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any, ClassVar

from msgspec import Struct

from ..domain.errors import AggregatorError, Unavailable
from ..ports import Dependencies, Rejection

# Called with the name of the step, how much of it is done, and how much there is in all (None: unknown).
ProgressCallback = Callable[[str, int, int | None], None]


def no_progress(step: str, done: int, total: int | None) -> None:
    """Ignore progress."""


@dataclass
class RunReport:
    """The report of any run.

    Attributes:
        failed: Packages that could not be processed.
        reasons: One line for each name or id in any list of the report.
        requests: Requests sent to all services.
        seconds: Duration.
        error: The failure that ended the run early.
        interrupted: Whether Ctrl-C ended the run early.
    """

    # Fields that make a run incomplete unless they are empty.
    incomplete_fields: ClassVar[tuple[str, ...]] = ("failed", "error", "interrupted")

    action: str
    collection: str
    failed: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0
    error: AggregatorError | None = None
    interrupted: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether the run did all of its work."""
        return not any(getattr(self, name) for name in self.incomplete_fields)

    @property
    def should_retry(self) -> bool:
        """Whether the same run may do better soon: a service was unavailable, or the deadline passed."""
        return isinstance(self.error, Unavailable)

    def add_failure(self, name: str, reason: object) -> None:
        """Record that a package could not be processed."""
        if name not in self.reasons:
            self.failed.append(name)
        self.reasons[name] = str(reason)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as one JSON object."""
        return vars(self) | {"seconds": round(self.seconds, 3), "error": str(self.error) if self.error else None}

    @contextmanager
    def recording(self, deps: Dependencies) -> Iterator[None]:
        """Measure the block, and record an expected failure or Ctrl-C in it instead of raising it.

        A run that ends early has done something, too, and has sent requests: both are reported.
        """
        start_time, request_count = deps.now(), deps.request_counter.count()
        try:
            yield
        except AggregatorError as error:
            self.error = error
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            self.seconds = deps.now() - start_time
            self.requests = deps.request_counter.count() - request_count


@dataclass
class WritingReport(RunReport):
    """The report of a run that writes documents.

    Attributes:
        documents: Documents written.
        rejected: Ids of documents that the engine rejected.
    """

    incomplete_fields = (*RunReport.incomplete_fields, "rejected")

    documents: int = 0
    rejected: list[str] = field(default_factory=list)

    def add_rejections(self, rejections: Sequence[Rejection]) -> None:
        """Record the documents that the engine rejected."""
        for rejection in rejections:
            self.rejected.append(rejection.id)
            self.reasons[rejection.id] = rejection.reason


@dataclass
class TransferReport(WritingReport):
    """The report of a run that copies documents; the numbers count packages.

    Attributes:
        found: Packages at the source.
        copied: Packages written.
        unchanged: Packages that the target had already.
    """

    found: int = 0
    copied: int = 0
    unchanged: int = 0


@dataclass
class IngestReport(WritingReport):
    """The report of a run that reads from the registry; the numbers count packages.

    Attributes:
        found: Candidates of the filter.
        indexed: Packages written.
        rebuilt: Packages written only because an older version of the program built their documents.
        unchanged: Packages that were not read.
        rescored: Packages that got a new score without being written.
        deferred: Packages whose response was older than the changelog.
        skipped: Packages not started before the deadline.
        removal_refused: Whether the run would have removed suspiciously many packages.
        added_names: Packages written that were not stored before.
        updated_names: Packages written that were stored and have changed.
        removed_names: Packages removed.
        refused_names: Packages that were not removed because they were suspiciously many.
    """

    incomplete_fields = (*WritingReport.incomplete_fields, "removal_refused", "skipped")

    found: int = 0
    indexed: int = 0
    rebuilt: int = 0
    unchanged: int = 0
    rescored: int = 0
    removed: int = 0
    deferred: list[str] = field(default_factory=list)
    skipped: int = 0
    removal_refused: bool = False
    added_names: list[str] = field(default_factory=list)
    updated_names: list[str] = field(default_factory=list)
    removed_names: list[str] = field(default_factory=list)
    refused_names: list[str] = field(default_factory=list)

    @property
    def should_retry(self) -> bool:
        return super().should_retry or bool(self.skipped)

    def add_deferred(self, name: str, reason: str) -> None:
        """Record that a later run retries a package."""
        self.deferred.append(name)
        self.reasons[name] = reason

    def merge_from(self, other: "IngestReport") -> None:
        """Take over the report of a part of the run, its failure included, except the values that this run measures."""
        kept_fields = ("action", "collection", "requests", "seconds")
        vars(self).update({name: value for name, value in vars(other).items() if name not in kept_fields})


@dataclass
class EnrichmentReport(RunReport):
    """The report of a run that adds data of other sources than the registry; the numbers count packages.

    Attributes:
        found: Packages of this run.
        enriched: Packages whose fields are current.
        cached: Packages of these that took no request.
        missing: Packages that the source does not know.
        deferred: Packages left to a later run.
        host_requests: Requests to each repository host.
    """

    incomplete_fields = (*RunReport.incomplete_fields, "deferred")

    found: int = 0
    enriched: int = 0
    cached: int = 0
    missing: list[str] = field(default_factory=list)
    deferred: list[str] = field(default_factory=list)
    host_requests: dict[str, int] = field(default_factory=dict)

    @property
    def should_retry(self) -> bool:
        return super().should_retry or bool(self.deferred)

    def add_deferred(self, name: str, reason: str) -> None:
        """Record that a package is left to a later run."""
        self.deferred.append(name)
        self.reasons[name] = reason

    def add_missing(self, name: str, reason: object) -> None:
        """Record that the source does not know a package."""
        self.missing.append(name)
        self.reasons[name] = str(reason)


class EnrichOptions(Struct, frozen=True, kw_only=True):
    """The caller's choices for a run that enriches packages.

    Attributes:
        limit: Packages to process at most, those with the oldest check first.
        fresh: Also request data that an earlier run has requested recently.
        deadline: Unix time from which on nothing is requested; the next run continues.
        host: The only repository host to read, "" for all.
    """

    limit: int | None = None
    fresh: bool = False
    deadline: float = inf
    progress: ProgressCallback = no_progress
    host: str = ""
