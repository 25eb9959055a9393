"""Read one package once, and update every collection that has it or that it matches."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from msgspec.structs import replace

from ...domain.collection import CollectionState
from ...domain.documents.project import Project, ProjectStatus, normalize_name
from ...domain.documents.schema import RegistryFields
from ...domain.errors import NotFound, Unavailable
from ...domain.membership.evaluation import evaluate_membership
from ...domain.membership.profile import Filter, matches_classifiers
from ...ports import Dependencies, PackageRegistry, ProjectRequest, ProjectResult, Serials, SimplePageStatus, always
from ..collections.target import Target, require_state
from ..report import IngestReport, WritingReport
from .ingester import ingest
from .planning import evaluate_stored
from .removal import RemovalGuard

# PyPI's cache may serve an older document, without a release that the feed announced minutes ago.
STALE_MESSAGE = "the response does not contain {version} yet"


@dataclass
class PackageReport(WritingReport):
    """The report of the update of a package; `collection` is its name.

    Attributes:
        indexed: Collections that it was written to.
        removed: Collections that it was removed from.
        is_up_to_date: Whether it was stored already, so that no request was sent.
        is_stale: Whether the response does not contain the announced release yet.
        is_unknown: Whether neither the registry nor any collection has it.
        is_foreign: Whether the registry has it, but no collection has or matches it.
    """

    incomplete_fields = (*WritingReport.incomplete_fields, "is_stale")

    indexed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    is_up_to_date: bool = False
    is_stale: bool = False
    is_unknown: bool = False
    is_foreign: bool = False

    @property
    def should_retry(self) -> bool:
        return self.is_stale or super().should_retry

    def merge_from(self, report: IngestReport, collection: str) -> None:
        """Add what happened in one collection."""
        self.indexed += [collection] * bool(report.indexed)
        self.removed += [collection] * bool(report.removed)
        self.documents += report.documents
        self.rejected += report.rejected
        self.reasons |= report.reasons
        self.failed += [name for name in report.failed if name not in self.failed]
        self.error = self.error or report.error


def update_package(
    deps: Dependencies, targets: Sequence[Target], name: str, *, version: str = "", force: bool = False
) -> PackageReport:
    """Read a package and write it to each of the collections that it matches; remove it from the others.

    Costs one request, and one for each release that a collection lacks. A collection that is deleted meanwhile is
    skipped.

    Args:
        name: The package, in any spelling.
        version: A release. If all collections with the package have it, no request is sent. Without a version, no
            request is sent if any collection has the package.
        force: Send the request in any case.
    """
    name = normalize_name(name)
    report = PackageReport("update-package", name)
    with report.recording(deps):
        stored_documents = {target.collection: tuple(_get_stored_documents(deps, target, name)) for target in targets}
        if not force and _is_up_to_date(targets, stored_documents, name, version):
            report.is_up_to_date = True
            return report
        result = _read_project(deps, targets, stored_documents.values(), name)
        affected_targets = [
            target
            for target in targets
            if stored_documents[target.collection] or _matches(target, result.outcome, name)
        ]
        report.is_unknown = isinstance(result.outcome, NotFound) and not affected_targets
        report.is_foreign = isinstance(result.outcome, Project) and not affected_targets
        if version and _is_stale(result, version):
            report.is_stale = True
            report.reasons[name] = STALE_MESSAGE.format(version=version)
        cached_registry = _CachedRegistry(deps.registry, result)
        for target in affected_targets:
            collection_report = _ingest_into(
                replace(deps, registry=cached_registry), target, result, stored_documents[target.collection]
            )
            report.merge_from(collection_report, target.collection)
        report.is_stale &= not (report.removed or cached_registry.is_quarantined)
    return report


def _get_stored_documents(deps: Dependencies, target: Target, name: str) -> Sequence[RegistryFields]:
    try:
        return deps.index.get_documents(target.collection, [name]).get(name, ())
    except NotFound:
        return ()


def _is_up_to_date(
    targets: Sequence[Target], stored_documents: Mapping[str, tuple[RegistryFields, ...]], name: str, version: str
) -> bool:
    """Return whether every collection that the package matches has it completely, with that version."""
    stored_releases = [fields for fields in stored_documents.values() if fields]
    if not stored_releases or not all(_is_complete(fields, version) for fields in stored_releases):
        return False
    newest_release = next((fields for fields in stored_releases[0] if fields.is_newest), stored_releases[0][0])
    return all(
        stored_documents[target.collection] or evaluate_stored(_get_filter(target), newest_release).reason is None
        for target in targets
        if name not in _get_filter(target).exclude
    )


def _is_complete(stored_documents: tuple[RegistryFields, ...], version: str) -> bool:
    """Return whether all releases could be read; a package with a failed one is stored with serial 0."""
    return all(document.last_serial for document in stored_documents) and (
        not version or version in {f.version for f in stored_documents}
    )


def _read_project(
    deps: Dependencies, targets: Sequence[Target], stored_documents: Iterable[tuple[RegistryFields, ...]], name: str
) -> ProjectResult:
    """Read the package with the releases that any collection lacks; raises `Unavailable` if it can't be read."""
    document_version = deps.policy.document_version
    known_versions = [
        frozenset(document.version for document in fields if document.composed_with == document_version)
        for fields in stored_documents
        if fields
    ]
    request = ProjectRequest(
        name=name, known_versions=frozenset.intersection(*known_versions) if known_versions else frozenset()
    )

    def needs_releases(project: Project) -> bool:
        return any(_matches(target, project, name) for target in targets)

    (result,) = deps.registry.read_projects([request], needs_releases=needs_releases)
    if not isinstance(result.outcome, Project | NotFound):
        raise result.outcome
    return result


