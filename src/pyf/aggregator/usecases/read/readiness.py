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
from ...domain.search import SearchQuery, Sort
from ...domain.support.degrees import PYTHON_RELEASES
from ...domain.support.matrix import sort_newest_first
from ...domain.upgrade import UpgradeGoal
from ...ports import Dependencies
from ..collections.target import Target, require_state
from .package import get_visible_documents
from .search import get_hidden_names
from .upgrade_check import find_release_date, list_framework_releases, resolve_goal

# Packages on a board.
DEFAULT_PACKAGES, MAX_PACKAGES = 100, 500

# Releases of the framework and of Python that a board offers.
_OFFERED_FRAMEWORKS, _OFFERED_PYTHONS = 4, 4


class ReadinessBoard(Struct, frozen=True, kw_only=True):
    """The most used packages: those that are not ready first, then by downloads.

    Attributes:
        trend: How many of them were ready at the end of each of the last months, by the upload dates of their releases.
        recorded_trend: The same by what was recorded in each month.
    """

    goal: UpgradeGoal
    packages: tuple[PackageReadiness, ...]
    trend: tuple[TrendPoint, ...]
    recorded_trend: tuple[TrendPoint, ...]

    @property
    def ready_count(self) -> int:
        """How many packages are ready."""
        return sum(package.state is Readiness.READY for package in self.packages)


def build_board(
    deps: Dependencies, target: Target, *, framework: str = "", python: str = "", limit: int = DEFAULT_PACKAGES
) -> ReadinessBoard:
    """Evaluate the most used packages of a collection; without a release, for the newest one of its framework.

    Packages are in the order of their downloads, or of their stars if no downloads are known.

    Raises:
        InvalidRequest: A release is not understood, or the collection is about another framework.
        NotFound: The collection does not exist.
    """
    if not framework and not python:
        offered_frameworks, offered_pythons = list_goals(deps, target)
        framework = next(iter(offered_frameworks), "")
        python = "" if framework else offered_pythons[0]
    goal, framework_releases = resolve_goal(deps, target, framework, python)
    hidden_names = get_hidden_names(deps, target) | goal.projects  # a framework is not an add-on of itself
    query = SearchQuery(sort=Sort.DOWNLOADS, per_page=limit)
    hits = deps.search.search(target.collection, query, hidden=hidden_names).hits
    if hits and hits[0].downloads is None:
        query = replace(query, sort=Sort.STARS)
        hits = deps.search.search(target.collection, query, hidden=hidden_names).hits
    downloads = {hit.name_normalized: hit.downloads for hit in hits}
    releases = deps.index.get_documents(target.collection, downloads)
    other_goals = _list_other_goals(deps, target, goal, framework_releases)
    packages = _evaluate(releases, downloads, goal, other_goals)
    enrichments = deps.index.get_enrichments(target.collection, [package.name_normalized for package in packages])
    order = (Readiness.NOT_READY, Readiness.UNKNOWN, Readiness.READY)
    return ReadinessBoard(
        goal=goal,
        packages=tuple(sorted(packages, key=lambda package: order.index(package.state))),
        trend=build_trend(packages, deps.now()),
        recorded_trend=build_recorded_trend(
            ((releases[name], parse_history(parts.history).months) for name, parts in enrichments.items()),
            goal,
            other_goals,
            deps.now(),
        ),
    )


def evaluate_packages(
    deps: Dependencies, target: Target, names: Iterable[str], *, framework: str = "", python: str = ""
) -> tuple[UpgradeGoal, list[PackageReadiness]]:
    """Return the goal, and the readiness of the visible ones of these packages (normalized names).

    Raises as `build_board` does.
    """
    goal, framework_releases = resolve_goal(deps, target, framework, python)
    visible_names = sorted(set(names) - get_hidden_names(deps, target))
    releases = deps.index.get_documents(target.collection, visible_names)
    other_goals = _list_other_goals(deps, target, goal, framework_releases)
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
    return evaluate_readiness(releases, goal, _list_other_goals(deps, target, goal, framework_releases))


def list_goals(deps: Dependencies, target: Target) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the newest releases of the collection's framework, and those of Python."""
    pythons = tuple(reversed(list(PYTHON_RELEASES)))[:_OFFERED_PYTHONS]
    return tuple(_list_framework_versions(deps, target)[:_OFFERED_FRAMEWORKS]), pythons


def _list_framework_versions(deps: Dependencies, target: Target) -> list[str]:
    """Return the releases that classifiers name, the newest first: "Django 6.0".

    Of a framework without such classifiers, return the minor releases that its own project has.
    """
    filter_ = target.filter or require_state(deps, target).filter
    values = deps.search.count_values(target.collection, "framework", hidden=get_hidden_names(deps, target))
    named = [value for value in values if value.rpartition(" ")[0] in filter_.frameworks]
    majors = {value.partition(".")[0] for value in named if "." in value}
    named = [value for value in named if value not in majors]
    if not named and filter_.frameworks:
        releases = list_framework_releases(deps, target, filter_.framework_projects)
        minors = {".".join(release.version.split(".")[:2]) for release in releases}
        named = [f"{filter_.frameworks[0]} {minor}" for minor in minors]
    return sort_newest_first(named)


def _list_other_goals(
    deps: Dependencies, target: Target, goal: UpgradeGoal, framework_releases: Sequence[RegistryFields]
) -> list[UpgradeGoal]:
    """Return the other releases of the goal's kind, the newest first; none for a goal of framework and Python."""
    if goal.python and goal.version:
        return []
    if goal.python:
        return [UpgradeGoal(python=python) for python in reversed(PYTHON_RELEASES) if python != goal.python]
    names = (name.rpartition(" ") for name in _list_framework_versions(deps, target))
    return [
        replace(goal, version=version, released_at=find_release_date(framework_releases, version), remark="")
        for framework, _, version in names
        if framework == goal.framework and version != goal.version
    ]
