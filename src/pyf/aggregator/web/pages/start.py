"""The start page of a collection: what is new, on the rise and in good health, and what has lost its support."""

from collections.abc import Iterable

from msgspec import Struct

from ...domain.search import FacetCount, HealthBand, Question, Sort
from ...usecases.start_page import Lost, LostSupport, StartPage
from . import asked, paths, words
from .asked import Asked
from .hits import HitView, hit_view
from .support import in_order

_MOST_VERSIONS = 8


class Entry(Struct, frozen=True, kw_only=True):
    """A project of a list, with what makes it belong there."""

    hit: HitView
    note: str
    day: str = ""


class Door(Struct, frozen=True, kw_only=True):
    """A list that is a click away, and how many projects are on it."""

    label: str
    count: str
    address: str
    kind: str = ""


class Panel(Struct, frozen=True, kw_only=True):
    """A list of the start page; `all` is the address of the whole of it, "" where there is none."""

    key: str
    title: str
    why: str
    entries: tuple[Entry, ...]
    all: str = ""


class StartView(Struct, frozen=True, kw_only=True):
    """A start page as its template shows it."""

    packages: str
    newest: str
    newest_day: str
    panels: tuple[Panel, ...]
    versions: tuple[Door, ...]
    bands: tuple[Door, ...]
    everything: str


def start_view(shelf: str, page: StartPage) -> StartView:
    """Return a start page for its template."""
    newest = page.newest_change
    return StartView(
        packages=words.exactly(page.projects),
        newest=words.date(newest.uploaded) if newest else "",
        newest_day=words.day(newest.uploaded) if newest and newest.uploaded else "",
        panels=tuple(panel for panel in _panels(shelf, page) if panel.entries),
        versions=tuple(_versions(shelf, page.framework_versions)),
        bands=tuple(_bands(shelf, page.health)),
        everything=paths.search(shelf),
    )


def _panels(shelf: str, page: StartPage) -> tuple[Panel, ...]:
    return (
        Panel(
            key="new",
            title="New",
            why="Packages whose first release is the latest",
            entries=tuple(
                Entry(
                    hit=hit_view(shelf, each.hit),
                    note=words.date(each.first_uploaded),
                    day=words.day(each.first_uploaded) if each.first_uploaded else "",
                )
                for each in page.new
            ),
            all=_list(shelf, sort=Sort.NEWEST),
        ),
        Panel(
            key="trending",
            title="Trending",
            why="Downloaded more often last month than in those before",
            entries=tuple(
                Entry(hit=hit_view(shelf, each.hit), note=f"{_percent(each.growth)}") for each in page.rising
            ),
            all=_list(shelf, sort=Sort.DOWNLOADS),
        ),
        Panel(
            key="healthiest",
            title="Healthiest",
            why="Safest to depend on today, by their health score",
            entries=tuple(
                Entry(hit=view, note=f"{view.downloads} a month" if view.downloads else "")
                for view in (hit_view(shelf, hit) for hit in page.healthiest)
            ),
            all=_list(shelf, sort=Sort.HEALTH),
        ),
        Panel(
            key="lost",
            title="Lost support",
            why="Retired, or made for releases of the framework that are supported no more",
            entries=tuple(Entry(hit=hit_view(shelf, each.hit), note=_how(each)) for each in page.lost_support),
        ),
    )


def _how(lost: LostSupport) -> str:
    if lost.how is Lost.FRAMEWORK_ENDED:
        return f"up to {words.legible(lost.newest_supported)}" if lost.newest_supported else "left behind"
    return lost.how.value


def _percent(growth: float) -> str:
    return f"+{round((growth - 1) * 100):,} %" if growth < 10 else f"×{growth:,.0f}"


def _list(shelf: str, **question: object) -> str:
    return paths.search(shelf, asked.written(Asked(question=Question(**question))))  # type: ignore[arg-type]


def _versions(shelf: str, counts: Iterable[FacetCount]) -> Iterable[Door]:
    known = {each.value: each for each in counts}
    for value in in_order(known)[:_MOST_VERSIONS]:
        if value in known:
            address = _list(shelf, framework_versions=(value,))
            yield Door(label=words.legible(value), count=words.exactly(known[value].count), address=address)


def _bands(shelf: str, counts: Iterable[FacetCount]) -> Iterable[Door]:
    known = {each.value: each.count for each in counts}
    for band in HealthBand:
        if band.value in known:
            address = _list(shelf, health=(band,))
            yield Door(label=band.value, count=words.exactly(known[band.value]), address=address, kind=band.value)
