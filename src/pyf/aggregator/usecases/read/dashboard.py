"""Build the start page of a collection: new, trending, healthy and unsupported packages."""

from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from ...domain.documents.project import ProjectStatus
from ...domain.health.compatibility import has_supported_version, is_release_supported
from ...domain.health.scoring_config import ScoringConfig
from ...domain.search import FacetCount, Hit, SearchQuery, SearchResults, Sort, select_values
from ...domain.text import to_date
from ...ports import Dependencies
from ..collections.target import Target
from .package_views import prepare_hits
from .search import NewPackage, get_hidden_names, sort_by_first_release

# Packages in each list.
LIST_LENGTH = 6

# Candidates of the lists: the last changed packages, the most downloaded ones (growth from ten downloads to thirty is
# noise), and the best ones.
_NEWEST_LIMIT, _POPULAR_LIMIT, _HEALTHIEST_LIMIT = 60, 200, 50
_PAGE_SIZE = 100
_MAX_PAGES = 5

# Months that the last month is compared with.
_BASELINE_MONTHS = 3


class RetirementReason(StrEnum):
    """Why a package is not supported any more."""

    ARCHIVED = "archived"
    DEPRECATED = "deprecated"
    FRAMEWORK_ENDED = "framework ended"


class Trending(Struct, frozen=True, kw_only=True):
    """A trending package; `growth` is last month's downloads divided by those of a usual month."""

    hit: Hit
    growth: float


class Unsupported(Struct, frozen=True, kw_only=True):
    """A package without support, and the newest framework version that it declares."""

    hit: Hit
    reason: RetirementReason
    newest_framework_version: str


class Dashboard(Struct, frozen=True, kw_only=True):
    """The start page of a collection.

    Attributes:
        newest_change: The package released last, None in an empty collection.
        framework_versions: Number of packages of each version.
        health: Number of packages of each band.
    """

    packages: int
    newest_change: Hit | None
    framework_versions: tuple[FacetCount, ...]
    health: tuple[FacetCount, ...]
    new: tuple[NewPackage, ...]
    updated: tuple[Hit, ...]
    trending: tuple[Trending, ...]
    healthiest: tuple[Hit, ...]
    unsupported: tuple[Unsupported, ...]


