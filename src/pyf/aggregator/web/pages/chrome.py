"""What stands around every page: the site's name, its collections, and the search of the one that is read."""

from collections.abc import Iterable

from msgspec import Struct

from ...usecases.shelves import CollectionSummary, PublicCollection
from ..feeds import feed_path
from . import paths

SITE_NAME = "Package shelves"


class CollectionLink(Struct, frozen=True, kw_only=True):
    """A collection in the navigation."""

    key: str
    title: str
    url: str


class Layout(Struct, frozen=True, kw_only=True):
    """The frame of a page; a page about a failure has no collections, for the index may be what has failed."""

    collections: tuple[CollectionLink, ...] = ()
    site_name: str = SITE_NAME


class CollectionView(Struct, frozen=True, kw_only=True):
    """The collection that a page is about, with the addresses around it."""

    key: str
    title: str
    url: str
    search_url: str
    suggest_url: str
    compare_url: str
    new_feed_url: str
    updates_feed_url: str


def build_layout(collections: Iterable[CollectionSummary]) -> Layout:
    """Return the frame around a page."""
    return Layout(
        collections=tuple(
            CollectionLink(key=summary.collection.key, title=summary.collection.title, url=paths.start_path(summary.collection.key))
            for summary in collections
        )
    )


def build_collection_view(collection: PublicCollection) -> CollectionView:
    """Return a collection for its pages."""
    key = collection.key
    return CollectionView(
        key=key,
        title=collection.title,
        url=paths.start_path(key),
        search_url=paths.search_path(key),
        suggest_url=paths.suggest_path(key),
        compare_url=paths.compare_path(key),
        new_feed_url=feed_path(key, "new"),
        updates_feed_url=feed_path(key, "updated"),
    )
