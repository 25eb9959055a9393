"""The overview: every collection with what is in it, as a door to its start page."""

from collections.abc import Iterable

from msgspec import Struct

from ...usecases.shelves import FilledShelf
from . import paths, words


class Door(Struct, frozen=True, kw_only=True):
    """A collection on the overview."""

    key: str
    title: str
    address: str
    packages: str
    releases: str


class OverviewPage(Struct, frozen=True, kw_only=True):
    """The overview as its template shows it."""

    doors: tuple[Door, ...]
    search: str


def overview_page(shelves: Iterable[FilledShelf]) -> OverviewPage:
    """Return the overview for its template."""
    return OverviewPage(
        doors=tuple(
            Door(
                key=each.shelf.key,
                title=each.shelf.title,
                address=paths.start(each.shelf.key),
                packages=words.counted(each.projects, "package"),
                releases=words.counted(each.releases, "release"),
            )
            for each in shelves
        ),
        search=paths.SEARCH_IN,
    )
