"""The overview: every collection with what is in it, as a door to its start page."""

from collections.abc import Iterable

from msgspec import Struct

from ...domain.search import Question, Sort
from ...ports import Services
from ...usecases.search import search
from ...usecases.shelves import FilledShelf
from . import paths, words
from .hits import HitView, hit_view

# Of each collection, so many of the most downloaded packages are named.
_NAMED = 4


class Door(Struct, frozen=True, kw_only=True):
    """A collection on the overview."""

    key: str
    title: str
    address: str
    packages: str
    releases: str
    popular: tuple[HitView, ...]


class OverviewPage(Struct, frozen=True, kw_only=True):
    """The overview as its template shows it."""

    doors: tuple[Door, ...]
    search: str


def overview_page(services: Services, shelves: Iterable[FilledShelf]) -> OverviewPage:
    """Return the overview for its template; one search a collection."""
    popular = Question(sort=Sort.DOWNLOADS, per_page=_NAMED)
    return OverviewPage(
        doors=tuple(
            Door(
                key=each.shelf.key,
                title=each.shelf.title,
                address=paths.start(each.shelf.key),
                packages=words.counted(each.projects, "package"),
                releases=words.counted(each.releases, "release"),
                popular=tuple(
                    hit_view(each.shelf.key, hit) for hit in search(services, each.shelf.target, popular).hits
                ),
            )
            for each in shelves
        ),
        search=paths.SEARCH_IN,
    )
