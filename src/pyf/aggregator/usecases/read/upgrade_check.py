"""Check the packages that a project uses: do they support a release to upgrade to, and are they in good shape?"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from msgspec import Struct

from ...domain.documents.document import Document
from ...domain.documents.project import ProjectStatus, normalize_name
from ...domain.documents.schema import RegistryFields
from ...domain.requirement_files import PackageList, select_packages
from ...domain.upgrade import (
    CheckedPackage,
    Status,
    UpgradeGoal,
    build_goal_remark,
    check_package,
    is_installable,
    parse_framework_goal,
    parse_python_goal,
)
from ...ports import Dependencies
from ..collections.target import Target, require_state
from .search import get_hidden_names

# Packages of a file beyond this number are not checked: a bound for texts that anybody can send.
MAX_PACKAGES = 2000


class UpgradeReport(Struct, frozen=True, kw_only=True):
    """The checked packages, the worst first, the lines of the files that could not be used, and remarks."""

    goal: UpgradeGoal
    packages: tuple[CheckedPackage, ...]
    problems: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Whether every package is known to support the goal; not if there are no packages."""
        return bool(self.packages) and all(package.status is Status.READY for package in self.packages)

    @property
    def needs_changes(self) -> bool:
        """Whether a package needs an upgrade or blocks one."""
        return any(package.status in (Status.BLOCKED, Status.UPGRADE) for package in self.packages)

    @property
    def indexed_names(self) -> list[str]:
        """The normalized names of the packages that the collection has, sorted."""
        return sorted({normalize_name(package.name) for package in self.packages if package.newest})

    @property
    def counts(self) -> dict[Status, int]:
        """The number of packages by status; a status without packages is left out."""
        counts = Counter(package.status for package in self.packages)
        return {status: counts[status] for status in Status if counts[status]}


def check_requirements(
    deps: Dependencies, target: Target, listed: PackageList, *, framework: str = "", python: str = ""
) -> UpgradeReport:
    """Check what files list against a release of the framework and of Python.

    Args:
        framework: Such as "Django 6.0" or "6.0"; "" for any.
        python: Such as "3.14"; "" for any.

    Raises:
        InvalidRequest: A release is not understood, or the collection is about another framework.
        NotFound: The collection does not exist.
    """
    goal = build_goal(deps, target, framework, python)
    hidden_names = get_hidden_names(deps, target)
    listed = select_packages(listed, goal.python)
    packages = listed.packages[:MAX_PACKAGES]
    problems = [*filter(None, [goal.remark]), *listed.problems]
    if not packages:
        problems.append("nothing to check: no line names a package")
    if len(listed.packages) > len(packages):
        problems.append(f"only the first {MAX_PACKAGES:,} of {len(listed.packages):,} packages were checked")
    names = {package.name_normalized for package in packages} - hidden_names
    documents = deps.index.get_packages(target.collection, names)
    curated = deps.load_replacements()
    checked = [
        check_package(package, _to_checkable(documents.get(package.name_normalized, ())), goal, curated)
        for package in packages
    ]
    order = {status: position for position, status in enumerate(Status)}
    return UpgradeReport(
        goal=goal,
        packages=tuple(sorted(checked, key=lambda package: (order[package.status], normalize_name(package.name)))),
        problems=tuple(problems),
    )


def build_goal(deps: Dependencies, target: Target, framework: str, python: str) -> UpgradeGoal:
    """Return the goal of "Django 6.0" or "6.0", and of "3.14"; raises as `check_requirements` does."""
    return resolve_goal(deps, target, framework, python)[0]


def resolve_goal(
    deps: Dependencies, target: Target, framework: str, python: str
) -> tuple[UpgradeGoal, Sequence[RegistryFields]]:
    """Return a goal, and the releases of its framework's own projects; raises as `check_requirements` does."""
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
        released_at=find_release_date(releases, version),
        remark=build_goal_remark(name, version, (release.version for release in published)) if version else "",
    )
    return goal, releases


def list_framework_releases(deps: Dependencies, target: Target, projects: Iterable[str]) -> list[RegistryFields]:
    """Return the final releases of the framework's own projects that the collection has."""
    return list(filter(is_installable, _read_releases(deps, target, projects)))


def _read_releases(deps: Dependencies, target: Target, projects: Iterable[str]) -> list[RegistryFields]:
    return list(chain.from_iterable(deps.index.get_documents(target.collection, projects).values()))


def find_release_date(releases: Iterable[RegistryFields], version: str) -> int:
    """Return when a framework's release was published, in Unix seconds; 0 if its releases do not tell."""
    uploads = (
        release.upload_timestamp
        for release in releases
        if version and f"{release.version}.".startswith(f"{version}.") and release.upload_timestamp
    )
    return min(uploads, default=0)


def _to_checkable(documents: Sequence[Document]) -> Sequence[Document]:
    """Return the documents of a package; none of a quarantined one, whose data is not to be trusted."""
    if documents and documents[0].registry.project_status == ProjectStatus.QUARANTINED:
        return ()
    return documents
