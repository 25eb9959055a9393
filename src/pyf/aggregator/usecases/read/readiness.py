"""The readiness board: which of the most used packages of a collection support a release, and which do not yet."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ...domain.documents.schema import RegistryFields
from ...domain.history import parse_history
from ...domain.readiness import (
    PackageReadiness,
    Readiness,
    TrendPoint,
    build_recorded_trend,
    build_trend,
    evaluate_readiness,
    is_public,
)
from ...domain.search import SearchQuery, SearchResults, Sort
from ...domain.upgrade import UpgradeGoal
from ...ports import Dependencies
from ..collections.target import Target
from .package import get_visible_documents
from .search import get_hidden_names
from .upgrade_goal import list_offered_releases, list_other_goals, resolve_goal

# Packages on a board.
DEFAULT_PACKAGES, MAX_PACKAGES = 100, 500


class BoardPage(Struct, frozen=True, kw_only=True):
    """A page of a board: its number from 1, and how many packages a page has."""

    number: int = 1
    size: int = DEFAULT_PACKAGES


_FIRST_PAGE = BoardPage()


class ReadinessBoard(Struct, frozen=True, kw_only=True):
    """The most used packages: those that are not ready first, then by downloads.

    Attributes:
        page: The packages that it has: the first page has the most used ones.
        has_more: Whether there is a next page.
        trend: How many of them were ready at the end of each of the last months, by the upload dates of their releases.
        recorded_trend: The same, by the history of the packages.
    """

    goal: UpgradeGoal
    packages: tuple[PackageReadiness, ...]
    trend: tuple[TrendPoint, ...]
    recorded_trend: tuple[TrendPoint, ...]
    page: BoardPage = _FIRST_PAGE
    has_more: bool = False

    @property
    def ready_count(self) -> int:
        """How many packages are ready."""
        return sum(package.state is Readiness.READY for package in self.packages)


def build_board(
    deps: Dependencies, target: Target, *, framework: str = "", python: str = "", page: BoardPage = _FIRST_PAGE
) -> ReadinessBoard:
    """Evaluate the most used packages of a collection; without a release, for the newest one of its framework.

    Packages are in the order of their downloads, or of their stars if no downloads are known.

    Raises:
        InvalidRequest: A release is not understood, or the collection is about another framework.
        NotFound: The collection does not exist.
    """
    if not framework and not python:
        framework, python = _select_default_goal(deps, target)
    goal, framework_releases = resolve_goal(deps, target, framework, python)
    other_goals = list_other_goals(deps, target, goal, framework_releases)
    results = _find_most_used(deps, target, goal, page)
    downloads = {hit.name_normalized: hit.downloads for hit in results.hits}
    releases = deps.index.get_documents(target.collection, downloads)
    packages = _evaluate(releases, downloads, goal, other_goals)
    enrichments = deps.index.get_enrichments(target.collection, [package.name_normalized for package in packages])
    histories = ((releases[name], parse_history(parts.history).months) for name, parts in enrichments.items())
    order = (Readiness.NOT_READY, Readiness.UNKNOWN, Readiness.READY)
    return ReadinessBoard(
        goal=goal,
        packages=tuple(sorted(packages, key=lambda package: order.index(package.state))),
        trend=build_trend(packages, deps.now()),
        recorded_trend=build_recorded_trend(histories, goal, other_goals, deps.now()),
        page=page,
        has_more=results.total > page.number * page.size,
    )


def _select_default_goal(deps: Dependencies, target: Target) -> tuple[str, str]:
    """Return the newest release of the framework and "", or "" and the newest Python without a framework."""
    frameworks, pythons = list_offered_releases(deps, target)
    return (frameworks[0], "") if frameworks else ("", pythons[0])


def _find_most_used(deps: Dependencies, target: Target, goal: UpgradeGoal, page: BoardPage) -> SearchResults:
    """Find a page of the packages by use, without those of the framework itself."""
    hidden_names = get_hidden_names(deps, target) | goal.projects
    for sort in (Sort.DOWNLOADS, Sort.STARS):
        query = SearchQuery(sort=sort, per_page=page.size)
        results = deps.search.search(target.collection, query, hidden=hidden_names)
        if results.hits and results.hits[0].downloads is not None:
            break
    if page.number > 1:  # in the order of the first page
        results = deps.search.search(target.collection, replace(query, page=page.number), hidden=hidden_names)
    return results


def evaluate_packages(
    deps: Dependencies, target: Target, names: Iterable[str], *, framework: str = "", python: str = ""
) -> tuple[UpgradeGoal, list[PackageReadiness]]:
    """Return the goal, and the readiness of those packages (by normalized name) that the site shows.

    Raises as `build_board` does.
    """
    goal, framework_releases = resolve_goal(deps, target, framework, python)
    visible_names = sorted(set(names) - get_hidden_names(deps, target))
    releases = deps.index.get_documents(target.collection, visible_names)
    other_goals = list_other_goals(deps, target, goal, framework_releases)
    return goal, _evaluate(releases, dict.fromkeys(visible_names), goal, other_goals)


def _evaluate(
    releases: Mapping[str, Sequence[RegistryFields]],
    downloads: Mapping[str, int | None],
    goal: UpgradeGoal,
    other_goals: Sequence[UpgradeGoal],
) -> list[PackageReadiness]:
    """Evaluate packages by their releases; both by normalized name, `downloads` of the last month."""
    return [
        evaluate_readiness(releases[name], goal, other_goals, downloads=count)
        for name, count in downloads.items()
        if name in releases and is_public(releases[name][0])
    ]


def get_readiness(
    deps: Dependencies, target: Target, name: str, *, framework: str = "", python: str = ""
) -> PackageReadiness:
    """Evaluate one package by any spelling of its name; raises as `build_board` does."""
    goal, framework_releases = resolve_goal(deps, target, framework, python)
    documents = get_visible_documents(deps, target, name, get_hidden_names(deps, target))
    releases = [document.registry for document in documents]
    return evaluate_readiness(releases, goal, list_other_goals(deps, target, goal, framework_releases))
