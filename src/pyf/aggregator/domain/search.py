"""Search queries, results and facets, the same for every engine."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from heapq import nsmallest
from typing import Any

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from .documents.document import Document, to_optional
from .documents.facets import HealthBand, to_health_band
from .documents.schema import INDEXED_FACETS, DownloadFields, HealthFields, RepositoryFields
from .documents.successor import find_successor


class Sort(StrEnum):
    """The order of hits; see `SORT_ORDERS`."""

    RELEVANCE = "relevance"
    DOWNLOADS = "downloads"
    STARS = "stars"
    HEALTH = "health"
    NEWEST = "newest"
    NAME = "name"


# Limits of searches for every entry point: characters of the text and of a value, values of all filters together, days
# of `updated_within`, and the numbers of pages and of packages on a page.
MAX_TEXT_LENGTH, MAX_VALUE_LENGTH, MAX_SELECTED_VALUES = 300, 200, 30
MAX_DAYS, MAX_PAGE, MAX_PER_PAGE, DEFAULT_PER_PAGE = 36_500, 100_000, 100, 20

# Selected values by the name of their facet, in the order of `INDEXED_FACETS`.
Filters = tuple[tuple[str, tuple[str, ...]], ...]


def select_values(selected: Mapping[str, Iterable[str]] | None = None, /, **values: Iterable[str]) -> Filters:
    """Return filters with values of facets, by the facet's name, without repeated values.

    Raises:
        KeyError: There is no such facet.
    """
    combined = {**(selected or {}), **values}
    if unknown := combined.keys() - INDEXED_FACETS.keys():
        raise KeyError(f"unknown facets: {', '.join(sorted(unknown))}")
    filters = ((name, tuple(dict.fromkeys(map(str, combined.get(name, ()))))) for name in INDEXED_FACETS)
    return tuple((name, chosen) for name, chosen in filters if chosen)


def count_selected(filters: Filters) -> int:
    """Return how many values are selected."""
    return sum(len(values) for _, values in filters)


class SearchQuery(Struct, frozen=True, kw_only=True):
    """A search query. Values of one filter are alternatives; all filters have to match.

    Attributes:
        filters: See `select_values`.
        updated_within: The maximum age of the release, in days.
        declared_only: Whether a Python counts only if a classifier declares it.
        frameworks: Frameworks ("Plone") whose packages are preferred, as if the text named them.
        page: Counts from 1; a page behind the last one has no hits.
    """

    text: str = ""
    filters: Filters = ()
    updated_within: int | None = None
    declared_only: bool = False
    frameworks: tuple[str, ...] = ()
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    per_page: int = DEFAULT_PER_PAGE

    def get_selected(self, facet: str) -> tuple[str, ...]:
        """Return the selected values of a facet."""
        return dict(self.filters).get(facet, ())

    def with_selected(self, **values: Iterable[str]) -> "SearchQuery":
        """Return the query with other values of some facets."""
        return replace(self, filters=select_values(dict(self.filters), **values))


_VERSION_FACETS = tuple(facet for facet in INDEXED_FACETS.values() if facet.is_version)


def has_selected_versions(release: Any, query: SearchQuery) -> bool:
    """Return whether a release has the versions that a query selects, by the names of its document's fields."""
    return all(
        not selected or not set(selected).isdisjoint(facet.read_values(release))
        for facet in _VERSION_FACETS
        for selected in (query.get_selected(facet.name),)
    )


