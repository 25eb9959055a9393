"""The overview: every collection with what is in it, as a door to its start page.

The start page of a collection: what is new, on the rise and in good health, and what has lost its support.
"""

from collections.abc import Iterable

from msgspec import Struct

from ...domain.search import FacetCount, HealthBand, SearchQuery, Sort
from ...ports import Dependencies
from ...usecases.collections.overview import CollectionSummary
from ...usecases.read.dashboard import Dashboard, RetirementReason, Unsupported
from ...usecases.read.search import search_packages
from .. import urls
from . import formatting, search_params
from .formatting import sort_versions
from .hits import HitView, build_hit_view
from .search_params import SearchParams

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
                url=urls.start_path(summary.collection.key),
                packages=formatting.pluralize(summary.project_count, "package"),
                releases=formatting.pluralize(summary.release_count, "release"),
                popular=tuple(
                    build_hit_view(summary.collection.key, hit)
                    for hit in search_packages(deps, summary.collection.target, popular).hits
                ),
            )
            for summary in collections
        ),
        search_url=urls.SEARCH_REDIRECT_PATH,
    )


_MAX_VERSIONS = 8


class PanelEntry(Struct, frozen=True, kw_only=True):
    """A project of a list, with what makes it belong there."""

    hit: HitView
    note: str
    iso_date: str = ""


class EntryLink(Struct, frozen=True, kw_only=True):
    """A list that is a click away, and how many projects are on it."""

    label: str
    count: str
    url: str
    css_class: str = ""


class Panel(Struct, frozen=True, kw_only=True):
    """A list of the start page; `all` is the address of the whole of it, "" where there is none."""

    key: str
    title: str
    description: str
    entries: tuple[PanelEntry, ...]
    all_url: str = ""


class StartView(Struct, frozen=True, kw_only=True):
    """A start page as its template shows it."""

    packages: str
    newest: str
    newest_iso_date: str
    panels: tuple[Panel, ...]
    versions: tuple[EntryLink, ...]
    bands: tuple[EntryLink, ...]
    all_url: str


def build_start_view(collection: str, page: Dashboard) -> StartView:
    """Return a start page for its template."""
    newest = page.newest_change
    return StartView(
        packages=formatting.format_int(page.projects),
        newest=formatting.format_date(newest.uploaded) if newest else "",
        newest_iso_date=formatting.format_iso_date(newest.uploaded) if newest and newest.uploaded else "",
        panels=tuple(panel for panel in _build_panels(collection, page) if panel.entries),
        versions=tuple(_build_version_links(collection, page.framework_versions)),
        bands=tuple(_build_band_links(collection, page.health)),
        all_url=urls.search_path(collection),
    )


def _build_panels(collection: str, page: Dashboard) -> tuple[Panel, ...]:
    return (
        Panel(
            key="new",
            title="New",
            description="Packages whose first release is the latest",
            entries=tuple(
                PanelEntry(
                    hit=build_hit_view(collection, newcomer.hit),
                    note=formatting.format_date(newcomer.first_uploaded),
                    iso_date=formatting.format_iso_date(newcomer.first_uploaded) if newcomer.first_uploaded else "",
                )
                for newcomer in page.new
            ),
            all_url=_search_path(collection, sort=Sort.NEWEST),
        ),
        Panel(
            key="trending",
            title="Trending",
            description="Downloaded more often last month than in those before",
            entries=tuple(
                PanelEntry(hit=build_hit_view(collection, trending.hit), note=f"{_format_growth(trending.growth)}")
                for trending in page.trending
            ),
            all_url=_search_path(collection, sort=Sort.DOWNLOADS),
        ),
        Panel(
            key="healthiest",
            title="Healthiest",
            description="Safest to depend on today, by their health score",
            entries=tuple(
                PanelEntry(hit=view, note=f"{view.downloads} a month" if view.downloads else "")
                for view in (build_hit_view(collection, hit) for hit in page.healthiest)
            ),
            all_url=_search_path(collection, sort=Sort.HEALTH),
        ),
        Panel(
            key="lost",
            title="Lost support",
            description="Retired, or made for releases of the framework that are supported no more",
            entries=tuple(
                PanelEntry(hit=build_hit_view(collection, unsupported.hit), note=_format_reason(unsupported))
                for unsupported in page.unsupported
            ),
        ),
    )


def _format_reason(unsupported: Unsupported) -> str:
    if unsupported.reason is RetirementReason.FRAMEWORK_ENDED:
        return (
            f"up to {formatting.single_line(unsupported.newest_framework_version)}"
            if unsupported.newest_framework_version
            else "left behind"
        )
    return unsupported.reason.value


def _format_growth(growth: float) -> str:
    return f"+{round((growth - 1) * 100):,} %" if growth < 10 else f"×{growth:,.0f}"


def _search_path(collection: str, **query_fields: object) -> str:
    return urls.search_path(collection, search_params.to_query_pairs(SearchParams(query=SearchQuery(**query_fields))))  # type: ignore[arg-type]


def _build_version_links(collection: str, counts: Iterable[FacetCount]) -> Iterable[EntryLink]:
    count_by_value = {count.value: count for count in counts}
    for value in sort_versions(count_by_value)[:_MAX_VERSIONS]:
        if value in count_by_value:
            url = _search_path(collection, framework_versions=(value,))
            yield EntryLink(
                label=formatting.single_line(value), count=formatting.format_int(count_by_value[value].count), url=url
            )


def _build_band_links(collection: str, counts: Iterable[FacetCount]) -> Iterable[EntryLink]:
    count_by_band = {count.value: count.count for count in counts}
    for band in HealthBand:
        if band.value in count_by_band:
            url = _search_path(collection, health=(band,))
            yield EntryLink(
                label=band.value, count=formatting.format_int(count_by_band[band.value]), url=url, css_class=band.value
            )
