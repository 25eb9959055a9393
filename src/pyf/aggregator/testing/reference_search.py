"""A search engine that reads every document: the shortest definition of correct results."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from math import inf

from msgspec import UNSET, Struct
from msgspec.structs import replace

from ..domain.documents.document import Document
from ..domain.documents.project import ProjectStatus, normalize_name
from ..domain.documents.schema import INDEXED_FACETS
from ..domain.health import ScoringConfig
from ..domain.health.compatibility import has_supported_version
from ..domain.membership.requirements import parse_required_names
from ..domain.relevance import (
    Lexicon,
    PopularityScale,
    Searchable,
    WordFrequencies,
    build_popularity_scale,
    build_searchable,
    compute_quality,
    compute_score,
    parse_query,
    to_quality_signals,
)
from ..domain.relevance.similarity import (
    compute_similarity,
    get_min_prefix_rank,
    get_significant_terms,
    list_misspelled_words,
    normalize_prefix,
    rank_prefix,
    select_similar_words,
)
from ..domain.search import (
    MAX_FACET_VALUES,
    SORT_ORDERS,
    FacetCount,
    Hit,
    SearchQuery,
    SearchResults,
    Sort,
    Suggestion,
    get_supported_pythons,
    has_selected_versions,
    to_hit,
)
from ..domain.support.versions import limit_to_newest
from ..domain.text import to_date
from ..ports import PackageIndex
from ..ports.index import NO_NAMES

_DAY = 86_400


class _Package(Struct, frozen=True):
    """A package that may be found: its newest release, all of them, and what of it is searched."""

    hit: Hit
    releases: tuple[Document, ...]
    newest: Document
    searchable: Searchable

    @property
    def name(self) -> str:
        """The normalized name."""
        return self.hit.name_normalized

    def get_values(self, name: str) -> set[str]:
        """Return the package's values of a facet: versions of all releases, the rest of the newest one."""
        facet = INDEXED_FACETS[name]
        releases = self.releases if facet.is_version else (self.newest,)
        return {value for release in releases for value in facet.read_values(getattr(release, facet.owner))}

    def select_release(self, query: SearchQuery) -> Document | None:
        """Return the newest release with the selected versions, None if no release has them."""
        releases = [release for release in self.releases if has_selected_versions(release.registry, query)]
        return self.newest if self.newest in releases else releases[-1] if releases else None


class _Match(Struct, frozen=True):
    """A package that matches a text, and its score."""

    package: _Package
    score: float


