"""What the interface answers with, where that is not what a use case returns."""

from collections.abc import Mapping, Sequence
from math import ceil

from msgspec import Struct, structs

from ...domain.search import Facet, FacetCount, HealthBand, Hit, SearchQuery, SearchResults, count_missing
from ...usecases.collections.overview import CollectionSummary


class Collection(Struct, frozen=True, kw_only=True):
    """A collection that can be searched: its key in addresses, its name for people, and how much is in it."""

    key: str
    name: str
    projects: int
    releases: int

    @classmethod
    def from_summary(cls, summary: CollectionSummary) -> "Collection":
        """Return a shelf as it is listed."""
        return cls(
            key=summary.collection.key,
            name=summary.collection.title,
            projects=summary.project_count,
            releases=summary.release_count,
        )


class PackageHit(Hit, frozen=True, kw_only=True):
    """A project in a list; `health` is its score as a word. Times are Unix seconds, null is what nobody knows."""

    health: HealthBand

    @classmethod
    def from_hit(cls, hit: Hit) -> "PackageHit":
        """Return a hit as it is listed."""
        return cls(**structs.asdict(hit), health=hit.health_band)


class SearchResponse(Struct, frozen=True, kw_only=True):
    """A page of what was found, and how many projects there are for each value of each filter.

    `missing` hits of the page were counted by the index and not returned; it is 0 unless the index fails.
    """

    total: int
    page: int
    per_page: int
    pages: int
    missing: int
    hits: tuple[PackageHit, ...]
    facets: Mapping[Facet, Sequence[FacetCount]]

    @classmethod
    def from_results(cls, results: SearchResults, query: SearchQuery) -> "SearchResponse":
        """Return an answer with the question's page."""
        return cls(
            total=results.total,
            page=query.page,
            per_page=query.per_page,
            missing=count_missing(results, query),
            pages=ceil(results.total / query.per_page),
            hits=tuple(PackageHit.from_hit(hit) for hit in results.hits),
            facets=results.facets,
        )


class CollectionStatistics(Struct, frozen=True, kw_only=True):
    """A collection in numbers: its size, its newest release, and how many projects there are for each value."""

    projects: int
    releases: int
    newest_change: PackageHit | None
    facets: Mapping[Facet, Sequence[FacetCount]]
