"""The overview: every collection with what is in it, as a door to its start page."""

from collections.abc import Iterable

from msgspec import Struct

from ...domain.search import SearchQuery, Sort
from ...ports import Dependencies
from ...usecases.search import search_packages
from ...usecases.shelves import CollectionSummary
from . import paths, words
from .hits import HitView, build_hit_view

# Of each collection, so many of the most downloaded packages are named.
_MAX_POPULAR = 4


class CollectionCard(Struct, frozen=True, kw_only=True):
    """A collection on the overview."""

    key: str
    title: str
    url: str
    packages: str
    releases: str
    popular: tuple[HitView, ...]


class OverviewPage(Struct, frozen=True, kw_only=True):
    """The overview as its template shows it."""

    cards: tuple[CollectionCard, ...]
    search_url: str


def build_overview(deps: Dependencies, collections: Iterable[CollectionSummary]) -> OverviewPage:
    """Return the overview for its template; one search a collection."""
    popular = SearchQuery(sort=Sort.DOWNLOADS, per_page=_MAX_POPULAR)
    return OverviewPage(
        cards=tuple(
            CollectionCard(
                key=summary.collection.key,
                title=summary.collection.title,
                url=paths.start_path(summary.collection.key),
                packages=words.pluralize(summary.project_count, "package"),
                releases=words.pluralize(summary.release_count, "release"),
                popular=tuple(
                    build_hit_view(summary.collection.key, hit) for hit in search_packages(deps, summary.collection.target, popular).hits
                ),
            )
            for summary in collections
        ),
        search_url=paths.SEARCH_REDIRECT_PATH,
    )