class ReferenceSearch:
    """The port `SearchEngine` over any index; its time grows with the index.

    Without `scoring_config` no framework release is known to be supported. `now` returns the time in Unix seconds.
    """

    def __init__(
        self,
        index: PackageIndex,
        lexicon: Lexicon | None = None,
        scoring_config: ScoringConfig | None = None,
        *,
        now: Callable[[], float],
    ) -> None:
        self._index = index
        self._lexicon = lexicon or Lexicon()
        self._scoring_config = scoring_config
        self._now = now

    def search(self, collection: str, query: SearchQuery, *, hidden: frozenset[str] = NO_NAMES) -> SearchResults:
        packages = self._read_packages(collection)
        matches = [match for match in self._find_matches(packages, query) if match.package.name not in hidden]
        passing = [match for match in matches if self._passes(match.package, query)]
        passing.sort(key=self._build_sort_key(query.sort))
        first = (query.page - 1) * query.per_page
        page = [match.package for match in passing[first : first + query.per_page]]
        return SearchResults(
            total=len(passing),
            hits=tuple(to_hit(package.select_release(query) or package.newest) for package in page),
            facets={facet: self._count_values(matches, query, facet) for facet in INDEXED_FACETS},
        )

    def count_values(self, collection: str, facet: str, *, hidden: frozenset[str] = NO_NAMES) -> Mapping[str, int]:
        packages = (package for package in self._read_packages(collection) if package.name not in hidden)
        return Counter(value for package in packages for value in package.get_values(facet))

    def suggest(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Suggestion]:
        packages, typed = self._read_packages(collection), normalize_prefix(text)
        scale = _compute_popularity(packages)
        visible = [package.hit for package in packages if package.name not in hidden]
        ranks = [(rank_prefix(typed, hit.name_normalized, self._lexicon), hit) for hit in visible]
        minimum = get_min_prefix_rank(rank for rank, _ in ranks)
        ranked = sorted(
            (pair for pair in ranks if pair[0] >= minimum),
            key=lambda pair: (-pair[0], -(scale.to_percentile(pair[1].downloads) or 0.0), pair[1].name_normalized),
        )
        return [
            Suggestion(name=hit.name, name_normalized=hit.name_normalized, summary=hit.summary)
            for _, hit in ranked[:limit]
        ]

    def suggest_words(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[str]:
        packages = self._read_packages(collection)
        heads = [frozenset("".join(package.searchable.texts[:3]).split()) for package in packages]
        texts = [f"{package.hit.name} {package.hit.summary}" for package in packages if package.name not in hidden]
        words = list_misspelled_words(text, lambda stem: sum(stem in head for head in heads))
        return [similar for word in words for similar in select_similar_words(word, texts)][:limit]

    def find_similar(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        packages = self._read_packages(collection)
        own = next((package for package in packages if package.name == normalize_name(name)), None)
        if own is None:
            return []
        frequency = _build_frequencies(packages).get_share
        weights = dict(get_significant_terms(own.searchable, self._lexicon, document_frequency=frequency))
        others = [package for package in packages if package is not own and package.name not in hidden]
        similar = [(compute_similarity(package.searchable, weights), package.hit) for package in others]
        ranked = sorted((pair for pair in similar if pair[0]), key=lambda pair: (-pair[0], pair[1].name_normalized))
        return [hit for _, hit in ranked[:limit]]

    def find_dependents(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        requirement = normalize_name(name)
        hits = [
            package.hit
            for package in self._read_packages(collection)
            if package.name not in hidden and requirement in parse_required_names(package.newest.registry.requires_dist)
        ]
        return sorted(hits, key=lambda hit: (_to_sort_key(hit, Sort.DOWNLOADS), hit.name_normalized))[:limit]

    def get_hits(self, collection: str, names: Iterable[str], *, hidden: frozenset[str] = NO_NAMES) -> Sequence[Hit]:
        packages = self._read_packages(collection)
        hits = {package.name: package.hit for package in packages if package.name not in hidden}
        return [hits[name] for name in dict.fromkeys(names) if name in hits]

    def _read_packages(self, collection: str) -> list[_Package]:
        releases: dict[str, list[Document]] = {}
        for document in self._index.export(collection):  # those of a package are ordered by version
            if document.registry.project_status != ProjectStatus.QUARANTINED:
                releases.setdefault(document.registry.name_normalized, []).append(document)
        return [_build_package(documents) for documents in releases.values()]

    def _find_matches(self, packages: Sequence[_Package], query: SearchQuery) -> list[_Match]:
        scale, dependents = _compute_popularity(packages), _count_dependents(packages)
        if not query.text.strip():
            return [_Match(package, self._compute_quality(package, scale, dependents)) for package in packages]
        parsed = parse_query(
            query.text, self._lexicon, frequencies=_build_frequencies(packages), favored=query.frameworks
        )
        if parsed is None:
            return []
        qualities = ((package, self._compute_quality(package, scale, dependents)) for package in packages)
        scores = (
            (package, compute_score(parsed, package.searchable, quality, self._lexicon))
            for package, quality in qualities
        )
        return [_Match(package, score) for package, score in scores if score is not None]

    def _build_sort_key(self, sort: Sort) -> Callable[[_Match], tuple[float, str]]:
        if sort is Sort.RELEVANCE:
            return lambda match: (-match.score, match.package.name)
        return lambda match: (_to_sort_key(match.package.hit, sort), match.package.name)

    def _compute_quality(self, package: _Package, scale: PopularityScale, dependents: Counter[str]) -> float:
        signals = to_quality_signals(
            package.hit,
            older_uploads=[
                release.registry.upload_timestamp for release in package.releases if release is not package.newest
            ],
            classifiers=package.newest.registry.classifiers,
        )
        is_current = self._is_current(signals.framework_versions)
        return compute_quality(signals, scale, is_current=is_current, dependent_count=dependents[package.name])

    def _is_current(self, framework_versions: Iterable[str]) -> bool | None:
        if self._scoring_config is None:
            return None
        is_supported = has_supported_version(framework_versions, self._scoring_config, to_date(self._now()))
        return None if is_supported is UNSET else is_supported

    def _passes(self, package: _Package, query: SearchQuery, without: str = "") -> bool:
        """Return whether a package passes all filters of a query, without that of one facet."""
        days = query.updated_within
        if days is not None and package.hit.uploaded < int(self._now()) - days * _DAY:
            return False
        if not (without and INDEXED_FACETS[without].is_version) and not package.select_release(query):
            return False
        selected = ((facet, values) for facet, values in query.filters if facet != without)
        return all(set(values) & package.get_values(facet) for facet, values in selected)

    def _count_values(self, matches: Iterable[_Match], query: SearchQuery, facet: str) -> Sequence[FacetCount]:
        counts: Counter[str] = Counter()
        for match in matches:
            if self._passes(match.package, query, facet):
                counts.update(match.package.get_values(facet))
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        first, rest = ordered[:MAX_FACET_VALUES], ordered[MAX_FACET_VALUES:]
        first += [pair for pair in rest if pair[0] in query.get_selected(facet)]
        return tuple(FacetCount(value=value, count=count) for value, count in first)


def _to_sort_key(hit: Hit, sort: Sort) -> float:
    number = SORT_ORDERS[sort].get_number(hit)
    return inf if number is None else -number


def _build_package(releases: Sequence[Document]) -> _Package:
    newest = next((release for release in releases if release.registry.is_newest), releases[-1])
    hit = to_hit(newest)
    limited = [release if release is newest else _limit_pythons(release, hit) for release in releases]
    return _Package(hit, tuple(limited), newest, build_searchable(newest))


def _limit_pythons(release: Document, newest: Hit) -> Document:
    fields = release.registry
    pythons = limit_to_newest(get_supported_pythons(fields), fields.python_versions, newest.supported_python_versions)
    return replace(release, registry=replace(fields, supported_python_versions=pythons))


def _build_frequencies(packages: Sequence[_Package]) -> WordFrequencies:
    return WordFrequencies(
        len(packages),
        _build_counter(package.searchable.texts for package in packages),
        _build_counter(package.searchable.texts[:3] for package in packages),
    )


def _build_counter(texts: Iterable[Sequence[str]]) -> Callable[[str], int]:
    counts = Counter(chain.from_iterable(set("".join(package_texts).split()) for package_texts in texts))
    return lambda stem: counts[stem]


def _count_dependents(packages: Iterable[_Package]) -> Counter[str]:
    return Counter(name for package in packages for name in parse_required_names(package.newest.registry.requires_dist))


def _compute_popularity(packages: Iterable[_Package]) -> PopularityScale:
    return build_popularity_scale(package.hit.downloads for package in packages if package.hit.downloads is not None)
