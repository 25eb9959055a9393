"""Searches by looking at every document: the shortest statement of what an engine has to answer."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import UNSET, Struct

from ..domain.documents.document import Document
from ..domain.documents.project import ProjectStatus, normalize_name
from ..domain.health import ScoringConfig
from ..domain.health.compatibility import has_supported_version
from ..domain.health.rules import to_date
from ..domain.membership.requirements import parse_required_names
from ..domain.relevance import (
    Lexicon,
    PopularityScale,
    Searchable,
    build_popularity_scale,
    build_searchable,
    compute_quality,
    get_tier,
    parse_query,
    to_quality_signals,
)
from ..domain.relevance.similarity import get_min_prefix_rank, get_significant_terms, normalize_prefix, rank_prefix
from ..domain.search import (
    MAX_FACET_VALUES,
    Facet,
    FacetCount,
    Hit,
    SearchQuery,
    SearchResults,
    Sort,
    Suggestion,
    has_selected_versions,
    to_hit,
)
from ..ports import PackageIndex
from ..ports.index import NO_NAMES

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

    @property
    def head(self) -> set[str]:
        """The stems of name, summary and keywords."""
        return set("".join(self.searched.texts[:3]).split())

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

    def fitting(self, question: SearchQuery) -> Document | None:
        """Return the newest release with the versions that are asked for; None for none."""
        fitting = [
            each
            for each in self.releases
            if has_selected_versions(each.registry.framework_versions, each.registry.python_versions, question)
        ]
        return self.newest if self.newest in fitting else fitting[-1] if fitting else None


class _Matching(Struct, frozen=True):
    """A project that answers a text, and the bucket it is in."""

    project: _Project
    bucket: int


class PlainSearch:
    """The port `SearchEngine` over any index; what it takes grows with the index.

    Without `standards` nobody is taken to support a framework release of today. `now` returns the time in Unix seconds.
    """

    def __init__(
        self,
        index: PackageIndex,
        lexicon: Lexicon | None = None,
        standards: ScoringConfig | None = None,
        *,
        now: Callable[[], float],
    ) -> None:
        self._index = index
        self._lexicon = lexicon or Lexicon()
        self._standards = standards
        self._now = now

    def search(self, collection: str, query: SearchQuery, *, hidden: frozenset[str] = NO_NAMES) -> SearchResults:
        held = self._projects(collection)
        matching = [each for each in self._matching(held, query) if each.project.name not in hidden]
        found = [each for each in matching if self._passes(each.project, query)]
        found.sort(key=self._order(held, query.sort))
        first = (query.page - 1) * query.per_page
        page = [each.project for each in found[first : first + query.per_page]]
        return SearchResults(
            total=len(found),
            hits=tuple(to_hit(each.fitting(query) or each.newest) for each in page),
            facets={facet: self._counted(matching, query, facet) for facet in Facet},
        )

    def count_values(self, collection: str, facet: Facet, *, hidden: frozenset[str] = NO_NAMES) -> Mapping[str, int]:
        held = (each for each in self._projects(collection) if each.name not in hidden)
        return Counter(value for each in held for value in each.values(facet))

    def suggest(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Suggestion]:
        held, typed = self._projects(collection), normalize_prefix(text)
        scale = _popularity(held)
        like = [(rank_prefix(typed, each.name, self._lexicon), each.hit) for each in held if each.name not in hidden]
        least = get_min_prefix_rank(like for like, _ in like)
        likely = sorted(
            (pair for pair in like if pair[0] >= least),
            key=lambda pair: (-pair[0], -scale.to_percentile(pair[1].downloads), pair[1].name_normalized),
        )
        return [
            Suggestion(name=hit.name, name_normalized=hit.name_normalized, summary=hit.summary)
            for _, hit in likely[:limit]
        ]

    def find_similar(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        held = self._projects(collection)
        own = next((each for each in held if each.name == normalize_name(name)), None)
        if own is None:
            return []
        stems = dict(get_significant_terms(own.searched, self._lexicon, document_frequency=_share(held)))
        others = [each for each in held if each is not own and each.name not in hidden]
        alike = [(sum(stems[stem] for stem in stems.keys() & each.head), each.hit) for each in others]
        alike = sorted((pair for pair in alike if pair[0]), key=lambda pair: (-pair[0], pair[1].name_normalized))
        return [hit for _, hit in alike[:limit]]

    def find_dependents(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        wanted = normalize_name(name)
        hits = [
            each.hit
            for each in self._projects(collection)
            if each.name not in hidden and wanted in parse_required_names(each.newest.registry.requires_dist)
        ]
        return sorted(hits, key=lambda hit: (_KEYS[Sort.DOWNLOADS](hit), hit.name_normalized))[:limit]

    def get_hits(self, collection: str, names: Iterable[str], *, hidden: frozenset[str] = NO_NAMES) -> Sequence[Hit]:
        held = {each.name: each.hit for each in self._projects(collection) if each.name not in hidden}
        return [held[name] for name in dict.fromkeys(names) if name in held]

    def _projects(self, collection: str) -> list[_Project]:
        releases: dict[str, list[Document]] = {}
        for document in self._index.export(collection):  # a project's come in the order of their versions
            if document.registry.project_status != ProjectStatus.QUARANTINED:
                releases.setdefault(document.registry.name_normalized, []).append(document)
        return [_project(several) for several in releases.values()]

    def _matching(self, held: Sequence[_Project], question: SearchQuery) -> list[_Matching]:
        if not question.text.strip():
            return [_Matching(each, 0) for each in held]
        query = parse_query(question.text, self._lexicon, document_frequency=_share(held), favored=question.frameworks)
        if query is None:
            return []
        buckets = ((each, get_tier(query, each.searched, self._lexicon)) for each in held)
        return [_Matching(each, bucket) for each, bucket in buckets if bucket is not None]

    def _order(self, held: Sequence[_Project], sort: Sort) -> Callable[[_Matching], tuple[float, float, str]]:
        if sort is not Sort.RELEVANCE:
            return lambda each: (_KEYS[sort](each.project.hit), 0, each.project.name)
        scale = _popularity(held)
        return lambda each: (-each.bucket, -self._merit(each.project, scale), each.project.name)

    def _merit(self, project: _Project, scale: PopularityScale) -> float:
        standing = to_quality_signals(project.hit)
        return compute_quality(standing, scale, is_current=self._is_current(standing.framework_versions))

    def _is_current(self, framework_versions: Iterable[str]) -> bool | None:
        if self._standards is None:
            return None
        verdict = has_supported_version(framework_versions, self._standards, to_date(self._now()))
        return None if verdict is UNSET else verdict

    def _passes(self, project: _Project, question: SearchQuery, but: Facet | None = None) -> bool:
        days = question.updated_within
        if days is not None and project.hit.uploaded < int(self._now()) - days * _DAY:
            return False
        if but not in (Facet.FRAMEWORK_VERSIONS, Facet.PYTHON_VERSIONS) and not project.fitting(question):
            return False
        chosen = ((facet, question.get_selected(facet)) for facet in Facet if facet is not but)
        return all(not values or set(values) & project.values(facet) for facet, values in chosen)

    def _counted(self, matching: Iterable[_Matching], question: SearchQuery, facet: Facet) -> Sequence[FacetCount]:
        counts: Counter[str] = Counter()
        for each in matching:
            if self._passes(each.project, question, facet):
                counts.update(each.project.values(facet))
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        kept = ordered[:MAX_FACET_VALUES] + [
            pair for pair in ordered[MAX_FACET_VALUES:] if pair[0] in question.get_selected(facet)
        ]
        return tuple(FacetCount(value=value, count=count) for value, count in kept)


def _project(releases: Sequence[Document]) -> _Project:
    newest = next((each for each in releases if each.registry.is_newest), releases[-1])
    return _Project(to_hit(newest), tuple(releases), newest, build_searchable(newest))


def _share(held: Sequence[_Project]) -> Callable[[str], float]:
    counts = Counter(stem for each in held for stem in set("".join(each.searched.texts).split()))
    return lambda stem: counts[stem] / len(held) if held else 0.0


def _popularity(held: Iterable[_Project]) -> PopularityScale:
    return build_popularity_scale(each.hit.downloads for each in held if each.hit.downloads is not None)
