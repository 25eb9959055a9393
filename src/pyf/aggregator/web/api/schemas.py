"""Response types of the API that no use case returns."""

from collections.abc import Mapping, Sequence
from math import ceil

from msgspec import Struct, structs

from ...domain.documents.facets import HealthBand
from ...domain.readiness import PackageReadiness, TrendPoint
from ...domain.search import FacetCount, Hit, SearchQuery, SearchResults, count_missing
from ...usecases.collections.public import CollectionSummary
from ...usecases.read.readiness import ReadinessBoard


class ApiIndex(Struct, frozen=True, kw_only=True):
    """Where to start: URLs of the API's description and of its list of collections."""

    openapi: str
    collections: str


class Collection(Struct, frozen=True, kw_only=True):
    """A collection: its key in URLs, its display name, and its size."""

    key: str
    name: str
    packages: int
    releases: int

    @classmethod
    def from_summary(cls, summary: CollectionSummary) -> "Collection":
        """Convert a summary."""
        return cls(
            key=summary.collection.key,
            name=summary.collection.title,
            packages=summary.package_count,
            releases=summary.release_count,
        )


class PackageHit(Hit, frozen=True, kw_only=True):
    """A package in a list; `health` is the band of its score. Times are Unix seconds, null if unknown."""

    health: HealthBand

    @classmethod
    def from_hit(cls, hit: Hit) -> "PackageHit":
        """Convert a hit."""
        return cls(**structs.asdict(hit), health=hit.health_band)


class SearchResponse(Struct, frozen=True, kw_only=True):
    """A page of packages; `facets` has the package counts of values, by filter parameter.

    `missing` is the number of packages on this page that the index counted and did not return; it is 0 unless the
    index fails. `did_you_mean` has names and words that are similar to the text, if nothing
    matches it.
    """

    total: int
    page: int
    per_page: int
    pages: int
    missing: int
    hits: tuple[PackageHit, ...]
    facets: Mapping[str, Sequence[FacetCount]]
    did_you_mean: tuple[str, ...]

    @classmethod
    def from_results(cls, results: SearchResults, query: SearchQuery) -> "SearchResponse":
        """Convert the results of a query."""
        return cls(
            total=results.total,
            page=query.page,
            per_page=query.per_page,
            missing=count_missing(results, query),
            pages=ceil(results.total / query.per_page),
            hits=tuple(PackageHit.from_hit(hit) for hit in results.hits),
            facets=results.facets,
            did_you_mean=results.did_you_mean,
        )


class ReadinessResponse(Struct, frozen=True, kw_only=True):
    """Packages that are not ready first, then by downloads.

    `remark` says if no such release is known. `trend` has the number of ready ones by month, by the upload dates of
    their releases; `recorded_trend` by what was recorded in each month.
    """

    goal: str
    remark: str
    ready: int
    packages: tuple[PackageReadiness, ...]
    trend: tuple[TrendPoint, ...]
    recorded_trend: tuple[TrendPoint, ...]

    @classmethod
    def from_board(cls, board: ReadinessBoard) -> "ReadinessResponse":
        """Convert a board."""
        return cls(
            goal=board.goal.label,
            remark=board.goal.remark,
            ready=board.ready_count,
            packages=board.packages,
            trend=board.trend,
            recorded_trend=board.recorded_trend,
        )


class CollectionStatistics(Struct, frozen=True, kw_only=True):
    """The size of a collection, its newest release, and the package counts of values by filter parameter."""

    packages: int
    releases: int
    newest_change: PackageHit | None
    facets: Mapping[str, Sequence[FacetCount]]
