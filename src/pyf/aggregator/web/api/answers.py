"""What the interface answers with, where that is not what a use case returns."""

from collections.abc import Mapping, Sequence
from math import ceil

from msgspec import Struct, structs

from ...domain.search import Facet, FacetCount, HealthBand, Hit, Question, Results, count_missing
from ...usecases.shelves import FilledShelf


class Collection(Struct, frozen=True, kw_only=True):
    """A collection that can be searched: its key in addresses, its name for people, and how much is in it."""

    key: str
    name: str
    projects: int
    releases: int

    @classmethod
    def of(cls, filled: FilledShelf) -> "Collection":
        """Return a shelf as it is listed."""
        return cls(key=filled.shelf.key, name=filled.shelf.title, projects=filled.projects, releases=filled.releases)


class Found(Hit, frozen=True, kw_only=True):
    """A project in a list; `health` is its score as a word. Times are Unix seconds, null is what nobody knows."""

    health: HealthBand

    @classmethod
    def of(cls, hit: Hit) -> "Found":
        """Return a hit as it is listed."""
        return cls(**structs.asdict(hit), health=hit.health_band)


class SearchAnswer(Struct, frozen=True, kw_only=True):
    """A page of what was found, and how many projects there are for each value of each filter.

    `missing` hits of the page were counted by the index and not returned; it is 0 unless the index fails.
    """

    total: int
    page: int
    per_page: int
    pages: int
    missing: int
    hits: tuple[Found, ...]
    facets: Mapping[Facet, Sequence[FacetCount]]

    @classmethod
    def of(cls, results: Results, question: Question) -> "SearchAnswer":
        """Return an answer with the question's page."""
        return cls(
            total=results.total,
            page=question.page,
            per_page=question.per_page,
            missing=count_missing(results, question),
            pages=ceil(results.total / question.per_page),
            hits=tuple(Found.of(hit) for hit in results.hits),
            facets=results.facets,
        )


class Statistics(Struct, frozen=True, kw_only=True):
    """A collection in numbers: its size, its newest release, and how many projects there are for each value."""

    projects: int
    releases: int
    newest_change: Found | None
    facets: Mapping[Facet, Sequence[FacetCount]]
