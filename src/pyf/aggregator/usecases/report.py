"""What a run did: the numbers and names that the entry points print, return and turn into exit codes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..domain.errors import AggregatorError, Unavailable
from ..ports import Dependencies, Rejection

# Called with the step's name, how much of it is done and how much there is in all (None: not known).
ProgressCallback = Callable[[str, int, int | None], None]


def no_progress(step: str, done: int, total: int | None) -> None:
    """Take note of progress when nobody looks."""


@dataclass
class RunReport:
    """What every kind of run tells.

    `failed` are the names of projects that could not be dealt with; `reasons` has a line for each name that any list
    of the report holds. `stopped_by` is the failure that ended the run early. `requests` counts what was asked of all
    services, `seconds` the time taken.
    """

    action: str
    collection: str
    failed: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0
    error: AggregatorError | None = None

    @property
    def is_complete(self) -> bool:
        """Whether everything that the run set out to do was done."""
        return not (self.failed or self.error)

    @property
    def should_retry(self) -> bool:
        """Whether the same run, begun again soon, could do what this one could not: a service did not answer."""
        return isinstance(self.error, Unavailable)

    def add_failure(self, name: str, reason: object) -> None:
        """Note that a project could not be dealt with."""
        if name not in self.reasons:
            self.failed.append(name)
        self.reasons[name] = str(reason)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as one JSON object."""
        fields = {name: value for name, value in vars(self).items() if name != "stopped_by"}
        return fields | {"seconds": round(self.seconds, 3), "error": str(self.error) if self.error else None}

    @contextmanager
    def recording(self, deps: Dependencies) -> Iterator[None]:
        """Measure the block, and take an expected failure in it down instead of letting it pass.

        A run that ends early has done something all the same, and has asked for something: both are reported.
        """
        start_time, request_count = deps.now(), deps.request_counter.count()
        try:
            yield
        except AggregatorError as error:
            self.error = error
        finally:
            self.seconds = deps.now() - start_time
            self.requests = deps.request_counter.count() - request_count


@dataclass
class WritingReport(RunReport):
    """What a run tells that writes documents: `documents` counts them, `rejected` has the ids that were refused."""

    documents: int = 0
    rejected: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return not self.rejected and super().is_complete

    def add_rejections(self, rejections: Sequence[Rejection]) -> None:
        """Note the documents that the engine refused."""
        for rejection in rejections:
            self.rejected.append(rejection.id)
            self.reasons[rejection.id] = rejection.reason


@dataclass
class TransferReport(WritingReport):
    """What a run did that takes documents from one place to another.

    Numbers count projects: `found` those at the source, `copied` those that were written, `unchanged` those that were
    there just like that.
    """

    found: int = 0
    copied: int = 0
    unchanged: int = 0


@dataclass
class IngestReport(WritingReport):
    """What a run that reads from the registry did.

    Numbers count projects, `documents` documents. `found` is how many projects may belong by what the filter
    says, `indexed` how many
    were written, `recomposed` how many of those only because an older program had made their documents, `unchanged`
    how many needed no look, `rescored` how many got another score without being written. `rejected` are ids of
    documents that the engine refused, `failed` the names of projects that could not be read whole, `postponed` those
    whose answer was older than the journal, `left` how many there was no time for.
    """

    found: int = 0
    indexed: int = 0
    rebuilt: int = 0
    unchanged: int = 0
    rescored: int = 0
    removed: int = 0
    deferred: list[str] = field(default_factory=list)
    skipped: int = 0
    removal_refused: bool = False

    @property
    def is_complete(self) -> bool:
        return not (self.removal_refused or self.skipped) and super().is_complete

    @property
    def should_retry(self) -> bool:
        """Whether a service did not answer, or there was no time for all projects."""
        return super().should_retry or bool(self.skipped)

    def add_deferred(self, name: str, reason: str) -> None:
        """Note that a project is to be asked for again."""
        self.deferred.append(name)
        self.reasons[name] = reason

    def merge_from(self, other: "IngestReport") -> None:
        """Take over what a part of the run reports, its failure included; name, requests and time stay our own."""
        kept_fields = ("action", "collection", "requests", "seconds")
        vars(self).update({name: value for name, value in vars(other).items() if name not in kept_fields})


@dataclass
class EnrichmentReport(RunReport):
    """What a run did that adds to projects what the registry does not tell.

    Numbers count projects: `found` those that the run looked at, `enriched` those whose fields are up to date now,
    `remembered` how many of these without asking anybody, `missing` the names of those that the source does not know,
    `postponed` the names of those that are left to a later run.
    """

    found: int = 0
    enriched: int = 0
    cached: int = 0
    missing: list[str] = field(default_factory=list)
    deferred: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return not (self.failed or self.deferred or self.error)

    @property
    def should_retry(self) -> bool:
        """Whether a service did not answer, or projects are left to a later run."""
        return super().should_retry or bool(self.deferred)

    def add_deferred(self, name: str, reason: str) -> None:
        """Note that a project is left to a later run."""
        self.deferred.append(name)
        self.reasons[name] = reason

    def add_missing(self, name: str, reason: object) -> None:
        """Note that the source does not know a project."""
        self.missing.append(name)
        self.reasons[name] = str(reason)
