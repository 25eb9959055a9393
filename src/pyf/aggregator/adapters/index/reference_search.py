"""Searches by looking at every document: the shortest statement of what an engine has to answer."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import UNSET, Struct

from ...domain.document import Document
from ...domain.health import Standards
from ...domain.health.compatibility import names_supported_framework
from ...domain.health.judging import day
from ...domain.project import ProjectStatus, normalized
from ...domain.relevance import (
    Lexicon,
    Popularity,
    Searchable,
    bucket_of,
    merit,
    popularity_of,
    query_of,
    searchable_of,
    standing_of,
)
from ...domain.relevance.likeness import similarity, telling_stems
from ...domain.relevance.suggesting import least_likeness, likeness, typed_of
from ...domain.requirements import required
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
    supports,
)
from ...ports import PackageIndex
from ...ports.search import NOTHING

_DAY = 86_400
_KEYS: Mapping[Sort, Callable[[Hit], int]] = {
    Sort.DOWNLOADS: lambda hit: 1 if hit.downloads is None else -hit.downloads,
    Sort.STARS: lambda hit: 1 if hit.stars is None else -hit.stars,
    Sort.HEALTH: lambda hit: 1 if hit.health_score is None else -hit.health_score,
    Sort.NEWEST: lambda hit: -hit.uploaded,
    Sort.NAME: lambda hit: 0,
}


class _Project(Struct, frozen=True):
    """A project that may be found: its newest release, all of them, and what of it is searched."""

    hit: Hit
    releases: tuple[Document, ...]
    newest: Document
    searched: Searchable

    @property
    def name(self) -> str:
        """The normalised name."""
        return self.hit.name_normalized

    def values(self, facet: Facet) -> set[str]:
        """Return what the project has of a facet: versions of all releases, else what the newest one says."""
        registry = self.newest.registry
        match facet:
            case Facet.FRAMEWORK_VERSIONS:
                return {value for each in self.releases for value in each.registry.framework_versions}
            case Facet.PYTHON_VERSIONS:
                return {value for each in self.releases for value in each.registry.python_versions}
            case Facet.LICENSES:
                return {registry.license_expression} - {""}
            case Facet.CLASSIFIERS:
                return set(registry.classifiers)
            case Facet.HEALTH:
                return {self.hit.health_band.value}
            case Facet.STATUSES:
                return {registry.project_status}
            case Facet.MAINTAINERS:
                return set(registry.maintainers)

    def fitting(self, question: Question) -> Document | None:
        """Return the newest release with the versions that are asked for; None for none."""
        fitting = [
            each
            for each in self.releases
            if supports(each.registry.framework_versions, each.registry.python_versions, question)
        ]
        return self.newest if self.newest in fitting else fitting[-1] if fitting else None


class _Matching(Struct, frozen=True):
    """A project that answers a text, and the bucket it is in."""

    project: _Project
    bucket: int


class ReferenceSearch:
    """The port `SearchEngine` over any index; what it takes grows with the index.

    Without `standards` nobody is taken to support a framework release of today. `now` returns the time in Unix seconds.
    """

    def __init__(
        self,
        index: PackageIndex,
        lexicon: Lexicon | None = None,
        standards: Standards | None = None,
        *,
        now: Callable[[], float],
    ) -> None:
        self._index = index
        self._lexicon = lexicon or Lexicon()
        self._standards = standards
        self._now = now

    def search(self, collection: str, question: Question, *, hidden: frozenset[str] = NOTHING) -> Results:
        held = self._projects(collection)
        matching = [each for each in self._matching(held, question) if each.project.name not in hidden]
        found = [each for each in matching if self._passes(each.project, question)]
        found.sort(key=self._order(held, question.sort))
        first = (question.page - 1) * question.per_page
        page = [each.project for each in found[first : first + question.per_page]]
        return Results(
            total=len(found),
            hits=tuple(hit_of(each.fitting(question) or each.newest) for each in page),
            facets={facet: self._counted(matching, question, facet) for facet in Facet},
        )

    def values(self, collection: str, facet: Facet, *, hidden: frozenset[str] = NOTHING) -> Mapping[str, int]:
        held = (each for each in self._projects(collection) if each.name not in hidden)
        return Counter(value for each in held for value in each.values(facet))

    def suggest(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NOTHING
    ) -> Sequence[Suggestion]:
        held, typed = self._projects(collection), typed_of(text)
        scale = _popularity(held)
        like = [(likeness(typed, each.name, self._lexicon), each.hit) for each in held if each.name not in hidden]
        least = least_likeness(like for like, _ in like)
        likely = sorted(
            (pair for pair in like if pair[0] >= least),
            key=lambda pair: (-pair[0], -scale.rank(pair[1].downloads), pair[1].name_normalized),
        )
        return [
            Suggestion(name=hit.name, name_normalized=hit.name_normalized, summary=hit.summary)
            for _, hit in likely[:limit]
        ]

    def similar(self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NOTHING) -> Sequence[Hit]:
        held = self._projects(collection)
        own = next((each for each in held if each.name == normalized(name)), None)
        if own is None:
            return []
        stems = dict(telling_stems(own.searched, self._lexicon, share=_share(held)))
        others = [each for each in held if each is not own and each.name not in hidden]
        alike = [(similarity(each.searched, stems), each.hit) for each in others]
        alike = sorted((pair for pair in alike if pair[0]), key=lambda pair: (-pair[0], pair[1].name_normalized))
        return [hit for _, hit in alike[:limit]]

    def dependents(self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NOTHING) -> Sequence[Hit]:
        wanted = normalized(name)
        hits = [
            each.hit
            for each in self._projects(collection)
            if each.name not in hidden and wanted in required(each.newest.registry.requires_dist)
        ]
        return sorted(hits, key=lambda hit: (_KEYS[Sort.DOWNLOADS](hit), hit.name_normalized))[:limit]

    def pick(self, collection: str, names: Iterable[str], *, hidden: frozenset[str] = NOTHING) -> Sequence[Hit]:
        held = {each.name: each.hit for each in self._projects(collection) if each.name not in hidden}
        return [held[name] for name in dict.fromkeys(names) if name in held]

    def _projects(self, collection: str) -> list[_Project]:
        releases: dict[str, list[Document]] = {}
        for document in self._index.export(collection):  # a project's come in the order of their versions
            if document.registry.project_status != ProjectStatus.QUARANTINED:
                releases.setdefault(document.registry.name_normalized, []).append(document)
        return [_project(several) for several in releases.values()]

    def _matching(self, held: Sequence[_Project], question: Question) -> list[_Matching]:
        if not question.text.strip():
            return [_Matching(each, 0) for each in held]
        query = query_of(question.text, self._lexicon, share=_share(held), favoured=question.frameworks)
        if query is None:
            return []
        buckets = ((each, bucket_of(query, each.searched, self._lexicon)) for each in held)
        return [_Matching(each, bucket) for each, bucket in buckets if bucket is not None]

    def _order(self, held: Sequence[_Project], sort: Sort) -> Callable[[_Matching], tuple[float, float, str]]:
        if sort is not Sort.RELEVANCE:
            return lambda each: (_KEYS[sort](each.project.hit), 0, each.project.name)
        scale = _popularity(held)
        return lambda each: (-each.bucket, -self._merit(each.project, scale), each.project.name)

    def _merit(self, project: _Project, scale: Popularity) -> float:
        standing = standing_of(project.hit)
        return merit(standing, scale, is_current=self._is_current(standing.framework_versions))

    def _is_current(self, framework_versions: Iterable[str]) -> bool | None:
        if self._standards is None:
            return None
        verdict = names_supported_framework(framework_versions, self._standards, day(self._now()))
        return None if verdict is UNSET else verdict

    def _passes(self, project: _Project, question: Question, but: Facet | None = None) -> bool:
        days = question.updated_within
        if days is not None and project.hit.uploaded < int(self._now()) - days * _DAY:
            return False
        if but not in (Facet.FRAMEWORK_VERSIONS, Facet.PYTHON_VERSIONS) and not project.fitting(question):
            return False
        chosen = ((facet, question.chosen(facet)) for facet in Facet if facet is not but)
        return all(not values or set(values) & project.values(facet) for facet, values in chosen)

    def _counted(self, matching: Iterable[_Matching], question: Question, facet: Facet) -> Sequence[FacetCount]:
        counts: Counter[str] = Counter()
        for each in matching:
            if self._passes(each.project, question, facet):
                counts.update(each.project.values(facet))
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        kept = ordered[:MOST_VALUES] + [pair for pair in ordered[MOST_VALUES:] if pair[0] in question.chosen(facet)]
        return tuple(FacetCount(value=value, count=count) for value, count in kept)


def _project(releases: Sequence[Document]) -> _Project:
    newest = next((each for each in releases if each.registry.is_newest), releases[-1])
    return _Project(hit_of(newest), tuple(releases), newest, searchable_of(newest))


def _share(held: Sequence[_Project]) -> Callable[[str], float]:
    counts = Counter(stem for each in held for stem in set("".join(each.searched.parts).split()))
    return lambda stem: counts[stem] / len(held) if held else 0.0


def _popularity(held: Iterable[_Project]) -> Popularity:
    return popularity_of(each.hit.downloads for each in held if each.hit.downloads is not None)
