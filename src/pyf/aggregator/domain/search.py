"""Search queries, results and facets, the same for every engine."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from heapq import nsmallest

from msgspec import Struct

from .documents.document import Document, to_optional
from .documents.schema import DownloadFields, HealthFields, RepositoryFields


class Sort(StrEnum):
    """The order of hits; unknown values come last, and equal ones are ordered by name."""

    RELEVANCE = "relevance"
    DOWNLOADS = "downloads"
    STARS = "stars"
    HEALTH = "health"
    NEWEST = "newest"
    NAME = "name"


class HealthBand(StrEnum):
    """A health score as one word."""

    EXCELLENT = "excellent"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNKNOWN = "unknown"


# The lowest score of each band, best first; below the last one a score is poor.
HEALTH_BANDS: tuple[tuple[int, HealthBand], ...] = (
    (80, HealthBand.EXCELLENT),
    (60, HealthBand.GOOD),
    (40, HealthBand.FAIR),
    (0, HealthBand.POOR),
)


def to_health_band(score: int | None) -> HealthBand:
    """Return the band of a health score; None means unknown."""
    if score is None:
        return HealthBand.UNKNOWN
    return next(band for min_score, band in HEALTH_BANDS if score >= min_score or min_score == 0)


class Facet(StrEnum):
    """The facets of results; each one is a filter of `SearchQuery` with the same name."""

    FRAMEWORK_VERSIONS = "framework_versions"
    PYTHON_VERSIONS = "python_versions"
    LICENSES = "licenses"
    CLASSIFIERS = "classifiers"
    HEALTH = "health"
    STATUSES = "statuses"
    MAINTAINERS = "maintainers"


# Limits of filters on pages, in the API and in feeds: characters of a value, and values of a filter; on a page, values
# of all filters together.
MAX_VALUE_LENGTH, MAX_SELECTED_VALUES = 200, 30


class SearchQuery(Struct, frozen=True, kw_only=True):
    """A search query. Values of one filter are alternatives; all filters have to match.

    Attributes:
        licenses: Values of the field `license_expression`.
        statuses: Values of the field `project_status`.
        updated_within: The maximum age of the release, in days.
        frameworks: Frameworks ("Plone") whose packages are preferred, as if the text named them.
        page: Counts from 1; a page behind the last one has no hits.
    """

    text: str = ""
    framework_versions: tuple[str, ...] = ()
    python_versions: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()
    health: tuple[HealthBand, ...] = ()
    statuses: tuple[str, ...] = ()
    maintainers: tuple[str, ...] = ()
    updated_within: int | None = None
    frameworks: tuple[str, ...] = ()
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    per_page: int = 20

    def get_selected(self, facet: Facet) -> tuple[str, ...]:
        """Return the selected values of a facet."""
        values: tuple[str, ...] = getattr(self, facet.value)
        return values


def has_selected_versions(
    framework_versions: Sequence[str], python_versions: Sequence[str], query: SearchQuery
) -> bool:
    """Return whether a release has the versions that a query selects."""
    return all(
        not selected or set(selected) & set(available)
        for selected, available in (
            (query.framework_versions, framework_versions),
            (query.python_versions, python_versions),
        )
    )


class Hit(Struct, frozen=True, kw_only=True):
    """One package of the results, with the fields that lists display; None means unknown.

    Attributes:
        version: The newest release, or the newest one that matches the filters (`is_newest` is false then).
        uploaded: Unix seconds.
        downloads: Downloads of the last month.
        download_history: Downloads by month (`2026-01`).
    """

    name: str
    name_normalized: str
    version: str
    is_newest: bool
    is_prerelease: bool
    summary: str
    uploaded: int
    framework_versions: tuple[str, ...]
    python_versions: tuple[str, ...]
    license: str
    project_status: str
    yanked: bool
    vulnerabilities: int
    health_score: int | None
    health_model: str
    downloads: int | None
    download_history: Mapping[str, int]
    stars: int | None
    repository_archived: bool

    @property
    def health_band(self) -> HealthBand:
        """The health score as a word."""
        return to_health_band(self.health_score)


class FacetCount(Struct, frozen=True, kw_only=True):
    """How many packages of the results have a value."""

    value: str
    count: int


class SearchResults(Struct, frozen=True, kw_only=True):
    """A page of hits.

    Attributes:
        total: The number of hits on all pages.
        facets: Counts of each facet's values, the highest first. A facet is counted as if it had no selection, so that
            its other values remain available. At most `MAX_FACET_VALUES` are given, and all selected ones.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[Facet, Sequence[FacetCount]]


