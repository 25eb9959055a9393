"""Check the packages that a project uses: whether each supports the upgrade, and what else is wrong with it."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from ...domain.documents.document import Document
from ...domain.documents.project import ProjectStatus, normalize_name
from ...domain.requirement_files import PackageList, select_packages
from ...domain.upgrade import CheckedPackage, Status, UpgradeGoal, check_package
from ...ports import Dependencies
from ..collections.target import Target
from .search import get_hidden_names
from .upgrade_goal import resolve_goal

# Packages of a file beyond this number are not checked: the web page takes texts from the public.
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
    goal, _ = resolve_goal(deps, target, framework, python)
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


def _to_checkable(documents: Sequence[Document]) -> Sequence[Document]:
    """Return the documents of a package; none of a quarantined one, because its data cannot be trusted."""
    if documents and documents[0].registry.project_status == ProjectStatus.QUARANTINED:
        return ()
    return documents
