"""Compare a few packages side by side."""

from collections.abc import Sequence

from msgspec import Struct

from ...domain.documents.project import ProjectStatus, normalize_name
from ...domain.errors import InvalidRequest, NotFound
from ...domain.membership.requirements import parse_requirement_lines
from ...domain.search import Hit
from ...domain.support.matrix import FrameworkVersion, SupportMatrix, sort_newest_first
from ...ports import Dependencies
from ..collections.target import Target
from .package import get_visible_documents
from .package_views import (
    DownloadCounts,
    HealthReport,
    RepositoryStats,
    build_compatibility,
    build_download_counts,
    build_health_report,
    build_repository_stats,
    find_first_upload,
    to_display_hit,
)
from .search import get_hidden_names

MIN_COMPARED, MAX_COMPARED = 2, 4


class NotComparable(InvalidRequest):
    """Too few or too many packages."""


class ComparedPackage(Struct, frozen=True, kw_only=True):
    """One of the compared packages.

    Attributes:
        requirements: Those without an extra.
        supports: Whether the newest release supports each framework version of the comparison.
        ever_supported: Whether any release does.
    """

    hit: Hit
    first_uploaded: int
    releases: int
    requires_python: str
    maintainers: int
    requirements: tuple[str, ...]
    supports: tuple[bool, ...]
    ever_supported: tuple[bool, ...]
    health: HealthReport
    downloads: DownloadCounts
    repository: RepositoryStats | None


class Comparison(Struct, frozen=True, kw_only=True):
    """Packages in the order of the request, and the framework versions that any release of them supports."""

    framework_versions: tuple[FrameworkVersion, ...]
    packages: tuple[ComparedPackage, ...]


def compare_packages(deps: Dependencies, target: Target, names: Sequence[str]) -> Comparison:
    """Compare 2 to 4 packages by any spelling of their names.

    Raises:
        NotComparable: If there are fewer or more.
        NotFound: If the collection does not have a package, or hides it.
    """
    unique_names = list(dict.fromkeys(normalize_name(name) for name in names if name.strip()))
    if not MIN_COMPARED <= len(unique_names) <= MAX_COMPARED:
        raise NotComparable(
            f"{MIN_COMPARED} to {MAX_COMPARED} different packages can be compared, not {len(unique_names)}"
        )
    hidden_names = get_hidden_names(deps, target)
    documents_by_package = [get_visible_documents(deps, target, name, hidden_names) for name in unique_names]
    for documents in documents_by_package:
        if documents[0].registry.project_status == ProjectStatus.QUARANTINED:
            raise NotFound(f"{documents[0].registry.name} is quarantined: PyPI's administrators look into it")
    matrices = [build_compatibility(deps, documents) for documents in documents_by_package]
    versions = {version.name: version for support_matrix in matrices for version in support_matrix.columns}
    columns = tuple(versions[name] for name in sort_newest_first(versions))
    packages = []
    for documents, matrix in zip(documents_by_package, matrices, strict=True):
        newest_release = documents[0].registry
        packages.append(
            ComparedPackage(
                hit=to_display_hit(deps, documents[0]),
                first_uploaded=find_first_upload(document.registry for document in documents),
                releases=len(documents),
                requires_python=newest_release.requires_python,
                maintainers=len(newest_release.maintainers),
                requirements=tuple(
                    line.name for line in parse_requirement_lines(newest_release.requires_dist) if not line.extras
                ),
                supports=tuple(column.name in newest_release.framework_versions for column in columns),
                ever_supported=_list_ever_supported(matrix, columns),
                health=build_health_report(deps, documents),
                downloads=build_download_counts(documents[0]),
                repository=build_repository_stats(documents[0]),
            )
        )
    return Comparison(framework_versions=columns, packages=tuple(packages))


def _list_ever_supported(support_matrix: SupportMatrix, columns: Sequence[FrameworkVersion]) -> tuple[bool, ...]:
    names = {column.name for column in support_matrix.columns}
    return tuple(column.name in names for column in columns)
