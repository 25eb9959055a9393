"""Compare a few projects side by side."""

from collections.abc import Sequence

from msgspec import Struct

from ..domain.errors import Invalid, NotFound
from ..domain.project import ProjectStatus, normalized
from ..domain.requirement_lines import requirement_lines
from ..domain.search import Hit
from ..domain.support_matrix import FrameworkVersion, SupportMatrix, newest_first
from ..ports import Services
from .page_parts import (
    DownloadCounts,
    HealthReport,
    Repository,
    download_counts,
    first_upload,
    health_report,
    matrix,
    repository,
    shown_hit,
)
from .project_page import held_or_raise
from .search import hidden
from .target import Target

FEWEST, MOST = 2, 4


class NotComparable(Invalid):
    """Too few or too many projects were named."""


class Side(Struct, frozen=True, kw_only=True):
    """One of the projects that are compared.

    `supports` goes along the framework versions of the comparison, for the newest release; `supported_once` likewise
    for any release. `requirements` are those at run time.
    """

    hit: Hit
    first_uploaded: int
    releases: int
    requires_python: str
    maintainers: int
    requirements: tuple[str, ...]
    supports: tuple[bool, ...]
    supported_once: tuple[bool, ...]
    health: HealthReport
    downloads: DownloadCounts
    repository: Repository | None


class Comparison(Struct, frozen=True, kw_only=True):
    """Projects in the order asked for, and the framework versions that any of them supports or has supported."""

    framework_versions: tuple[FrameworkVersion, ...]
    sides: tuple[Side, ...]


def side_by_side(services: Services, target: Target, names: Sequence[str]) -> Comparison:
    """Compare 2 to 4 projects by any spelling of their names.

    Raises `NotComparable` for fewer or more different ones, `NotFound` for one that the collection does not show.
    """
    wanted = list(dict.fromkeys(normalized(name) for name in names if name.strip()))
    if not FEWEST <= len(wanted) <= MOST:
        raise NotComparable(f"{FEWEST} to {MOST} different projects can be compared, not {len(wanted)}")
    not_shown = hidden(services, target)
    held = [held_or_raise(services, target, name, not_shown) for name in wanted]
    for documents in held:
        if documents[0].registry.project_status == ProjectStatus.QUARANTINED:
            raise NotFound(f"{documents[0].registry.name} is quarantined: PyPI's administrators look into it")
    matrices = [matrix(services, documents) for documents in held]
    versions = {version.name: version for each in matrices for version in each.columns}
    columns = tuple(versions[name] for name in newest_first(versions))
    sides = []
    for documents, each in zip(held, matrices, strict=True):
        newest = documents[0].registry
        sides.append(
            Side(
                hit=shown_hit(documents[0]),
                first_uploaded=first_upload(document.registry for document in documents),
                releases=len(documents),
                requires_python=newest.requires_python,
                maintainers=len(newest.maintainers),
                requirements=tuple(line.name for line in requirement_lines(newest.requires_dist) if not line.extras),
                supports=tuple(column.name in newest.framework_versions for column in columns),
                supported_once=_supported_once(each, columns),
                health=health_report(services, documents),
                downloads=download_counts(documents[0]),
                repository=repository(documents[0]),
            )
        )
    return Comparison(framework_versions=columns, sides=tuple(sides))


def _supported_once(own: SupportMatrix, columns: Sequence[FrameworkVersion]) -> tuple[bool, ...]:
    names = {column.name for column in own.columns}
    return tuple(column.name in names for column in columns)
