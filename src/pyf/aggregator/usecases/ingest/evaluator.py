"""Request packages from the registry, and decide by their newest release whether they are members."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from msgspec import Struct

from ...domain.batching import batched
from ...domain.collection import Descriptions, Tombstone
from ...domain.documents.builder import extract_readme
from ...domain.documents.project import Project, ProjectStatus
from ...domain.documents.schema import RegistryFields
from ...domain.documents.subject import is_other_project
from ...domain.errors import NotFound, Unavailable
from ...domain.membership.evaluation import MembershipReason, evaluate_membership
from ...domain.membership.profile import Filter, matches_classifiers
from ...domain.readme.plain_text import Readme
from ...ports import Dependencies, ProjectRequest, ProjectResult, RenderJob

# How many packages are looked up in the index at once; their documents are in memory until the registry responds.
REQUEST_BATCH = 50

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


@dataclass
class PendingProject:
    """A member whose READMEs are being rendered."""

    result: ProjectResult
    project: Project
    reason: MembershipReason
    stored: tuple[RegistryFields, ...]
    readmes: Mapping[str, Readme]
    render_job: RenderJob


@dataclass
class Evaluator:
    """Requests packages, and decides for each response whether it is written.

    Attributes:
        processed, seen_classifiers, stale_serials, absent, non_matching, failures, deferrals, skipped: As in
            `IngestResult`.
        replaced_projects: Packages whose name another project has taken over.
        _stored: The documents of requested packages in the collection.
        _previous: Their documents in the collection that this one is about to replace, or else the same.
    """

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
    _previous: dict[str, Sequence[RegistryFields]] = field(default_factory=dict)
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
            self._previous.update(self.deps.index.get_documents(source, batch) if source else stored_documents)
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

    def evaluate(self, result: ProjectResult) -> PendingProject | None:
        """Return a member whose documents are to be written; record why another package is not."""
        name, outcome, stored = result.name, result.outcome, self._stored.pop(result.name)
        previous = self._previous.pop(name, ())
        self.processed.add(name)
        self.context.on_progress(len(self.processed))
        if isinstance(outcome, NotFound):
            self.absent[name] = self.is_stored(name, stored)
            return None
        if not isinstance(outcome, Project):
            self._record_unavailable(name, outcome)
            return None
        self._consecutive_failures = 0
        if self._is_stale(name, outcome, stored):
            return None
        for version, error in result.failed_versions.items():
            self.failures[name] = f"release {version}: {error}"
        if (metadata := outcome.newest_release.metadata) is None:
            return None
        decision = evaluate_membership(self.filter, name, metadata)
        if decision.reason is None:
            self._record_non_member(name, outcome, stored, decision.text)
            return None
        self.seen_classifiers.update(
            classifier
            for classifier in metadata.classifiers
            if matches_classifiers(classifier, self.filter.classifiers)
        )
        files = (file for release in outcome.releases for file in release.files)
        if name in self.context.recreated_names or is_other_project(previous, files):
            self.replaced_projects.add(name)
            result, stored = self._read_again(result), ()
        return self._start_rendering(result, decision.reason, stored)

    def _is_stale(self, name: str, project: Project, stored: Iterable[RegistryFields]) -> bool:
        """Return whether a response is older than the stored documents; record one that is older than expected."""
        if project.last_serial < (min_serial := self.context.min_serials.get(name, 0)):
            self.stale_serials[name] = min_serial
            self.deferrals[name] = f"stale response (serial {project.last_serial}, expected >= {min_serial})"
        return project.last_serial < max((fields.last_serial for fields in stored), default=0)

    def _record_non_member(
        self, name: str, project: Project, stored: tuple[RegistryFields, ...], explanation: str
    ) -> None:
        self._non_members[name] = project.last_serial
        if self.is_stored(name, stored):
            version = project.newest_release.version
            reason = f"it does not match {self.filter.label}: since {version}, {explanation}"
            self.non_matching.append(Tombstone(name=name, removed_at=int(self.deps.now()), reason=reason))
        if len(self._non_members) >= MEMBERSHIP_BATCH:
            self.save_non_members()

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
        """Return a package with all of its releases: stored releases belong to the previous project of this name."""
        if all(release.metadata is not None for release in _get_project(result).releases):
            return result
        (complete,) = self.deps.registry.read_projects([ProjectRequest(name=result.name)])
        return complete if isinstance(complete.outcome, Project) else result

    def _start_rendering(
        self, result: ProjectResult, reason: MembershipReason, stored: tuple[RegistryFields, ...]
    ) -> PendingProject:
        project = _get_project(result)
        keep_all = self.deps.policy.descriptions is Descriptions.ALL
        releases = project.releases if keep_all else (project.newest_release,)
        readmes = {release.version: readme for release in releases if (readme := extract_readme(release)) is not None}
        render_job = self.deps.renderer.render(tuple(readmes.values()))
        return PendingProject(result, project, reason, stored, readmes, render_job)


def _get_project(result: ProjectResult) -> Project:
    """Return the project of a result that has one."""
    assert isinstance(result.outcome, Project)
    return result.outcome
