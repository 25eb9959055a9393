"""Searches by reading every document: the shortest definition of what an engine has to answer."""

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

    def get_values(self, facet: Facet) -> set[str]:
        """Return the package's values of a facet: versions of all releases, the rest of the newest one."""
        registry = self.newest.registry
        match facet:
            case Facet.FRAMEWORK_VERSIONS:
                return {value for release in self.releases for value in release.registry.framework_versions}
            case Facet.PYTHON_VERSIONS:
                return {value for release in self.releases for value in release.registry.python_versions}
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

    def select_release(self, question: Question) -> Document | None:
        """Return the newest release with the selected versions; None for none."""
        releases = [
            release
            for release in self.releases
            if supports(release.registry.framework_versions, release.registry.python_versions, question)
        ]
        return self.newest if self.newest in releases else releases[-1] if releases else None


class _Match(Struct, frozen=True):
    """A package that matches a text, and its bucket."""

    package: _Package
    bucket: int


class ReferenceSearch:
    """The port `SearchEngine` over any index; its time grows with the index.

    Without `standards` it is unknown which framework releases are supported. `now` returns the time in Unix seconds.
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
        packages = self._read_packages(collection)
        matches = [match for match in self._find_matches(packages, question) if match.package.name not in hidden]
        passing = [match for match in matches if self._passes(match.package, question)]
        passing.sort(key=self._build_sort_key(packages, question.sort))
        first = (question.page - 1) * question.per_page
        page = [match.package for match in passing[first : first + question.per_page]]
        return Results(
            total=len(passing),
            hits=tuple(hit_of(package.select_release(question) or package.newest) for package in page),
            facets={facet: self._count_values(matches, question, facet) for facet in Facet},
        )

    def values(self, collection: str, facet: Facet, *, hidden: frozenset[str] = NOTHING) -> Mapping[str, int]:
        packages = (package for package in self._read_packages(collection) if package.name not in hidden)
        return Counter(value for package in packages for value in package.get_values(facet))

    def suggest(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NOTHING
    ) -> Sequence[Suggestion]:
        packages, typed = self._read_packages(collection), typed_of(text)
        scale = _compute_popularity(packages)
        visible = [package.hit for package in packages if package.name not in hidden]
        ranks = [(likeness(typed, hit.name_normalized, self._lexicon), hit) for hit in visible]
        minimum = least_likeness(rank for rank, _ in ranks)
        ranked = sorted(
            (pair for pair in ranks if pair[0] >= minimum),
            key=lambda pair: (-pair[0], -scale.rank(pair[1].downloads), pair[1].name_normalized),
        )
        return [
            Suggestion(name=hit.name, name_normalized=hit.name_normalized, summary=hit.summary)
            for _, hit in ranked[:limit]
        ]

    def similar(self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NOTHING) -> Sequence[Hit]:
        packages = self._read_packages(collection)
        own = next((package for package in packages if package.name == normalized(name)), None)
        if own is None:
            return []
        weights = dict(telling_stems(own.searchable, self._lexicon, share=_build_share(packages)))
        others = [package for package in packages if package is not own and package.name not in hidden]
        similar = [(similarity(package.searchable, weights), package.hit) for package in others]
        ranked = sorted((pair for pair in similar if pair[0]), key=lambda pair: (-pair[0], pair[1].name_normalized))
        return [hit for _, hit in ranked[:limit]]

    def dependents(self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NOTHING) -> Sequence[Hit]:
        requirement = normalized(name)
        hits = [
            package.hit
            for package in self._read_packages(collection)
            if package.name not in hidden and requirement in required(package.newest.registry.requires_dist)
        ]
        return sorted(hits, key=lambda hit: (_KEYS[Sort.DOWNLOADS](hit), hit.name_normalized))[:limit]

    def pick(self, collection: str, names: Iterable[str], *, hidden: frozenset[str] = NOTHING) -> Sequence[Hit]:
        packages = self._read_packages(collection)
        hits = {package.name: package.hit for package in packages if package.name not in hidden}
        return [hits[name] for name in dict.fromkeys(names) if name in hits]

    def _read_packages(self, collection: str) -> list[_Package]:
        releases: dict[str, list[Document]] = {}
        for document in self._index.export(collection):  # those of a package are ordered by version
            if document.registry.project_status != ProjectStatus.QUARANTINED:
                releases.setdefault(document.registry.name_normalized, []).append(document)
        return [_build_package(documents) for documents in releases.values()]

    def _find_matches(self, packages: Sequence[_Package], question: Question) -> list[_Match]:
        if not question.text.strip():
            return [_Match(package, 0) for package in packages]
        query = query_of(question.text, self._lexicon, share=_build_share(packages), favoured=question.frameworks)
        if query is None:
            return []
        buckets = ((package, bucket_of(query, package.searchable, self._lexicon)) for package in packages)
        return [_Match(package, bucket) for package, bucket in buckets if bucket is not None]

    def _build_sort_key(self, packages: Sequence[_Package], sort: Sort) -> Callable[[_Match], tuple[float, float, str]]:
        if sort is not Sort.RELEVANCE:
            return lambda match: (_KEYS[sort](match.package.hit), 0, match.package.name)
        scale = _compute_popularity(packages)
        return lambda match: (-match.bucket, -self._compute_quality(match.package, scale), match.package.name)

    def _compute_quality(self, package: _Package, scale: Popularity) -> float:
        standing = standing_of(package.hit)
        return merit(standing, scale, is_current=self._is_current(standing.framework_versions))

    def _is_current(self, framework_versions: Iterable[str]) -> bool | None:
        if self._standards is None:
            return None
        is_supported = names_supported_framework(framework_versions, self._standards, day(self._now()))
        return None if is_supported is UNSET else is_supported

    def _passes(self, package: _Package, question: Question, without: Facet | None = None) -> bool:
        """Tell whether a package passes all filters of a question, without that of one facet."""
        days = question.updated_within
        if days is not None and package.hit.uploaded < int(self._now()) - days * _DAY:
            return False
        if without not in (Facet.FRAMEWORK_VERSIONS, Facet.PYTHON_VERSIONS) and not package.select_release(question):
            return False
        selected = ((facet, question.chosen(facet)) for facet in Facet if facet is not without)
        return all(not values or set(values) & package.get_values(facet) for facet, values in selected)

    def _count_values(self, matches: Iterable[_Match], question: Question, facet: Facet) -> Sequence[FacetCount]:
        counts: Counter[str] = Counter()
        for match in matches:
            if self._passes(match.package, question, facet):
                counts.update(match.package.get_values(facet))
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        first, rest = ordered[:MOST_VALUES], ordered[MOST_VALUES:]
        first += [pair for pair in rest if pair[0] in question.chosen(facet)]
        return tuple(FacetCount(value=value, count=count) for value, count in first)


def _build_package(releases: Sequence[Document]) -> _Package:
    newest = next((release for release in releases if release.registry.is_newest), releases[-1])
    return _Package(hit_of(newest), tuple(releases), newest, searchable_of(newest))


def _build_share(packages: Sequence[_Package]) -> Callable[[str], float]:
    counts = Counter(stem for package in packages for stem in set("".join(package.searchable.parts).split()))
    return lambda stem: counts[stem] / len(packages) if packages else 0.0


def _compute_popularity(packages: Iterable[_Package]) -> Popularity:
    return popularity_of(package.hit.downloads for package in packages if package.hit.downloads is not None)