def _matches(target: Target, outcome: object, name: str) -> bool:
    metadata = outcome.newest_release.metadata if isinstance(outcome, Project) else None
    return metadata is not None and evaluate_membership(_get_filter(target), name, metadata).reason is not None


def _is_stale(result: ProjectResult, version: str) -> bool:
    return not isinstance(result.outcome, Project) or version not in {
        release.version for release in result.outcome.releases
    }


def _ingest_into(
    deps: Dependencies, target: Target, result: ProjectResult, stored_documents: Sequence[RegistryFields]
) -> IngestReport:
    report, filter_ = IngestReport("update-package", target.collection), _get_filter(target)
    with report.recording(deps):  # a failure in one collection does not keep the others from being written
        try:
            with _lock_if_needed(deps, target, result):
                ingested = ingest(deps, target.collection, filter_, [result.name])
                ingested.add_to(report)
                serial = max((fields.last_serial for fields in stored_documents), default=0)
                guard = RemovalGuard(deps, target.collection, filter_, report, serial)
                # After a change of the profile, only a run over the whole collection sees how many it would remove.
                removes = _was_filled_with(require_state(deps, target), filter_)
                guard.remove(ingested.absent, ingested.non_matching if removes else ())
        except NotFound:
            report.notices.append(f"Collection {target.collection} was deleted during the run.")
    return report


def _lock_if_needed(deps: Dependencies, target: Target, result: ProjectResult) -> AbstractContextManager[None]:
    """Lock the collection if the package carries a classifier that its state does not have yet.

    Otherwise the package is written while other runs write: its serial shows which response is older, and the next
    update corrects what went wrong.
    """
    outcome, filter_ = result.outcome, _get_filter(target)
    metadata = outcome.newest_release.metadata if isinstance(outcome, Project) else None
    classifiers = {
        classifier
        for classifier in (metadata.classifiers if metadata else ())
        if matches_classifiers(classifier, filter_.classifiers)
    }
    if classifiers <= set(require_state(deps, target).seen_classifiers):
        return nullcontext()
    return deps.admin.lock(target.collection)


def _was_filled_with(state: CollectionState, filter_: Filter) -> bool:
    """Return whether a complete run has filled the collection with this filter."""
    return state.cursor is not None and filter_.admits_same_as(state.filter)


def _get_filter(target: Target) -> Filter:
    return target.filter or Filter()


class _CachedRegistry:
    """A registry that returns the result of an earlier request, if that has all the releases requested now."""

    def __init__(self, registry: PackageRegistry, result: ProjectResult) -> None:
        self._registry = registry
        self._result = result
        self._page_status: SimplePageStatus | None = None

    @property
    def is_quarantined(self) -> bool:
        """Whether the Simple API was checked and reports a quarantine."""
        return self._page_status is not None and self._page_status.outcome is ProjectStatus.QUARANTINED

    def browse_classifiers(self, classifiers: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
        return self._registry.browse_classifiers(classifiers)

    def fetch_serials(self) -> Serials:
        return self._registry.fetch_serials()

    def read_projects(
        self, requests: Iterable[ProjectRequest], *, needs_releases: Callable[[Project], bool] = always
    ) -> Iterator[ProjectResult]:
        for request in requests:
            if self._covers(request, needs_releases):
                yield self._result
            else:
                yield from self._registry.read_projects([request], needs_releases=needs_releases)

    def check_simple_pages(self, names: Iterable[str]) -> Iterator[SimplePageStatus]:
        for name in names:
            if self._page_status is None:
                (self._page_status,) = self._registry.check_simple_pages([name])
            yield self._page_status

    def _covers(self, request: ProjectRequest, needs_releases: Callable[[Project], bool]) -> bool:
        """Return whether the result has all releases that the collection of the request lacks."""
        outcome = self._result.outcome
        if not isinstance(outcome, Project) or not needs_releases(outcome):
            return True
        unread = {release.version for release in outcome.releases if release.metadata is None}
        return unread <= {*request.known_versions, *self._result.failed_versions}


def get_retry_reason(report: PackageReport) -> Unavailable | None:
    """Return why the package should be read again later, None if it should not."""
    if isinstance(report.error, Unavailable):
        return report.error
    if report.is_stale or report.failed:
        return Unavailable(f"{report.collection}: {report.reasons[report.collection]}")
    return None