def build_dashboard(deps: Dependencies, target: Target) -> Dashboard:
    """Return the start page of a collection, from nine searches at most; raises as `search_packages` does."""
    reader = _CollectionReader(deps, target)
    newest = reader.search(SearchQuery(sort=Sort.NEWEST, per_page=_NEWEST_LIMIT))
    return Dashboard(
        packages=newest.total,
        newest_change=newest.hits[0] if newest.hits else None,
        framework_versions=tuple(newest.facets.get("framework", ())),
        health=tuple(newest.facets.get("health", ())),
        new=tuple(sort_by_first_release(deps, target, newest.hits)[:LIST_LENGTH]),
        updated=newest.hits[:LIST_LENGTH],
        trending=_find_trending(reader.iter_hits(_POPULAR_LIMIT // _PAGE_SIZE, SearchQuery(sort=Sort.DOWNLOADS))),
        healthiest=_select_healthiest(reader.search(SearchQuery(sort=Sort.HEALTH, per_page=_HEALTHIEST_LIMIT)).hits),
        unsupported=_find_unsupported(reader),
    )


class _CollectionReader:
    """Searches one collection, without hidden packages."""

    def __init__(self, deps: Dependencies, target: Target) -> None:
        self.collection = target.collection
        self._deps = deps
        self.today = to_date(deps.now())
        self.scoring_config: ScoringConfig = deps.scoring_config
        self._engine = deps.search
        self._hidden_names = get_hidden_names(deps, target)

    def search(self, query: SearchQuery) -> SearchResults:
        """Return a page of results, without e-mail addresses."""
        results = self._engine.search(self.collection, query, hidden=self._hidden_names)
        return SearchResults(total=results.total, hits=prepare_hits(self._deps, results.hits), facets=results.facets)

    def iter_hits(self, max_pages: int, query: SearchQuery) -> Iterator[Hit]:
        """Yield the hits of several pages of a query."""
        for page in range(1, max_pages + 1):
            results = self.search(replace(query, page=page, per_page=_PAGE_SIZE))
            yield from results.hits
            if page * _PAGE_SIZE >= results.total:
                return

    def iter_newest(self, hits: Sequence[Hit]) -> Iterator[Hit]:
        """Yield the newest releases of packages that were found by older ones."""
        names = [hit.name_normalized for hit in hits]
        yield from prepare_hits(self._deps, self._engine.get_hits(self.collection, names, hidden=self._hidden_names))


def _find_trending(popular_hits: Iterator[Hit]) -> tuple[Trending, ...]:
    trending = [
        Trending(hit=hit, growth=round(growth, 2)) for hit in popular_hits if (growth := compute_growth(hit)) > 1
    ]
    return tuple(sorted(trending, key=lambda package: (-package.growth, package.hit.name_normalized))[:LIST_LENGTH])


def compute_growth(hit: Hit) -> float:
    """Return last month's downloads divided by those of a usual month before; 0 if unknown."""
    if hit.downloads is None:
        return 0.0
    # The last month of a history may be the current one, which `downloads` (30 days) covers.
    baseline = [count for _, count in sorted(hit.download_history.items())][-_BASELINE_MONTHS - 1 : -1]
    average = sum(baseline) / len(baseline) if baseline else 0
    return hit.downloads / average if average else 0.0


def _select_healthiest(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the best packages, the most downloaded ones of equal scores first."""
    scored = [hit for hit in hits if hit.health_score is not None]
    ordered = sorted(scored, key=lambda hit: (-(hit.health_score or 0), -(hit.downloads or 0), hit.name_normalized))
    return tuple(ordered[:LIST_LENGTH])


def _find_unsupported(reader: _CollectionReader) -> tuple[Unsupported, ...]:
    """Return the most downloaded archived, deprecated and outdated packages."""
    unsupported = {}
    retired_statuses = (ProjectStatus.ARCHIVED.value, ProjectStatus.DEPRECATED.value)
    retired = SearchQuery(filters=select_values(status=retired_statuses), sort=Sort.DOWNLOADS, per_page=LIST_LENGTH)
    for hit in reader.search(retired).hits:
        unsupported[hit.name_normalized] = Unsupported(
            hit=hit,
            reason=RetirementReason(hit.project_status),
            newest_framework_version=_get_newest_framework_version(hit),
        )
    for hit in _iter_outdated(reader):
        unsupported.setdefault(
            hit.name_normalized,
            Unsupported(
                hit=hit,
                reason=RetirementReason.FRAMEWORK_ENDED,
                newest_framework_version=_get_newest_framework_version(hit),
            ),
        )
    ordered = sorted(
        unsupported.values(), key=lambda package: (-(package.hit.downloads or 0), package.hit.name_normalized)
    )
    return tuple(ordered[:LIST_LENGTH])


def _iter_outdated(reader: _CollectionReader) -> Iterator[Hit]:
    """Yield packages whose newest release declares framework versions, but none that is supported today."""
    ended_versions = _list_ended_versions(reader.scoring_config, reader.today)
    if not ended_versions:
        return
    found_count = 0
    query = SearchQuery(filters=select_values(framework=ended_versions), sort=Sort.DOWNLOADS)
    candidates = list(reader.iter_hits(_MAX_PAGES, query))
    for hit in reader.iter_newest(candidates):
        if (
            found_count < LIST_LENGTH
            and has_supported_version(hit.framework_versions, reader.scoring_config, reader.today) is False
        ):
            found_count += 1
            yield hit


def _list_ended_versions(scoring_config: ScoringConfig, today: date) -> tuple[str, ...]:
    """Return all framework versions that are not supported any more, series included."""
    names = {
        f"{framework} {number}"
        for framework, ends in scoring_config.frameworks.items()
        for end in ends
        for number in (end, end.partition(".")[0])
    }
    return tuple(sorted(name for name in names if is_release_supported(name, scoring_config, today) is False))


def _get_newest_framework_version(hit: Hit) -> str:
    return hit.framework_versions[-1] if hit.framework_versions else ""
