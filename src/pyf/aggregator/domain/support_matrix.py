"""Which releases of a project support which releases of its framework."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from msgspec import UNSET, Struct

from .health.compatibility import release_is_supported
from .health.standards import Standards, numbers
from .schema import RegistryFields
from .version import by_version

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
    releases: int
    prereleases: int
    uploaded: int
    python_versions: tuple[str, ...]
    supports: tuple[bool, ...]


class SupportMatrix(Struct, frozen=True, kw_only=True):
    """Columns are releases of frameworks, newest first; rows are releases of the project, highest version first."""

    columns: tuple[FrameworkVersion, ...]
    rows: tuple[SupportRow, ...]


def support_matrix(documents: Sequence[RegistryFields], standards: Standards, today: date) -> SupportMatrix:
    """Return what the releases of a project support, the highest version first; what was withdrawn is left out.

    A pre-release stands where its version does, and not below all that are stable: it tells what comes.
    """
    released = sorted(
        (each for each in documents if not each.yanked), key=lambda each: by_version(each.version), reverse=True
    )
    columns = newest_first({version for each in released for version in each.framework_versions})
    alike = groupby(released, key=lambda each: (frozenset(each.framework_versions), each.python_versions))
    return SupportMatrix(
        columns=tuple(framework_version(name, standards, today) for name in columns),
        rows=tuple(_row(list(group), supported, columns) for (supported, _), group in alike),
    )


def framework_version(name: str, standards: Standards, today: date) -> FrameworkVersion:
    """Return a release of a framework, such as `Plone 6.0`, as of a day."""
    verdict = release_is_supported(name, standards, today)
    return FrameworkVersion(name, None if verdict is UNSET else verdict)


def newest_first(versions: Iterable[str]) -> list[str]:
    """Order releases of frameworks: by framework, and then the newest first."""
    ordered = sorted(versions, key=lambda version: (_number(version), version), reverse=True)
    return sorted(ordered, key=lambda version: version.rpartition(" ")[0])


def _number(version: str) -> tuple[int, ...]:
    number = version.rpartition(" ")[2]
    return numbers(number) if _NUMBER.fullmatch(number) else ()


def _row(releases: list[RegistryFields], supported: frozenset[str], columns: list[str]) -> SupportRow:
    newest, oldest = releases[0], releases[-1]
    return SupportRow(
        newest=newest.version,
        oldest=oldest.version,
        releases=len(releases),
        prereleases=sum(each.version_sortable.startswith("0") for each in releases),
        uploaded=newest.upload_timestamp,
        python_versions=newest.python_versions,
        supports=tuple(column in supported for column in columns),
    )
