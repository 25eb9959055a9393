"""Read projects and bring a collection in line with what each one answers; every run that reads goes through here."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import inf

from msgspec.structs import replace

from ...domain.collection import CollectionState, Tombstone
from ...domain.documents.builder import BuildContext, build_documents, extract_readme
from ...domain.documents.project import Project, ProjectStatus
from ...domain.documents.schema import RegistryFields
from ...domain.errors import NotFound, Unavailable
from ...domain.membership.evaluation import MembershipReason, evaluate_membership
from ...domain.membership.profile import Filter, matches_classifiers
from ...domain.policy import Descriptions
from ...domain.readme.plain_text import Readme
from ...ports import Dependencies, ProjectDocuments, ProjectRequest, ProjectResult, Rejection, RenderJob
from ..enrich.scores import add_scores
from ..report import IngestReport, ProgressCallback, no_progress
from . import planning

# Projects are looked up in the index this many at a time, and rendered this far ahead of the writing.
LOOKUP_BATCH = 50
MAX_PENDING_RENDERS = 32

# A run that is killed has to judge so many projects again at most.
MEMBERSHIP_BATCH = 500

# So many projects in a row without an answer, and the registry is taken to be down: asking for thousands more,
# each with its retries, would take hours and tell nothing.
MAX_CONSECUTIVE_FAILURES = 50


@dataclass(frozen=True)
class _PendingProject:
    """A project that belongs, with its READMEs on their way through the renderer."""

    result: ProjectResult
    project: Project
    reason: MembershipReason
    readmes: Mapping[str, Readme]
    render_job: RenderJob


@dataclass
class Ingester:
    """Reads projects into one collection.

    `as_of` is the registry's serial at the start of the run: what was found absent was absent then. `expected`
    holds the serial that a project's answer must reach, by normalised name: an older answer is stale, and the
    project is asked for again later. `former_names` are the projects (normalised) of the collection that this one is
    about to replace, if any: they may leave on the same terms only. `former` is that collection, if its documents can
    be taken over as they are: what can't be read for being quarantined is.
    `enriched` is the collection whose enrichments the scores go by, if that is another one than the one written to.
    `statuses` are what the caller knows of projects' statuses, and since when (Unix seconds). From the moment `until`
    (Unix seconds) on no further project is begun with. With `shares_work` others read into the collection at the same
    time: what it remembers is left alone, and up to whoever reads last.
    """

    deps: Dependencies
    collection: str
    filter: Filter
    report: IngestReport
    registry_serial: int
    min_serials: Mapping[str, int] = field(default_factory=dict)
    statuses: Mapping[str, tuple[ProjectStatus, int]] = field(default_factory=dict)
    replaced_collection: str = ""
    replaced_names: frozenset[str] = frozenset()
    enrichment_source: str = ""
    progress: ProgressCallback = no_progress
    limit: int | None = None
    deadline: float = inf
    is_shard: bool = False
    total: int | None = None
    seen_classifiers: set[str] = field(default_factory=set)
    stale_serials: dict[str, int] = field(default_factory=dict)
    processed: set[str] = field(default_factory=set)
    _pending_removals: list[Tombstone] = field(default_factory=list)
    _absent_projects: dict[str, bool] = field(default_factory=dict)
    _stored_documents: dict[str, tuple[RegistryFields, ...]] = field(default_factory=dict)
    _non_members: dict[str, int] = field(default_factory=dict)
    _batch: list[ProjectDocuments] = field(default_factory=list)
    _indexed_count: int = 0
    _consecutive_failures: int = 0

    def ingest(self, names: Iterable[str]) -> None:
        """Read projects by normalised name and write those that belong, until `limit` are written or it is late.

        What is not there any more, or does not belong any more, is only noted: `remove_departed` removes it. What
        the filter excludes is not read.
        """
        remaining = (name for name in names if name not in self.filter.exclude)
        if self.limit is None:
            self._ingest(remaining)
            return
        while (remaining_limit := self.limit - self._indexed_count) > 0 and (
            batch := list(islice(remaining, remaining_limit))
        ):
            self._ingest(batch)

    def schedule_excluded_removals(self, excluded: Iterable[str]) -> None:
        """Note that excluded projects leave, those that are there; for this nobody is asked."""
        stored_names = self.replaced_names & set(excluded) or self.deps.index.get_documents(self.collection, excluded)
        for name in sorted(stored_names):
            self._schedule_removal(name, f"{self.filter.label} excludes it: {self.filter.exclude[name]}")

    def apply_removals(self, *, allow_mass_removal: bool) -> None:
        """Remove what two witnesses say is gone and what says itself that it does not belong.

        More than a tenth of the collection (and more than 20 projects) at once is refused unless `allow_many`.
        """
        self._confirm_absent_projects()
        if not self._pending_removals:
            return
        project_count = len(self.replaced_names) or sum(1 for _ in self.deps.index.project_states(self.collection))
        if len(self._pending_removals) > max(20, project_count / 10) and not allow_mass_removal:
            self.report.removal_refused = True
            self.report.notices.append(
                f"{len(self._pending_removals)} of {project_count} projects would leave the collection at once; nothing was removed. "
                "If that is right, run again with --allow-mass-removal"
            )
            return
        self.report.removed += self.deps.index.remove(self.collection, self._pending_removals)
        self._pending_removals.clear()

    def update_state(self, state: CollectionState) -> CollectionState:
        """Return the state with what this run has learned of classifiers and of projects to ask for again."""
        return replace(
            state,
            seen_classifiers=tuple(sorted({*state.seen_classifiers, *self.seen_classifiers})),
            rechecks=planning.schedule_retries(
                state.stale_retries, self.processed, self.stale_serials, now=int(self.deps.now())
            ),
        )

    def _ingest(self, names: Iterable[str]) -> None:
        pending: deque[_PendingProject] = deque()
        try:
            for result in self.deps.registry.read_projects(self._build_requests(names), needs_releases=self._is_member):
                self.processed.add(result.name)
                self.progress("reading", len(self.processed), self.total)
                if (membership := self._evaluate_membership(result)) is not None:
                    pending.append(self._start_rendering(result, *membership))
                else:
                    self._stored_documents.pop(result.name, None)
                while len(pending) > MAX_PENDING_RENDERS:
                    self._write(pending.popleft())
            while pending:
                self._write(pending.popleft())
        finally:
            self._flush()

    def _build_requests(self, names: Iterable[str]) -> Iterator[ProjectRequest]:
        remaining = iter(names)
        while batch := list(islice(remaining, LOOKUP_BATCH)):
            if self._is_past_deadline():
                self.report.skipped += len(batch)
                continue
            stored_documents = self.deps.index.get_documents(self.collection, batch)
            for name in batch:
                if self._is_past_deadline():
                    self.report.skipped += 1
                    continue
                stored_releases = self._stored_documents[name] = tuple(stored_documents.get(name, ()))
                current_versions = (
                    document.version
                    for document in stored_releases
                    if document.composed_with == self.deps.policy.document_version
                )
                yield ProjectRequest(name=name, known_versions=frozenset(current_versions))

    def _is_past_deadline(self) -> bool:
        return self.deps.now() >= self.deadline

    def _is_member(self, project: Project) -> bool:
        metadata = project.newest_release.metadata
        return (
            metadata is not None
            and evaluate_membership(self.filter, project.normalized_name, metadata).reason is not None
        )

    def _evaluate_membership(self, result: ProjectResult) -> tuple[Project, MembershipReason] | None:
        """Return the project and why it belongs if it is to be written; take note of why it is not."""
        name, outcome = result.name, result.outcome
        if isinstance(outcome, NotFound):
            self._absent_projects[name] = self._is_stored(name)
            return None
        if not isinstance(outcome, Project):
            self._record_unavailable(name, outcome)
            return None
        self._consecutive_failures = 0
        if outcome.last_serial < self.min_serials.get(name, 0):
            self._record_stale(name, outcome.last_serial)
        if outcome.last_serial < max((document.last_serial for document in self._stored_documents[name]), default=0):
            return None
        for version, error in result.failed_versions.items():
            self.report.add_failure(name, f"release {version}: {error}")
        if (metadata := outcome.newest_release.metadata) is None:
            return None
        decision = evaluate_membership(self.filter, name, metadata)
        if decision.reason is not None:
            self.seen_classifiers.update(
                classifier
                for classifier in metadata.classifiers
                if matches_classifiers(classifier, self.filter.classifiers)
            )
            return outcome, decision.reason
        self._non_members[name] = outcome.last_serial
        if self._is_stored(name):
            newest = outcome.newest_release.version
            self._schedule_removal(name, f"since {newest} it does not match {self.filter.label}: {decision.text}")
        if len(self._non_members) >= MEMBERSHIP_BATCH:
            self._save_non_members()
        return None

    def _record_unavailable(self, name: str, error: Exception) -> None:
        self.report.add_failure(name, error)
        self._consecutive_failures += 1
        if self._consecutive_failures >= MAX_CONSECUTIVE_FAILURES:
            raise Unavailable(f"{MAX_CONSECUTIVE_FAILURES} projects in a row could not be read, the last one: {error}")

    def _record_stale(self, name: str, serial: int) -> None:
        self.stale_serials[name] = self.min_serials.get(name, 0)
        self.report.add_deferred(
            name, f"the answer is of serial {serial}, the journal is at {self.min_serials.get(name, 0)}"
        )

    def _start_rendering(self, result: ProjectResult, project: Project, reason: MembershipReason) -> _PendingProject:
        keep_all = self.deps.policy.descriptions is Descriptions.ALL
        releases = project.releases if keep_all else (project.newest_release,)
        readmes = {release.version: readme for release in releases if (readme := extract_readme(release)) is not None}
        return _PendingProject(result, project, reason, readmes, self.deps.renderer.render(tuple(readmes.values())))

    def _write(self, pending: _PendingProject) -> None:
        project, stored_documents = pending.project, self._stored_documents.pop(pending.result.name)
        policy = self.deps.policy
        built_documents = build_documents(
            project,
            stored={fields.version: fields for fields in stored_documents},
            rendered_readmes=dict(zip(pending.readmes, pending.render_job.result(), strict=True)),
            context=self._build_context(pending, stored_documents),
            keep_descriptions=policy.descriptions is Descriptions.ALL,
        )
        is_outdated = any(fields.composed_with != policy.document_version for fields in stored_documents)
        self.report.rebuilt += (
            is_outdated and max(document.last_serial for document in stored_documents) == project.last_serial
        )
        self._batch.append(ProjectDocuments(name_normalized=pending.result.name, documents=built_documents))
        if sum(len(project.documents) for project in self._batch) >= policy.batch_size:
            self._flush()

    def _build_context(self, pending: _PendingProject, stored_documents: tuple[RegistryFields, ...]) -> BuildContext:
        name, now = pending.result.name, int(self.deps.now())
        stored_status = (
            (ProjectStatus(stored_documents[0].project_status), stored_documents[0].status_checked)
            if stored_documents
            else (ProjectStatus.ACTIVE, now)
        )
        status, status_checked = self.statuses.get(name, stored_status)
        if status is ProjectStatus.QUARANTINED:  # then the registry would not have given the project's document
            status = ProjectStatus.ACTIVE
        return BuildContext(
            last_serial=0 if pending.result.failed_versions else pending.project.last_serial,
            status=status,
            status_checked=status_checked,
            membership_reason=pending.reason.value,
            document_version=self.deps.policy.document_version,
        )

    def _flush(self) -> None:
        """Write what was gathered; called on the way out of a failure, too."""
        if self._batch:
            if not self.is_shard:
                self._save_seen_classifiers()
            rejections = self._write_scored(self._batch)
            self.deps.membership_cache.delete_many(
                self.filter.key, [project.name_normalized for project in self._batch]
            )
            self.report.add_rejections(rejections)
            self.report.indexed += len(self._batch)
            self.report.documents += sum(len(project.documents) for project in self._batch) - len(rejections)
            self._indexed_count += len(self._batch)
            self._batch.clear()
        self._save_non_members()

    def _save_non_members(self) -> None:
        if self._non_members:
            self.deps.membership_cache.set_many(self.filter.key, self._non_members)
            self._non_members.clear()

    def _write_scored(self, projects: Sequence[ProjectDocuments]) -> Sequence[Rejection]:
        """Write projects with their scores; what others have written of them is looked up at the last moment."""
        names = [project.name_normalized for project in projects]
        enrichments = self.deps.index.get_enrichments(self.enrichment_source or self.collection, names)
        return self.deps.index.put(self.collection, add_scores(self.deps, projects, enrichments))

    def _save_seen_classifiers(self) -> None:
        """Note new classifiers before the documents that show them: once these are in, nobody reads them again."""
        state = self.deps.index.get_state(self.collection)
        if not self.seen_classifiers.issubset(state.seen_classifiers):
            classifiers = tuple(sorted({*state.seen_classifiers, *self.seen_classifiers}))
            self.deps.index.set_state(self.collection, replace(state, seen_classifiers=classifiers))

    def _confirm_absent_projects(self) -> None:
        """Ask the simple index about the projects whose document is not there, and act on what both say."""
        now, absent_projects = int(self.deps.now()), self._absent_projects
        removed_serials = {}
        for page_status in self.deps.registry.check_simple_pages(absent_projects) if absent_projects else ():
            name, outcome = page_status.name, page_status.outcome
            if outcome is ProjectStatus.QUARANTINED:  # its page is empty, too
                removed_serials[name] = self.registry_serial
                self._mark_quarantined(name, now)
            elif isinstance(outcome, NotFound) or page_status.is_empty:
                removed_serials[name] = self.registry_serial
                if absent_projects[name]:
                    self._schedule_removal(name, "PyPI says in two places that it is gone")
            elif isinstance(outcome, ProjectStatus):
                self.stale_serials[name] = self.min_serials.get(name, self.registry_serial)
                self.report.add_deferred(name, "its document is not there, and the simple index lists it")
            else:
                self.report.add_failure(name, outcome)
        self._absent_projects = {}
        self.deps.membership_cache.set_many(self.filter.key, removed_serials)

    def _schedule_removal(self, name: str, reason: str) -> None:
        self._pending_removals.append(Tombstone(name=name, removed_at=int(self.deps.now()), reason=reason))

    def _is_stored(self, name: str) -> bool:
        return bool(self._stored_documents[name]) or name in self.replaced_names

    def _mark_quarantined(self, name: str, now: int) -> None:
        stored_documents = self.deps.index.get_documents(self.replaced_collection or self.collection, [name]).get(
            name, ()
        )
        if stored_documents:
            quarantined_documents = (
                replace(document, project_status=ProjectStatus.QUARANTINED.value, status_checked=now)
                for document in stored_documents
            )
            project = ProjectDocuments(name_normalized=name, documents=tuple(quarantined_documents))
            self.report.add_rejections(self._write_scored([project]))
            self.report.indexed += 1
            self.report.documents += len(stored_documents)
        elif name in self.replaced_names:
            self._schedule_removal(
                name, "it is quarantined on PyPI, and what another program held of it can't be taken over"
            )
