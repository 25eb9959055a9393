"""The support matrix: which releases of a project support which releases of its framework."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from msgspec import UNSET, Struct

from ..documents.schema import RegistryFields
from ..documents.version import to_version_key
from ..health.compatibility import is_release_supported
from ..health.scoring_config import ScoringConfig, parse_version_numbers
from ..search import get_supported_pythons

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,9}")


class FrameworkVersion(Struct, frozen=True):
    """A release of a framework, and whether it is still supported; None if unknown."""

    name: str
    is_supported: bool | None


class SupportRow(Struct, frozen=True, kw_only=True):
    """Consecutive releases that support the same versions.

    Attributes:
        prerelease_count: How many of the releases are pre-releases.
        uploaded: Upload of the newest one, in Unix seconds.
        supports: One value for each column of the matrix.
    """

    newest: str
    oldest: str
    release_count: int
    prerelease_count: int
    uploaded: int
    python_versions: tuple[str, ...]
    supported_python_versions: tuple[str, ...]
    supports: tuple[bool, ...]


class SupportMatrix(Struct, frozen=True, kw_only=True):
    """Columns are releases of frameworks, newest first; rows are releases of the project, highest version first."""

    columns: tuple[FrameworkVersion, ...]
    rows: tuple[SupportRow, ...]


def build_support_matrix(
    documents: Sequence[RegistryFields], scoring_config: ScoringConfig, today: date
) -> SupportMatrix:
    """Build the matrix of a project's releases without yanked ones, the highest version first.

    Pre-releases are sorted by their version, not below all stable releases, because they show future support.
    """
    releases = sorted(
        (document for document in documents if not document.yanked),
        key=lambda document: to_version_key(document.version),
        reverse=True,
    )
    columns = sort_newest_first({version for release in releases for version in release.framework_versions})
    groups = groupby(
        releases,
        key=lambda release: (
            frozenset(release.framework_versions),
            release.python_versions,
            get_supported_pythons(release),
        ),
    )
    return SupportMatrix(
        columns=tuple(build_framework_version(name, scoring_config, today) for name in columns),
        rows=tuple(_build_row(list(group), supported, columns) for (supported, *_), group in groups),
    )


def build_framework_version(name: str, scoring_config: ScoringConfig, today: date) -> FrameworkVersion:
    """Build the column of a framework release, such as `Plone 6.0`, as of a day."""
    is_supported = is_release_supported(name, scoring_config, today)
    return FrameworkVersion(name, None if is_supported is UNSET else is_supported)


def sort_newest_first(versions: Iterable[str]) -> list[str]:
    """Sort framework releases by framework, and the newest first."""
    ordered = sorted(versions, key=lambda version: (_parse_release_number(version), version), reverse=True)
    return sorted(ordered, key=lambda version: version.rpartition(" ")[0])


def _parse_release_number(version: str) -> tuple[int, ...]:
    number = version.rpartition(" ")[2]
    return parse_version_numbers(number) if _NUMBER.fullmatch(number) else ()


def _build_row(releases: list[RegistryFields], supported: frozenset[str], columns: list[str]) -> SupportRow:
    newest, oldest = releases[0], releases[-1]
    return SupportRow(
        newest=newest.version,
        oldest=oldest.version,
        release_count=len(releases),
        prerelease_count=sum(release.version_sortable.startswith("0") for release in releases),
        uploaded=newest.upload_timestamp,
        python_versions=newest.python_versions,
        supported_python_versions=get_supported_pythons(newest),
        supports=tuple(column in supported for column in columns),
    )
