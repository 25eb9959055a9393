"""The release of a framework or of Python to upgrade to, and the releases that a collection offers."""

from collections.abc import Iterable, Sequence
from itertools import chain

from msgspec.structs import replace

from ...domain.documents.schema import RegistryFields
from ...domain.support.degrees import PYTHON_RELEASES
from ...domain.support.matrix import sort_newest_first
from ...domain.upgrade import (
    UpgradeGoal,
    build_goal_remark,
    is_installable,
    parse_framework_goal,
    parse_python_goal,
)
from ...ports import Dependencies
from ..collections.target import Target, require_state
from .search import get_hidden_names

# Releases of the framework and of Python that a collection offers.
_OFFERED_FRAMEWORKS, _OFFERED_PYTHONS = 4, 4


def resolve_goal(
    deps: Dependencies, target: Target, framework: str, python: str
) -> tuple[UpgradeGoal, Sequence[RegistryFields]]:
    """Return the goal of "Django 6.0" or "6.0", and of "3.14", with the final releases of the framework's projects.

    Raises:
        InvalidRequest: A release is not understood, or the collection is about another framework.
        NotFound: The collection does not exist.
    """
    state = require_state(deps, target)
    filter_ = target.filter or state.filter
    name, version = parse_framework_goal(framework, filter_.frameworks) if framework else ("", "")
    projects = filter_.framework_projects if name else frozenset[str]()
    published = _read_releases(deps, target, projects)
    releases = list(filter(is_installable, published))
    goal = UpgradeGoal(
        framework=name,
        version=version,
        python=parse_python_goal(python) if python else "",
        projects=projects,
        released_at=_find_release_date(releases, version),
        remark=build_goal_remark(name, version, (release.version for release in published)) if version else "",
    )
    return goal, releases


def list_offered_releases(deps: Dependencies, target: Target) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the newest releases of the collection's framework, such as "Django 6.0", and those of Python."""
    pythons = tuple(reversed(PYTHON_RELEASES))[:_OFFERED_PYTHONS]
    return tuple(_list_framework_releases(deps, target)[:_OFFERED_FRAMEWORKS]), pythons


def list_other_goals(
    deps: Dependencies, target: Target, goal: UpgradeGoal, framework_releases: Sequence[RegistryFields]
) -> list[UpgradeGoal]:
    """Return the other releases of the goal's kind, the newest first; none for a goal of framework and Python."""
    if goal.python and goal.version:
        return []
    if goal.python:
        return [UpgradeGoal(python=python) for python in reversed(PYTHON_RELEASES) if python != goal.python]
    names = (name.rpartition(" ") for name in _list_framework_releases(deps, target))
    return [
        replace(goal, version=version, released_at=_find_release_date(framework_releases, version), remark="")
        for framework, _, version in names
        if framework == goal.framework and version != goal.version
    ]


def _list_framework_releases(deps: Dependencies, target: Target) -> list[str]:
    """Return the framework releases that classifiers name, the newest first.

    Of a framework without such classifiers, return the minor releases that its own projects have.
    """
    filter_ = target.filter or require_state(deps, target).filter
    values = deps.search.count_values(target.collection, "framework", hidden=get_hidden_names(deps, target))
    names = [value for value in values if value.rpartition(" ")[0] in filter_.frameworks]
    majors = {name.partition(".")[0] for name in names if "." in name}
    names = [name for name in names if name not in majors]
    if not names and filter_.frameworks:
        releases = filter(is_installable, _read_releases(deps, target, filter_.framework_projects))
        minors = {".".join(release.version.split(".")[:2]) for release in releases}
        names = [f"{filter_.frameworks[0]} {minor}" for minor in minors]
    return sort_newest_first(names)


def _read_releases(deps: Dependencies, target: Target, projects: Iterable[str]) -> list[RegistryFields]:
    """Return the releases of the framework's own projects that the collection has."""
    return list(chain.from_iterable(deps.index.get_documents(target.collection, projects).values()))


def _find_release_date(releases: Iterable[RegistryFields], version: str) -> int:
    """Return when a framework's release was published, in Unix seconds; 0 if it is unknown."""
    uploads = (
        release.upload_timestamp
        for release in releases
        if version and f"{release.version}.".startswith(f"{version}.") and release.upload_timestamp
    )
    return min(uploads, default=0)
