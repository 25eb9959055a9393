"""Read packages from the registry, evaluate their membership, and write the members with their scores."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from ...domain.batching import batched
from ...domain.collection import Descriptions, Tombstone
from ...domain.documents.builder import BuildContext, build_documents, extract_readme
from ...domain.documents.document import Enrichments
from ...domain.documents.project import Project, ProjectStatus
from ...domain.documents.schema import OWNERS, HistoryFields, ProjectFields, RegistryFields
from ...domain.documents.subject import is_other_project, list_outdated_enrichments
from ...domain.errors import NotFound, Unavailable
from ...domain.membership.evaluation import MembershipReason, evaluate_membership
from ...domain.membership.profile import Filter, matches_classifiers
from ...domain.readme.plain_text import Readme
from ...ports import Dependencies, ProjectDocuments, ProjectRequest, ProjectResult, Rejection, RenderJob
from ..enrich.scores import add_scores
from ..report import IngestReport

# How many packages are looked up in the index at once; their documents are in memory until the registry responds.
REQUEST_BATCH = 50

# How many packages are rendered ahead of the one that is written.
MAX_PENDING_RENDERS = 32

# A run that is killed evaluates at most this many packages again.
MEMBERSHIP_BATCH = 500

# After this many failed packages in a row the registry is considered down: thousands more, each with its retries,
# would take hours.
MAX_CONSECUTIVE_FAILURES = 50


class IngestContext(Struct, frozen=True, kw_only=True):
    """What a run knows of the packages that it reads.

    Attributes:
        min_serials: The serial that a response must reach, by normalized name; an older one is stale.
        statuses: Status of a package and the Unix time at which it was checked.
        recreated_names: Packages that were removed from the registry and created again.
        replaced_names: Packages of the collection that this one is about to replace.
        enrichment_source: Collection whose enrichments enter the scores, if not the one written to.
        limit: Packages to write at most.
        deadline: Unix time from which on no further package is started.
        on_progress: Called with the number of packages read so far.
        saves_classifiers: False if other workers write to the collection at the same time: its state is theirs.
    """

    min_serials: Mapping[str, int] = {}
    statuses: Mapping[str, tuple[ProjectStatus, int]] = {}
    recreated_names: frozenset[str] = frozenset()
    replaced_names: frozenset[str] = frozenset()
    enrichment_source: str = ""
    limit: int | None = None
    deadline: float = inf
    on_progress: Callable[[int], None] = lambda done: None
    saves_classifiers: bool = True


class IngestResult(Struct, frozen=True, kw_only=True):
    """What became of the packages that were read.

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

    What the filter excludes is not read. A failure ends the stream, and the result says so: what was read until then
    is written.
    """
    evaluator = _Evaluator(deps, collection, filter_, context)
    writer = _Writer(deps, collection, evaluator, context)
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


def write_projects(
    deps: Dependencies,
    collection: str,
    projects: Sequence[ProjectDocuments],
    enrichment_source: str = "",
    recreated_names: Collection[str] = frozenset(),
) -> Sequence[Rejection]:
    """Write packages with their scores; enrichments are read at the last moment, as other runs write them.

    What other sources have said about a former project or repository is dropped.
    """
    names = [project.name_normalized for project in projects]
    source = enrichment_source or collection
    enrichments = dict(deps.index.get_enrichments(source, names))
    enriched_names = [
        name for name, parts in enrichments.items() if parts.repository or parts.downloads or parts.history
    ]
    stored = deps.index.get_documents(source, enriched_names) if enriched_names else {}
    outdated: dict[str, tuple[ProjectFields, ...]] = {}
    for project in projects:
        name = project.name_normalized
        if name not in stored:
            continue
        was_recreated = name in recreated_names
        if fields := list_outdated_enrichments(
            stored[name],
            project.documents,
            enrichments[name],
            was_recreated=was_recreated,
            own_hosts=deps.policy.own_hosts,
        ):
            # The new history is written with the documents.
            outdated[name] = tuple(part for part in fields if not isinstance(part, HistoryFields))
            enrichments[name] = _replace_parts(enrichments[name], fields)
    if outdated and source == collection:  # before the documents, which show the change
        deps.index.update(collection, outdated)
    rejections = deps.index.put(collection, add_scores(deps, projects, enrichments))
    if outdated and source != collection:  # later than those that are copied from there
        deps.index.update(collection, outdated)
    return rejections


def _replace_parts(enrichments: Enrichments, fields: Iterable[ProjectFields]) -> Enrichments:
    return replace(enrichments, **{OWNERS[type(part)].value: part for part in fields})


def get_project(result: ProjectResult) -> Project:
    """Return the project of a result that has one."""
    assert isinstance(result.outcome, Project)
    return result.outcome


@dataclass
class _PendingProject:
    """A member whose READMEs are being rendered."""

    result: ProjectResult
    project: Project
    reason: MembershipReason
    stored: tuple[RegistryFields, ...]
    readmes: Mapping[str, Readme]
    render_job: RenderJob


def _ingest_batch(evaluator: "_Evaluator", writer: "_Writer", names: Iterable[str]) -> None:
    pending: deque[_PendingProject] = deque()
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


@dataclass
class _Evaluator:
    """Requests packages, and decides for each response whether it is written."""

    deps: Dependencies
    collection: str
    filter: Filter
    context: IngestContext
    processed: set[str] = field(default_factory=set)
    seen_classifiers: set[str] = field(default_factory=set)
    stale_serials: dict[str, int] = field(default_factory=dict)
    absent: dict[str, bool] = field(default_factory=dict)
    non_matching: list[Tombstone] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    deferrals: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    replaced_projects: set[str] = field(default_factory=set)
    _stored: dict[str, tuple[RegistryFields, ...]] = field(default_factory=dict)
    _former: dict[str, Sequence[RegistryFields]] = field(default_factory=dict)
    _non_members: dict[str, int] = field(default_factory=dict)
    _consecutive_failures: int = 0

    def build_requests(self, names: Iterable[str]) -> Iterator[ProjectRequest]:
        """Yield a request for each package that is started before the deadline."""
        document_version = self.deps.policy.document_version
        for batch in batched(names, REQUEST_BATCH):
            if self._is_past_deadline():
                self.skipped += len(batch)
                continue
            stored_documents = self.deps.index.get_documents(self.collection, batch)
            source = self.context.enrichment_source
            self._former.update(self.deps.index.get_documents(source, batch) if source else stored_documents)
            for name in batch:
                if self._is_past_deadline():
                    self.skipped += 1
                    continue
                stored = self._stored[name] = tuple(stored_documents.get(name, ()))
                current_versions = (fields.version for fields in stored if fields.composed_with == document_version)
                is_recreated = name in self.context.recreated_names
                yield ProjectRequest(
                    name=name, known_versions=frozenset() if is_recreated else frozenset(current_versions)
                )

    def is_member(self, project: Project) -> bool:
        """Return whether the newest release of a package matches the filter."""
        metadata = project.newest_release.metadata
        return (
            metadata is not None
            and evaluate_membership(self.filter, project.normalized_name, metadata).reason is not None
        )

    def evaluate(self, result: ProjectResult) -> _PendingProject | None:
        """Return a member whose documents are to be written; record why another package is not."""
        name, outcome, stored = result.name, result.outcome, self._stored.pop(result.name)
        former = self._former.pop(name, ())
        self.processed.add(name)
        self.context.on_progress(len(self.processed))
        if isinstance(outcome, NotFound):
            self.absent[name] = self.is_stored(name, stored)
            return None
        if not isinstance(outcome, Project):
            self._record_unavailable(name, outcome)
            return None
        self._consecutive_failures = 0
        if outcome.last_serial < (min_serial := self.context.min_serials.get(name, 0)):
            self.stale_serials[name] = min_serial
            self.deferrals[name] = f"stale response (serial {outcome.last_serial}, expected >= {min_serial})"
        if outcome.last_serial < max((fields.last_serial for fields in stored), default=0):
            return None
        for version, error in result.failed_versions.items():
            self.failures[name] = f"release {version}: {error}"
        if (metadata := outcome.newest_release.metadata) is None:
            return None
        decision = evaluate_membership(self.filter, name, metadata)
        if decision.reason is not None:
            self.seen_classifiers.update(
                classifier
                for classifier in metadata.classifiers
                if matches_classifiers(classifier, self.filter.classifiers)
            )
            files = (file for release in outcome.releases for file in release.files)
            if name in self.context.recreated_names or is_other_project(former, files):
                self.replaced_projects.add(name)
                result, stored = self._read_again(result), ()
            return self._start_rendering(result, decision.reason, stored)
        self._non_members[name] = outcome.last_serial
        if self.is_stored(name, stored):
            newest = outcome.newest_release.version
            reason = f"it does not match {self.filter.label}: since {newest}, {decision.text}"
            self.non_matching.append(Tombstone(name=name, removed_at=int(self.deps.now()), reason=reason))
        if len(self._non_members) >= MEMBERSHIP_BATCH:
            self.save_non_members()
        return None

    def save_non_members(self) -> None:
        """Cache the serials at which packages were found not to match."""
        if self._non_members:
            self.deps.membership_cache.set_many(self.filter.key, self._non_members)
            self._non_members.clear()

    def is_stored(self, name: str, stored: tuple[RegistryFields, ...]) -> bool:
        """Return whether the collection, or the one that it replaces, has the package."""
        return bool(stored) or name in self.context.replaced_names

    def _is_past_deadline(self) -> bool:
        return self.deps.now() >= self.context.deadline

    def _record_unavailable(self, name: str, error: Exception) -> None:
        self.failures[name] = str(error)
        self._consecutive_failures += 1
        if self._consecutive_failures >= MAX_CONSECUTIVE_FAILURES:
            raise Unavailable(f"{MAX_CONSECUTIVE_FAILURES} packages in a row could not be read, the last one: {error}")

    def _read_again(self, result: ProjectResult) -> ProjectResult:
        """Return a package with all of its releases: stored ones of the same versions are of a former project."""
        if all(release.metadata is not None for release in get_project(result).releases):
            return result
        (complete,) = self.deps.registry.read_projects([ProjectRequest(name=result.name)])
        return complete if isinstance(complete.outcome, Project) else result

    def _start_rendering(
        self, result: ProjectResult, reason: MembershipReason, stored: tuple[RegistryFields, ...]
    ) -> _PendingProject:
        project = get_project(result)
        keep_all = self.deps.policy.descriptions is Descriptions.ALL
        releases = project.releases if keep_all else (project.newest_release,)
        readmes = {release.version: readme for release in releases if (readme := extract_readme(release)) is not None}
        render_job = self.deps.renderer.render(tuple(readmes.values()))
        return _PendingProject(result, project, reason, stored, readmes, render_job)


@dataclass
class _Writer:
    """Builds the documents of members and writes them in batches."""

    deps: Dependencies
    collection: str
    evaluator: _Evaluator
    context: IngestContext
    indexed: int = 0
    added_names: list[str] = field(default_factory=list)
    updated_names: list[str] = field(default_factory=list)
    documents: int = 0
    rebuilt: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    _batch: list[ProjectDocuments] = field(default_factory=list)

    def add(self, pending: _PendingProject) -> None:
        """Build the documents of a package, and write the batch if it is full."""
        project, policy = pending.project, self.deps.policy
        documents = build_documents(
            project,
            stored={fields.version: fields for fields in pending.stored},
            rendered_readmes=dict(zip(pending.readmes, pending.render_job.result(), strict=True)),
            context=self._build_context(pending),
            keep_descriptions=policy.descriptions is Descriptions.ALL,
        )
        is_outdated = any(fields.composed_with != policy.document_version for fields in pending.stored)
        self.rebuilt += is_outdated and max(fields.last_serial for fields in pending.stored) == project.last_serial
        if not self.evaluator.is_stored(pending.result.name, pending.stored):
            self.added_names.append(pending.result.name)
        elif pending.stored and _have_changed(pending.stored, documents):
            self.updated_names.append(pending.result.name)
        self._batch.append(ProjectDocuments(name_normalized=pending.result.name, documents=documents))
        if sum(len(project.documents) for project in self._batch) >= policy.batch_size:
            self.flush()

    def flush(self) -> None:
        """Write the batch, and the evaluations that were made meanwhile."""
        if self._batch:
            names = [project.name_normalized for project in self._batch]
            # Before the documents: once these are stored, an interrupted run does not read the packages again.
            if self.context.saves_classifiers:
                self._save_seen_classifiers()
            rejections = write_projects(
                self.deps,
                self.collection,
                self._batch,
                self.context.enrichment_source,
                self.context.recreated_names,
            )
            self.deps.membership_cache.delete_many(self.evaluator.filter.key, names)
            self.rejections += rejections
            self.indexed += len(self._batch)
            self.documents += sum(len(project.documents) for project in self._batch) - len(rejections)
            self._batch.clear()
        self.evaluator.save_non_members()

    def _build_context(self, pending: _PendingProject) -> BuildContext:
        name, now, stored = pending.result.name, int(self.deps.now()), pending.stored
        stored_status = (
            (ProjectStatus(stored[0].project_status), stored[0].status_checked)
            if stored
            else (ProjectStatus.ACTIVE, now)
        )
        # A fetch knows only the statuses of the collection that it replaces.
        is_former = name in self.evaluator.replaced_projects and bool(self.context.enrichment_source)
        status, status_checked = stored_status if is_former else self.context.statuses.get(name, stored_status)
        if status is ProjectStatus.QUARANTINED:  # the registry serves no document of a quarantined package
            status = ProjectStatus.ACTIVE
        return BuildContext(
            last_serial=0 if pending.result.failed_versions else pending.project.last_serial,
            status=status,
            status_checked=status_checked,
            membership_reason=pending.reason.value,
            document_version=self.deps.policy.document_version,
        )

    def _save_seen_classifiers(self) -> None:
        state, seen = self.deps.index.get_state(self.collection), self.evaluator.seen_classifiers
        if not seen.issubset(state.seen_classifiers):
            classifiers = tuple(sorted({*state.seen_classifiers, *seen}))
            self.deps.index.set_state(self.collection, replace(state, seen_classifiers=classifiers))


def _have_changed(stored: Iterable[RegistryFields], documents: Iterable[RegistryFields]) -> bool:
    """Return whether documents differ in more than the time of their check."""
    before, after = (
        {fields.version: replace(fields, status_checked=0) for fields in releases} for releases in (stored, documents)
    )
    return before != after
