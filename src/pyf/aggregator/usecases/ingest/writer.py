"""Build the documents of members, and write them with their scores."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from ...domain.collection import Descriptions
from ...domain.documents.builder import BuildContext, build_documents
from ...domain.documents.document import Enrichments
from ...domain.documents.project import ProjectStatus
from ...domain.documents.schema import OWNERS, HistoryFields, ProjectFields, RegistryFields
from ...domain.documents.subject import list_outdated_enrichments
from ...ports import Dependencies, ProjectDocuments, Rejection
from ..enrich.scores import add_scores
from .evaluator import Evaluator, IngestContext, PendingProject


@dataclass
class Writer:
    """Builds the documents of members and writes them in batches."""

    deps: Dependencies
    collection: str
    evaluator: Evaluator
    context: IngestContext
    indexed: int = 0
    added_names: list[str] = field(default_factory=list)
    updated_names: list[str] = field(default_factory=list)
    documents: int = 0
    rebuilt: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    _batch: list[ProjectDocuments] = field(default_factory=list)

    def add(self, pending: PendingProject) -> None:
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

    def _build_context(self, pending: PendingProject) -> BuildContext:
        name, now, stored = pending.result.name, int(self.deps.now()), pending.stored
        stored_status = (
            (ProjectStatus(stored[0].project_status), stored[0].status_checked)
            if stored
            else (ProjectStatus.ACTIVE, now)
        )
        # The statuses of a rebuild come from the replaced collection: that of another project does not apply.
        is_other = name in self.evaluator.replaced_projects and bool(self.context.enrichment_source)
        status, status_checked = stored_status if is_other else self.context.statuses.get(name, stored_status)
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


def write_projects(
    deps: Dependencies,
    collection: str,
    projects: Sequence[ProjectDocuments],
    enrichment_source: str = "",
    recreated_names: Collection[str] = frozenset(),
) -> Sequence[Rejection]:
    """Write packages with their scores, by the enrichments of this moment, because other runs write them as well.

    Enrichments of a previous project of the same name, or of a previous repository, are dropped.
    """
    source = enrichment_source or collection
    enrichments = dict(deps.index.get_enrichments(source, [project.name_normalized for project in projects]))
    outdated: dict[str, tuple[ProjectFields, ...]] = {}
    for name, fields in _iter_outdated_enrichments(deps, source, projects, enrichments, recreated_names):
        # The new history is written with the documents.
        outdated[name] = tuple(part for part in fields if not isinstance(part, HistoryFields))
        enrichments[name] = _replace_parts(enrichments[name], fields)
    if outdated and source == collection:  # before the documents, which show the change
        deps.index.update(collection, outdated)
    rejections = deps.index.put(collection, add_scores(deps, projects, enrichments))
    if outdated and source != collection:  # later than those that are copied from there
        deps.index.update(collection, outdated)
    return rejections


def _iter_outdated_enrichments(
    deps: Dependencies,
    source: str,
    projects: Sequence[ProjectDocuments],
    enrichments: Mapping[str, Enrichments],
    recreated_names: Collection[str],
) -> Iterator[tuple[str, tuple[ProjectFields, ...]]]:
    """Yield the packages whose enrichments are not about the current project, with the fields that empty them."""
    enriched_names = [
        name for name, parts in enrichments.items() if parts.repository or parts.downloads or parts.history
    ]
    stored = deps.index.get_documents(source, enriched_names) if enriched_names else {}
    for project in projects:
        name = project.name_normalized
        if name in stored and (
            fields := list_outdated_enrichments(
                stored[name],
                project.documents,
                enrichments[name],
                was_recreated=name in recreated_names,
                own_hosts=deps.policy.own_hosts,
            )
        ):
            yield name, fields


def _replace_parts(enrichments: Enrichments, fields: Iterable[ProjectFields]) -> Enrichments:
    return replace(enrichments, **{OWNERS[type(part)].value: part for part in fields})


def _have_changed(stored: Iterable[RegistryFields], documents: Iterable[RegistryFields]) -> bool:
    """Return whether documents differ in more than the time of their check."""
    before, after = (
        {fields.version: replace(fields, status_checked=0) for fields in releases} for releases in (stored, documents)
    )
    return before != after
