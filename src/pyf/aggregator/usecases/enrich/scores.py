"""Score projects: together with their documents when these are written, and again when time or others have passed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec import UNSET
from msgspec.structs import replace

from ...domain.collection import ProjectState
from ...domain.documents.document import Enrichments
from ...domain.documents.schema import HealthFields, RegistryFields
from ...domain.health import Score, compute_score, extract_signals
from ...ports import Dependencies, ProjectDocuments
from ..report import EnrichmentReport, ProgressCallback, no_progress

# Documents that are in memory at once; a project with more of them is looked at by itself.
_DOCUMENT_BATCH = 200
_NAME_BATCH = 25


def score_project(deps: Dependencies, documents: Sequence[RegistryFields], enrichments: Enrichments) -> Score:
    """Score a project as of now, from its documents, of which there is one at least, and its enrichments."""
    return compute_score(extract_signals(documents, enrichments), deps.scoring_config, deps.now())


def add_scores(
    deps: Dependencies, projects: Iterable[ProjectDocuments], enrichments: Mapping[str, Enrichments]
) -> list[ProjectDocuments]:
    """Return projects with their scores, to be written together; `enrichments` are by normalised name."""
    return [
        replace(
            project,
            health=score_project(
                deps, project.documents, enrichments.get(project.name_normalized, Enrichments())
            ).fields,
        )
        for project in projects
    ]


def rescore_collection(
    deps: Dependencies, collection: str, names: Iterable[str] | None = None, *, progress: ProgressCallback = no_progress
) -> EnrichmentReport:
    """Score what a collection holds anew, or the projects of these normalised names, without asking anybody.

    A score is written only where it has changed, because time has passed or an enrichment has. A few hundred documents
    are in memory at once. Others may write meanwhile: a score that their write has overtaken is put right by theirs
    or by the next run.
    """
    report = EnrichmentReport("score", collection)
    with report.recording(deps):
        for found_count, changed_count in _rescore_batches(deps, collection, names):
            report.found += found_count
            report.enriched += changed_count
            report.cached += changed_count
            progress("scoring", report.found, None)
    return report


def update_scores(deps: Dependencies, collection: str, names: Iterable[str] | None = None) -> int:
    """Do what `rescore` does as a part of another run; return how many scores changed."""
    return sum(changed_count for _, changed_count in _rescore_batches(deps, collection, names))


def add_missing_scores(deps: Dependencies, collection: str, names: Iterable[str]) -> int:
    """Score those of the named projects (normalised) that have no score yet; return how many these were."""
    score_count = 0
    for batch in _batch_by_count(names):
        enrichments_by_name = deps.index.get_enrichments(collection, batch)
        if unscored := [name for name, enrichments in enrichments_by_name.items() if enrichments.health is UNSET]:
            score_count += _rescore_batch(deps, collection, unscored)[1]
    return score_count


def _rescore_batches(deps: Dependencies, collection: str, names: Iterable[str] | None) -> Iterator[tuple[int, int]]:
    batches = _batch_by_documents(deps.index.project_states(collection)) if names is None else _batch_by_count(names)
    return (_rescore_batch(deps, collection, batch) for batch in batches)


def _rescore_batch(deps: Dependencies, collection: str, names: Sequence[str]) -> tuple[int, int]:
    """Score projects and write the scores that have changed; return how many were there, and how many changed."""
    stored_documents = deps.index.get_documents(collection, names)
    enrichments_by_name = deps.index.get_enrichments(collection, names)
    changed: dict[str, HealthFields] = {}
    for name, documents in stored_documents.items():
        enrichments = enrichments_by_name.get(name, Enrichments())
        fields = score_project(deps, documents, enrichments).fields
        if fields != enrichments.health:
            changed[name] = fields
    return len(stored_documents), deps.index.update(collection, changed) if changed else 0


def _batch_by_documents(project_states: Iterable[ProjectState]) -> Iterator[list[str]]:
    """Group all projects so that a group's documents fit into memory."""
    names: list[str] = []
    document_count = 0
    for project_state in project_states:
        if names and document_count + project_state.release_count > _DOCUMENT_BATCH:
            yield names
            names, document_count = [], 0
        names.append(project_state.name_normalized)
        document_count += project_state.release_count
    if names:
        yield names


def _batch_by_count(names: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(names)
    while batch := list(islice(remaining, _NAME_BATCH)):
        yield batch