class Hit(Struct, frozen=True, kw_only=True):
    """One package of the results, with the fields that lists display; None means unknown.

    Attributes:
        version: The newest release, or the newest one that matches the filters (`is_newest` is false then).
        uploaded: Unix seconds.
        framework_versions, python_versions: Declared versions.
        supported_python_versions: Declared and admitted ones.
        downloads: Downloads of the last month.
        download_history: Downloads by month (`2026-01`).
        replaced_by: The package to use instead, as written; "" if none is known.
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
    supported_python_versions: tuple[str, ...]
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
    replaced_by: str = ""

    @property
    def health_band(self) -> HealthBand:
        """The health score as a word."""
        return to_health_band(self.health_score)


class SortOrder(Struct, frozen=True):
    """An order of hits: the highest number first, unknown ones last, equal ones by name."""

    title: str
    get_number: Callable[[Hit], int | None]


# Relevance depends on the text as well.
SORT_ORDERS: Mapping[Sort, SortOrder] = {
    Sort.RELEVANCE: SortOrder("Relevance", lambda _: None),
    Sort.DOWNLOADS: SortOrder("Downloads", lambda hit: hit.downloads),
    Sort.STARS: SortOrder("Stars", lambda hit: hit.stars),
    Sort.HEALTH: SortOrder("Health", lambda hit: hit.health_score),
    Sort.NEWEST: SortOrder("Newest release", lambda hit: hit.uploaded),
    Sort.NAME: SortOrder("Name", lambda _: 0),
}


class FacetCount(Struct, frozen=True, kw_only=True, gc=False):
    """How many packages of the results have a value."""

    value: str
    count: int


class SearchResults(Struct, frozen=True, kw_only=True):
    """A page of hits.

    Attributes:
        total: The number of hits on all pages.
        facets: By the facet's name, counts of its values, the highest first. A facet is counted as if it had no
            selection, so that its other values remain available. At most `MAX_FACET_VALUES` are given, and all
            selected ones.
        similar_names: Names that are similar to the text or its words, if nothing matches it.
        similar_words: Words of names and summaries that words of the text misspell, if nothing matches it.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, Sequence[FacetCount]]
    similar_names: tuple[str, ...] = ()
    similar_words: tuple[str, ...] = ()

    @property
    def did_you_mean(self) -> tuple[str, ...]:
        """The similar names and words."""
        return self.similar_names + self.similar_words


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


def get_supported_pythons(release: Any) -> tuple[str, ...]:
    """Return the Pythons that a release declares or admits; of a document of an older program, those it declares.

    Args:
        release: Has these fields of a document.
    """
    supported: tuple[str, ...] | UnsetType = release.supported_python_versions
    return release.python_versions if supported is UNSET else supported


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
        supported_python_versions=get_supported_pythons(registry),
        license=registry.license_expression or registry.license,
        project_status=registry.project_status,
        yanked=registry.yanked,
        vulnerabilities=len(registry.vulnerabilities),
        health_score=to_optional(health.health_score),
        health_model=health.health_model or "",
        downloads=to_optional(downloads.download_last_month),
        download_history=downloads.download_history or {},
        stars=to_optional(repository.repository_stars),
        repository_archived=repository.repository_archived is True,
        replaced_by=successor.name if (successor := find_successor(registry)) else "",
    )


_MAX_SUGGESTIONS = 5
# Minimum similarity of a suggested value and of a suggested name, of 100.
_MIN_SIMILARITY, _MIN_NAME_SIMILARITY = 60, 70


def resolve_values(
    facet: str, text: str, known_values: Collection[str], frameworks: Collection[str] = ()
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
    list_short_forms = INDEXED_FACETS[facet].list_short_forms
    own_frameworks = frozenset(name.casefold() for name in frameworks)
    for preferred in dict.fromkeys((own_frameworks, frozenset())):
        matches = tuple(value for value in known_values if folded in list_short_forms(value.casefold(), preferred))
        if len(matches) == 1:
            return matches
    return ()


def select_similar_names(text: str, names: Iterable[str], *, limit: int) -> tuple[str, ...]:
    """Return the names that are similar to a text, the most similar first."""
    # Imported on use: only texts without results need it.
    from rapidfuzz import fuzz, process

    matches = process.extract(
        text,
        sorted(set(names)),
        scorer=fuzz.ratio,
        processor=lambda value: "".join(filter(str.isalnum, value.casefold())),
        score_cutoff=_MIN_NAME_SIMILARITY,
        limit=limit,
    )
    return tuple(name for name, _, _ in matches)


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
