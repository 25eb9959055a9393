"""Score projects: together with their documents when these are written, and again when time or others have passed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec import UNSET
from msgspec.structs import replace

from ..domain.collection import Holding
from ..domain.document import Enrichments
from ..domain.health import Score, facts_of, score
from ..domain.schema import HealthFields, RegistryFields
from ..ports import ProjectDocuments, Services
from .report import EnrichmentReport, Progress, unwatched

# Documents that are in memory at once; a project with more of them is looked at by itself.
_DOCUMENTS_AT_ONCE = 200
_NAMES_AT_ONCE = 25


def score_of(services: Services, documents: Sequence[RegistryFields], enrichments: Enrichments) -> Score:
    """Score a project as of now, from its documents, of which there is one at least, and its enrichments."""
    return score(facts_of(documents, enrichments), services.standards, services.now())


def scored(
    services: Services, projects: Iterable[ProjectDocuments], enrichments: Mapping[str, Enrichments]
) -> list[ProjectDocuments]:
    """Return projects with their scores, to be written together; `enrichments` are by normalised name."""
    return [
        replace(
            project,
            health=score_of(
                services, project.documents, enrichments.get(project.name_normalized, Enrichments())
            ).fields,
        )
        for project in projects
    ]


def rescore(
    services: Services, collection: str, names: Iterable[str] | None = None, *, progress: Progress = unwatched
) -> EnrichmentReport:
    """Score what a collection holds anew, or the projects of these normalised names, without asking anybody.

    A score is written only where it has changed, because time has passed or an enrichment has. A few hundred documents
    are in memory at once. Others may write meanwhile: a score that their write has overtaken is put right by theirs
    or by the next run.
    """
    report = EnrichmentReport("score", collection)
    with report.covering(services):
        for found, changed in _batches_rescored(services, collection, names):
            report.found += found
            report.enriched += changed
            report.remembered += changed
            progress("scoring", report.found, None)
    return report


def score_anew(services: Services, collection: str, names: Iterable[str] | None = None) -> int:
    """Do what `rescore` does as a part of another run; return how many scores changed."""
    return sum(changed for _, changed in _batches_rescored(services, collection, names))


def score_unscored(services: Services, collection: str, names: Iterable[str]) -> int:
    """Score those of the named projects (normalised) that have no score yet; return how many these were."""
    scores = 0
    for some in _of_few(names):
        others = services.index.enrichments(collection, some)
        if unscored := [name for name, enrichments in others.items() if enrichments.health is UNSET]:
            scores += _rescored(services, collection, unscored)[1]
    return scores


def _batches_rescored(services: Services, collection: str, names: Iterable[str] | None) -> Iterator[tuple[int, int]]:
    batches = _of_all(services.index.holdings(collection)) if names is None else _of_few(names)
    return (_rescored(services, collection, some) for some in batches)


def _rescored(services: Services, collection: str, names: Sequence[str]) -> tuple[int, int]:
    """Score projects and write the scores that have changed; return how many were there, and how many changed."""
    held = services.index.held(collection, names)
    others = services.index.enrichments(collection, names)
    changed: dict[str, HealthFields] = {}
    for name, documents in held.items():
        enrichments = others.get(name, Enrichments())
        fields = score_of(services, documents, enrichments).fields
        if fields != enrichments.health:
            changed[name] = fields
    return len(held), services.index.update(collection, changed) if changed else 0


def _of_all(holdings: Iterable[Holding]) -> Iterator[list[str]]:
    """Group all projects so that a group's documents fit into memory."""
    names: list[str] = []
    documents = 0
    for holding in holdings:
        if names and documents + holding.releases > _DOCUMENTS_AT_ONCE:
            yield names
            names, documents = [], 0
        names.append(holding.name_normalized)
        documents += holding.releases
    if names:
        yield names


def _of_few(names: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(names)
    while some := list(islice(remaining, _NAMES_AT_ONCE)):
        yield some
