"""What stands around every page: the site's name, its collections, and the search of the one that is read."""

from collections.abc import Iterable

from msgspec import Struct

from ...usecases.shelves import FilledShelf, Shelf
from ..feeds import feed_address
from . import paths

NAME = "Package shelves"


class ShelfLink(Struct, frozen=True, kw_only=True):
    """A collection in the navigation."""

    key: str
    title: str
    address: str


class Chrome(Struct, frozen=True, kw_only=True):
    """The frame of a page; a page about a failure has no collections, for the index may be what has failed."""

    shelves: tuple[ShelfLink, ...] = ()
    name: str = NAME


class ShelfView(Struct, frozen=True, kw_only=True):
    """The collection that a page is about, with the addresses around it."""

    key: str
    title: str
    address: str
    search: str
    suggest: str
    compare: str
    feed_new: str
    feed_updated: str


def chrome(shelves: Iterable[FilledShelf]) -> Chrome:
    """Return the frame around a page."""
    return Chrome(
        shelves=tuple(
            ShelfLink(key=each.shelf.key, title=each.shelf.title, address=paths.start(each.shelf.key))
            for each in shelves
        )
    )


def shelf_view(shelf: Shelf) -> ShelfView:
    """Return a collection for its pages."""
    key = shelf.key
    return ShelfView(
        key=key,
        title=shelf.title,
        address=paths.start(key),
        search=paths.search(key),
        suggest=paths.suggestions(key),
        compare=paths.comparison(key),
        feed_new=feed_address(key, "new"),
        feed_updated=feed_address(key, "updated"),
    )
