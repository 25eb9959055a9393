"""Searches by looking at every document: the shortest statement of what an engine has to answer."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from packaging.requirements import InvalidRequirement, Requirement

from ...domain.document import Document
from ...domain.project import normalized
from ...domain.search import (
    MOST_VALUES,
    Facet,
    FacetCount,
    Hit,
    Question,
    Results,
    Sort,
    Suggestion,
    hit_of,
)
from ...ports import PackageIndex
from ...ports.search import NOTHING

_DAY = 86_400
_VALUES: Mapping[Facet, Callable[[Document], Sequence[str]]] = {
    Facet.FRAMEWORK_VERSIONS: lambda document: document.registry.framework_versions,
    Facet.PYTHON_VERSIONS: lambda document: document.registry.python_versions,
    Facet.LICENSES: lambda document: [document.registry.license_expression],
    Facet.CLASSIFIERS: lambda document: document.registry.classifiers,
    Facet.HEALTH: lambda document: [hit_of(document).health_band],
    Facet.STATUSES: lambda document: [document.registry.project_status],
    Facet.MAINTAINERS: lambda document: document.registry.maintainers,
}
_KEYS: Mapping[Sort, Callable[[Hit], int]] = {
    Sort.RELEVANCE: lambda hit: -(hit.downloads or 0),
    Sort.DOWNLOADS: lambda hit: 1 if hit.downloads is None else -hit.downloads,
    Sort.STARS: lambda hit: 1 if hit.stars is None else -hit.stars,
    Sort.HEALTH: lambda hit: 1 if hit.health_score is None else -hit.health_score,
    Sort.NEWEST: lambda hit: -hit.uploaded,
    Sort.NAME: lambda hit: 0,
}


class PlainSearch:
    """The port `SearchEngine` over any index: all words have to be in the name, the summary or the keywords."""

    def __init__(self, index: PackageIndex, *, now: Callable[[], float]) -> None:
        self._index = index
        self._now = now

    def search(self, collection: str, question: Question, *, hidden: frozenset[str] = NOTHING) -> Results:
        matching = [each for each in self._shown(collection, hidden) if _says(each, question.text)]
        first = (question.page - 1) * question.per_page
        hits = sorted(
            (hit_of(each) for each in self._found(matching, question)),
            key=lambda hit: (_KEYS[question.sort](hit), hit.name_normalized),
        )
        return Results(
            total=len(hits),
            hits=tuple(hits[first : first + question.per_page]),
            facets={facet: self._counted(matching, question, facet) for facet in Facet},
        )

    def suggest(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NOTHING
    ) -> Sequence[Suggestion]:
        typed = normalized(text.strip())
        hits = [hit_of(each) for each in self._shown(collection, hidden) if each.registry.is_newest]
        named = [hit for hit in hits if typed and typed in hit.name_normalized]
        named.sort(key=lambda hit: (not hit.name_normalized.startswith(typed), -(hit.downloads or 0), hit.name))
        return [Suggestion(name=h.name, name_normalized=h.name_normalized, summary=h.summary) for h in named[:limit]]

    def similar(self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NOTHING) -> Sequence[Hit]:
        newest = [each for each in self._shown(collection, hidden) if each.registry.is_newest]
        own = next((_words(each) for each in newest if each.registry.name_normalized == normalized(name)), None)
        if own is None:
            return []
        others = ((len(own & _words(each)), each) for each in newest if each.registry.name_normalized != name)
        alike = sorted(((n, hit_of(each)) for n, each in others if n), key=lambda pair: (-pair[0], pair[1].name))
        return [hit for _, hit in alike[:limit]]

    def dependents(self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NOTHING) -> Sequence[Hit]:
        newest = [each for each in self._shown(collection, hidden) if each.registry.is_newest]
        hits = [hit_of(each) for each in newest if normalized(name) in _required(each)]
        return sorted(hits, key=lambda hit: (_KEYS[Sort.DOWNLOADS](hit), hit.name_normalized))[:limit]

    def pick(self, collection: str, names: Iterable[str], *, hidden: frozenset[str] = NOTHING) -> Sequence[Hit]:
        newest = {
            each.registry.name_normalized: hit_of(each)
            for each in self._shown(collection, hidden)
            if each.registry.is_newest
        }
        return [newest[name] for name in names if name in newest]

    def _shown(self, collection: str, hidden: frozenset[str]) -> Iterator[Document]:
        for document in self._index.export(collection):
            registry = document.registry
            if registry.project_status != "quarantined" and registry.name_normalized not in hidden:
                yield document

    def _found(self, documents: Iterable[Document], question: Question, *, but: Facet | None = None) -> list[Document]:
        """Return of each project the newest release that passes: an older one only where versions are asked for."""
        asks_for_versions = bool(question.framework_versions or question.python_versions)
        found: dict[str, Document] = {}
        for document in documents:  # they come in the order of their versions
            if document.registry.is_newest or asks_for_versions:
                name = document.registry.name_normalized
                held = found.get(name)
                if self._passes(document, question, but) and not (held and held.registry.is_newest):
                    found[name] = document
        return list(found.values())

    def _passes(self, document: Document, question: Question, but: Facet | None) -> bool:
        days = question.updated_within
        if days is not None and document.registry.upload_timestamp < self._now() - days * _DAY:
            return False
        narrowed = (facet for facet in Facet if facet is not but and question.chosen(facet))
        return all(set(question.chosen(facet)) & set(_VALUES[facet](document)) for facet in narrowed)

    def _counted(self, documents: Iterable[Document], question: Question, facet: Facet) -> Sequence[FacetCount]:
        counts: Counter[str] = Counter()
        for document in self._found(documents, question, but=facet):
            counts.update(value for value in set(_VALUES[facet](document)) if value)
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        kept = ordered[:MOST_VALUES] + [pair for pair in ordered[MOST_VALUES:] if pair[0] in question.chosen(facet)]
        return [FacetCount(value=str(value), count=count) for value, count in kept]


def _says(document: Document, text: str) -> bool:
    words = text.casefold().split()
    said = " ".join((document.registry.name, document.registry.summary, *document.registry.keywords)).casefold()
    return all(word in said for word in words)


def _words(document: Document) -> frozenset[str]:
    return frozenset(f"{document.registry.summary} {' '.join(document.registry.keywords)}".casefold().split())


def _required(document: Document) -> Iterator[str]:
    for each in document.registry.requires_dist:
        try:
            yield normalized(Requirement(each).name)
        except InvalidRequirement:
            continue
