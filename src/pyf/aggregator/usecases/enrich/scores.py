"""Score packages: when their documents are written, and again when time has passed or an enrichment has changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from ...domain.batching import batched, group_names_by_documents
from ...domain.documents.document import Enrichments
from ...domain.documents.schema import ProjectFields, RegistryFields, RepositoryFields
from ...domain.health import Score, compute_score, extract_signals
from ...domain.history import has_month, record_month
from ...ports import Dependencies, ProjectDocuments
from ..report import EnrichmentReport, ProgressCallback, no_progress

# Documents in memory at once; a package with more of them is a batch of its own.
_DOCUMENT_BATCH = 500
_NAME_BATCH = 100


def score_project(deps: Dependencies, documents: Sequence[RegistryFields], enrichments: Enrichments) -> Score:
    """Score a package as of now, from its documents (at least one) and its enrichments."""
    return compute_score(extract_signals(documents, enrichments), deps.scoring_config, deps.now())


def add_scores(
    deps: Dependencies, projects: Iterable[ProjectDocuments], enrichments: Mapping[str, Enrichments]
) -> list[ProjectDocuments]:
    """Return packages with their scores and histories, to be written together.

    Args:
        enrichments: What is stored, by normalized name.
    """
    return [
        _add_score(deps, project, enrichments.get(project.name_normalized, Enrichments()))
        if project.documents
        else project
        for project in projects
    ]


def _add_score(deps: Dependencies, project: ProjectDocuments, enrichments: Enrichments) -> ProjectDocuments:
    health = score_project(deps, project.documents, enrichments).fields
    newest = next((document.version for document in project.documents if document.is_newest), "")
    history = record_month(replace(enrichments, health=health), deps.now(), release=newest)
    return replace(project, health=health, history=history)


def rescore_collection(
    deps: Dependencies, collection: str, names: Iterable[str] | None = None, *, progress: ProgressCallback = no_progress
) -> EnrichmentReport:
    """Score a collection, or the packages with these normalized names, without a request.

    Only changed scores are written. A few hundred documents are in memory at once. Other runs may write meanwhile: a
    score that such a write makes outdated is corrected by that write or by the next run.
    """
    report = EnrichmentReport("score", collection)
    with report.recording(deps):
        for found_count, changed_count in _rescore_batches(deps, collection, names):
            report.found += found_count
            report.enriched += changed_count
            report.cached += changed_count
            progress("scoring package", report.found, None)
    return report


def update_scores(deps: Dependencies, collection: str, names: Iterable[str] | None = None) -> int:
    """Do what `rescore_collection` does as a part of another run; return how many scores changed."""
    return sum(changed_count for _, changed_count in _rescore_batches(deps, collection, names))


def update_with_scores(deps: Dependencies, collection: str, fields: Mapping[str, RepositoryFields]) -> int:
    """Write fields of packages, by normalized name, with the scores that follow; return how many were there."""
    return sum(_rescore_batch(deps, collection, batch, fields)[0] for batch in batched(fields, _NAME_BATCH))


def add_missing_scores(deps: Dependencies, collection: str, names: Iterable[str]) -> int:
    """Score the packages (normalized names) without a score or a record of this month; return how many scores changed.

    An interrupted call can be repeated.
    """
    score_count = 0
    for batch in batched(names, _NAME_BATCH):
        enrichments_by_name = deps.index.get_enrichments(collection, batch)
        if incomplete := [
            name
            for name, enrichments in enrichments_by_name.items()
            if enrichments.health is UNSET or not has_month(enrichments.history, deps.now())
        ]:
            score_count += _rescore_batch(deps, collection, incomplete)[1]
    return score_count


def _rescore_batches(deps: Dependencies, collection: str, names: Iterable[str] | None) -> Iterator[tuple[int, int]]:
    batches = (
        group_names_by_documents(deps.index.iter_project_states(collection), _DOCUMENT_BATCH)
        if names is None
        else batched(names, _NAME_BATCH)
    )
    return (_rescore_batch(deps, collection, batch) for batch in batches)


def _rescore_batch(
    deps: Dependencies, collection: str, names: Sequence[str], new: Mapping[str, RepositoryFields] = {}
) -> tuple[int, int]:
    """Score packages and write the scores and histories that have changed, together with new fields of other owners.

    Returns how many packages were there, and how many scores changed.
    """
    updates: dict[str, Sequence[ProjectFields]] = {}
    changed_count = 0
    packages = deps.index.get_packages(collection, names)
    for name, documents in packages.items():
        newest = documents[0]
        repository = new.get(name, newest.repository)
        enrichments = replace(newest.enrichments, repository=repository)
        score = score_project(deps, [document.registry for document in documents], enrichments).fields
        changed: list[ProjectFields] = [new[name]] if name in new else []
        if score != newest.health:
            changed.append(score)
            changed_count += 1
        history = record_month(replace(enrichments, health=score), deps.now(), release=newest.registry.version)
        if history != newest.history:
            changed.append(history)
        if changed:
            updates[name] = changed
    if updates:
        deps.index.update(collection, updates)
    return len(packages), changed_count