MAX_FACET_VALUES = 30


def count_missing(results: SearchResults, query: SearchQuery) -> int:
    """Return how many hits of a page an engine has counted but not returned."""
    expected = min(query.per_page, results.total - (query.page - 1) * query.per_page)
    return max(0, expected - len(results.hits))


class Suggestion(Struct, frozen=True, kw_only=True):
    """A package that completes the typed text."""

    name: str
    name_normalized: str
    summary: str


def to_hit(document: Document) -> Hit:
    """Build the hit of a release."""
    registry = document.registry
    repository = document.repository or RepositoryFields()
    downloads = document.downloads or DownloadFields()
    health = document.health or HealthFields()
    return Hit(
        name=registry.name,
        name_normalized=registry.name_normalized,
        version=registry.version,
        is_newest=registry.is_newest,
        is_prerelease=registry.version_sortable.startswith("0"),
        summary=registry.summary,
        uploaded=registry.upload_timestamp,
        framework_versions=registry.framework_versions,
        python_versions=registry.python_versions,
        license=registry.license_expression or registry.license,
        project_status=registry.project_status,
        yanked=registry.yanked,
        vulnerabilities=len(registry.vulnerabilities),
        health_score=to_optional(health.health_score),
        health_model=health.health_model or "",
        downloads=to_optional(downloads.download_last_month),
        download_history=downloads.download_history or {},
        stars=to_optional(repository.github_stars),
        repository_archived=repository.github_archived is True,
    )


_MAX_SUGGESTIONS = 5
# Minimum similarity of a suggested value, of 100.
_MIN_SIMILARITY = 60


def resolve_values(
    facet: Facet, text: str, known_values: Collection[str], frameworks: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the known values of a facet that a text means; nothing if there is none, or if the text is ambiguous.

    Case does not count. Short forms are accepted: a version without "Python" or the profile's framework (one of
    `frameworks`), the last segments of a classifier, and the beginning of a license's name.
    """
    if text in known_values:
        return (text,)
    folded = text.strip().casefold()
    matches = tuple(value for value in known_values if value.casefold() == folded)
    if matches or not folded:
        return matches
    own_frameworks = frozenset(name.casefold() for name in frameworks)
    for short_matches in (
        _match_short_forms(facet, folded, known_values, own_frameworks),
        _match_short_forms(facet, folded, known_values, frozenset()),
    ):
        if len(short_matches) == 1:
            return tuple(short_matches)
    return ()


def suggest_values(text: str, counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return known values to suggest: similar ones, the most similar first, or else the most frequent ones."""
    # Imported on use: only queries with unknown values need it.
    from rapidfuzz import fuzz, process

    folded = {value: value.casefold() for value in counts}
    matches = process.extract(
        text.casefold(), folded, scorer=fuzz.WRatio, score_cutoff=_MIN_SIMILARITY, limit=_MAX_SUGGESTIONS
    )
    if matches:
        return tuple(value for _, _, value in matches)
    return tuple(nsmallest(_MAX_SUGGESTIONS, counts, key=lambda value: (-counts[value], value)))


def _match_short_forms(
    facet: Facet, folded: str, known_values: Iterable[str], own_frameworks: frozenset[str]
) -> list[str]:
    return [value for value in known_values if folded in _iter_short_forms(facet, value.casefold(), own_frameworks)]


def _iter_short_forms(facet: Facet, value: str, own_frameworks: frozenset[str]) -> Iterator[str]:
    """Yield the short forms of a value; versions only of `own_frameworks`, if there are any."""
    match facet:
        case Facet.PYTHON_VERSIONS:
            yield value.removeprefix("python ")
        case Facet.FRAMEWORK_VERSIONS:
            framework, _, version = value.rpartition(" ")
            if not own_frameworks or framework in own_frameworks:
                yield version
        case Facet.CLASSIFIERS:
            parts = value.split(" :: ")
            yield from (" :: ".join(parts[start:]) for start in range(1, len(parts)))
        case Facet.LICENSES:
            parts = value.split("-")
            yield from ("-".join(parts[:end]) for end in range(1, len(parts)))
