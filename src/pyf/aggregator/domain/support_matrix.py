"""Which releases of a project support which releases of its framework."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from msgspec import UNSET, Struct

from .documents.schema import RegistryFields
from .documents.version import to_version_key
from .health.compatibility import is_release_supported
from .health.scoring_config import ScoringConfig, parse_version_numbers

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,9}")


class FrameworkVersion(Struct, frozen=True):
    """A release of a framework, and whether it is supported itself; None where nobody knows."""

    name: str
    is_supported: bool | None


class SupportRow(Struct, frozen=True, kw_only=True):
    """Releases in a row that support the same: the newest and the oldest of them, and how many these are.

    `prereleases` is how many of them are pre-releases. `supports` goes along the columns of the matrix. `uploaded` is
    that of the newest, in Unix seconds.
    """

    newest: str
    oldest: str
    release_count: int
    prerelease_count: int
    uploaded: int
    python_versions: tuple[str, ...]
    supports: tuple[bool, ...]


class SupportMatrix(Struct, frozen=True, kw_only=True):
    """Columns are releases of frameworks, newest first; rows are releases of the project, highest version first."""

    columns: tuple[FrameworkVersion, ...]
    rows: tuple[SupportRow, ...]


def build_support_matrix(
    documents: Sequence[RegistryFields], scoring_config: ScoringConfig, today: date
) -> SupportMatrix:
    """Return what the releases of a project support, the highest version first; what was withdrawn is left out.

    A pre-release stands where its version does, and not below all that are stable: it tells what comes.
    """
    releases = sorted(
        (each for each in documents if not each.yanked),
        key=lambda document: to_version_key(document.version),
        reverse=True,
    )
    columns = sort_newest_first({version for each in releases for version in each.framework_versions})
    groups = groupby(releases, key=lambda each: (frozenset(each.framework_versions), each.python_versions))
    return SupportMatrix(
        columns=tuple(build_framework_version(name, scoring_config, today) for name in columns),
        rows=tuple(_build_row(list(group), supported, columns) for (supported, _), group in groups),
    )


def build_framework_version(name: str, scoring_config: ScoringConfig, today: date) -> FrameworkVersion:
    """Return a release of a framework, such as `Plone 6.0`, as of a day."""
    is_supported = is_release_supported(name, scoring_config, today)
    return FrameworkVersion(name, None if is_supported is UNSET else is_supported)


def sort_newest_first(versions: Iterable[str]) -> list[str]:
    """Order releases of frameworks: by framework, and then the newest first."""
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
        supports=tuple(column in supported for column in columns),
    )
