"""The overview of all collections, and the start page of a collection."""

from collections.abc import Iterable

from msgspec import Struct

from ...domain.documents.facets import HealthBand
from ...domain.search import FacetCount, SearchQuery, Sort, select_values
from ...ports import Dependencies
from ...usecases.collections.public import CollectionSummary
from ...usecases.read.dashboard import Dashboard, RetirementReason, Unsupported
from ...usecases.read.search import search_packages
from .. import urls
from . import formatting, search_params
from .formatting import sort_versions
from .hits import HitView, build_hit_view
from .search_params import SearchParams

# Most downloaded packages of each collection on the overview, and framework versions on a start page.
_MAX_POPULAR, _MAX_VERSIONS = 4, 8


class CollectionCard(Struct, frozen=True, kw_only=True):
    """A collection on the overview."""

    key: str
    title: str
    url: str
    packages: str
    releases: str
    popular: tuple[HitView, ...]


class OverviewPage(Struct, frozen=True, kw_only=True):
    """View of the overview."""

    cards: tuple[CollectionCard, ...]
    search_url: str


def build_overview(deps: Dependencies, collections: Iterable[CollectionSummary]) -> OverviewPage:
    """Build the overview; runs one search for each collection."""
    popular = SearchQuery(sort=Sort.DOWNLOADS, per_page=_MAX_POPULAR)
    return OverviewPage(
        cards=tuple(
            CollectionCard(
                key=summary.collection.key,
                title=summary.collection.title,
                url=urls.build_start_path(summary.collection.key),
                packages=formatting.pluralize(summary.package_count, "package"),
                releases=formatting.pluralize(summary.release_count, "release"),
                popular=tuple(
                    build_hit_view(summary.collection.key, hit)
                    for hit in search_packages(deps, summary.collection.target, popular).hits
                ),
            )
            for summary in collections
        ),
        search_url=urls.build_site_path("/search"),
    )


class PanelEntry(Struct, frozen=True, kw_only=True):
    """A package of a panel; `note` says why it is listed."""

    hit: HitView
    note: str
    iso_date: str = ""


class EntryLink(Struct, frozen=True, kw_only=True):
    """A link to a filtered list with its number of packages."""

    label: str
    count: str
    url: str
    css_class: str = ""


class Panel(Struct, frozen=True, kw_only=True):
    """A short list on the start page; `all_url` is the full list, "" if there is none."""

    key: str
    title: str
    description: str
    entries: tuple[PanelEntry, ...]
    all_url: str = ""


class StartView(Struct, frozen=True, kw_only=True):
    """View of a start page."""

    packages: str
    newest: str
    newest_iso_date: str
    panels: tuple[Panel, ...]
    versions: tuple[EntryLink, ...]
    bands: tuple[EntryLink, ...]
    all_url: str


def build_start_view(collection: str, page: Dashboard) -> StartView:
    """Build the view of a start page."""
    newest = page.newest_change
    return StartView(
        packages=formatting.format_int(page.packages),
        newest=formatting.format_date(newest.uploaded) if newest else "",
        newest_iso_date=formatting.format_iso_date(newest.uploaded) if newest else "",
        panels=tuple(panel for panel in _build_panels(collection, page) if panel.entries),
        versions=tuple(_build_version_links(collection, page.framework_versions)),
        bands=tuple(_build_band_links(collection, page.health)),
        all_url=urls.build_search_path(collection),
    )


def _build_panels(collection: str, page: Dashboard) -> tuple[Panel, ...]:
    return (
        Panel(
            key="new",
            title="New",
            description="The most recent first releases",
            entries=tuple(
                PanelEntry(
                    hit=build_hit_view(collection, newcomer.hit),
                    note=formatting.format_date(newcomer.first_uploaded),
                    iso_date=formatting.format_iso_date(newcomer.first_uploaded),
                )
                for newcomer in page.new
            ),
            all_url=_build_search_path(collection, sort=Sort.NEWEST),
        ),
        Panel(
            key="trending",
            title="Trending",
            description="More downloads last month than in the months before",
            entries=tuple(
                PanelEntry(hit=build_hit_view(collection, trending.hit), note=_format_growth(trending.growth))
                for trending in page.trending
            ),
            all_url=_build_search_path(collection, sort=Sort.DOWNLOADS),
        ),
        Panel(
            key="healthiest",
            title="Healthiest",
            description="The highest health scores",
            entries=tuple(
                PanelEntry(hit=view, note=f"{view.downloads} a month" if view.downloads else "")
                for view in (build_hit_view(collection, hit) for hit in page.healthiest)
            ),
            all_url=_build_search_path(collection, sort=Sort.HEALTH),
        ),
        Panel(
            key="lost",
            title="No longer supported",
            description="Retired, or made only for framework versions that have ended",
            entries=tuple(
                PanelEntry(hit=build_hit_view(collection, unsupported.hit), note=_format_reason(unsupported))
                for unsupported in page.unsupported
            ),
        ),
    )


def _format_reason(unsupported: Unsupported) -> str:
    if unsupported.reason is RetirementReason.FRAMEWORK_ENDED:
        return (
            f"up to {formatting.to_clean_line(unsupported.newest_framework_version)}"
            if unsupported.newest_framework_version
            else "outdated"
        )
    return unsupported.reason.value


def _format_growth(growth: float) -> str:
    return f"+{round((growth - 1) * 100):,} %" if growth < 10 else f"×{growth:,.0f}"


def _build_search_path(collection: str, **query_fields: object) -> str:
    query = SearchQuery(**query_fields)  # type: ignore[arg-type]
    return urls.build_search_path(collection, search_params.to_query_pairs(SearchParams(query=query)))


def _build_version_links(collection: str, counts: Iterable[FacetCount]) -> Iterable[EntryLink]:
    count_by_value = {count.value: count for count in counts}
    for value in sort_versions(count_by_value)[:_MAX_VERSIONS]:
        if value in count_by_value:
            url = _build_search_path(collection, filters=select_values(framework=[value]))
            yield EntryLink(
                label=formatting.to_clean_line(value), count=formatting.format_int(count_by_value[value].count), url=url
            )


def _build_band_links(collection: str, counts: Iterable[FacetCount]) -> Iterable[EntryLink]:
    count_by_band = {count.value: count.count for count in counts}
    for band in HealthBand:
        if band.value in count_by_band:
            url = _build_search_path(collection, filters=select_values(health=[band]))
            yield EntryLink(
                label=band.value, count=formatting.format_int(count_by_band[band.value]), url=url, css_class=band.value
            )
