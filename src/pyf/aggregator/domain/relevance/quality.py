"""Quality of a project, independent of the query: popularity, health, and support of current frameworks."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable
from math import log
from typing import TypeGuard

from msgspec import Struct

from ..documents.project import ProjectStatus
from ..search import Hit

_POPULARITY_WEIGHT, _HEALTH_WEIGHT, _CURRENT_WEIGHT = 0.45, 0.35, 0.20
# Factor for abandoned projects.
_ABANDONED_FACTOR = 0.2
# Values of unknown signals, about the average.
_DEFAULT_HEALTH, _DEFAULT_CURRENT = 50, 0.5
# Before downloads are known, the percentile is estimated: the value of a package without any sign of use, what each
# sign adds at most, and how much of it adds that much.
_BASE_ESTIMATE, _DEPENDENTS_ESTIMATE, _RELEASES_ESTIMATE = 0.2, 0.5, 0.15
_AGE_ESTIMATE, _STATUS_ESTIMATE, _VERSIONS_ESTIMATE = 0.05, 0.05, 0.05
_MANY_DEPENDENTS, _MANY_RELEASES, _MANY_DAYS, _MANY_VERSIONS = 50, 50, 5 * 365, 4
_DAY = 86_400

# What the number of a development status adds: beta, stable and mature. No status counts as beta.
_STATUS = re.compile(r"Development Status :: (\d)")
_BETA = 4
_STATUS_SHARES = {_BETA: 0.5, 5: 1.0, 6: 1.0}

# A finer scale would not change the order noticeably.
_MAX_STEPS = 200


class PopularityScale(Struct, frozen=True):
    """Quantiles of the downloads in a collection, ascending; empty if none are known."""

    steps: tuple[int, ...] = ()

    def is_comparable(self, downloads: int | None) -> TypeGuard[int]:
        """Return whether downloads have a percentile; if not, it is estimated."""
        return downloads is not None and bool(self.steps)

    def to_percentile(self, downloads: int | None) -> float | None:
        """Return the fraction of projects with fewer downloads (0 to 1); equal ones count half. None if unknown."""
        if not self.is_comparable(downloads):
            return None
        position = bisect_left(self.steps, downloads) + bisect_right(self.steps, downloads)
        return position / 2 / len(self.steps)


def build_popularity_scale(downloads: Iterable[int]) -> PopularityScale:
    """Build the scale from the downloads of the last month, in any order."""
    known = sorted(downloads)
    if len(known) <= _MAX_STEPS:
        return PopularityScale(tuple(known))
    return PopularityScale(tuple(known[(2 * step + 1) * len(known) // (2 * _MAX_STEPS)] for step in range(_MAX_STEPS)))


class QualitySignals(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The signals of a project's quality.

    Attributes:
        downloads: Downloads of the last month; None if unknown.
        health: The health score; None if unknown.
        release_count: The number of releases in the index.
        active_days: The days between the first release and the newest one.
        status: The number of the development status: 1 (planning) to 7 (inactive).
        is_abandoned: Whether the project or its repository is archived, or the project is deprecated.
    """

    downloads: int | None = None
    health: int | None = None
    framework_versions: tuple[str, ...] = ()
    is_abandoned: bool = False
    release_count: int = 1
    active_days: int = 0
    status: int = _BETA


def compute_quality(
    signals: QualitySignals, popularity: PopularityScale, *, is_current: bool | None, dependent_count: int = 0
) -> float:
    """Return the quality of a project (0 to 1).

    Args:
        dependent_count: The number of packages in the collection that require it; needed without comparable downloads.
        is_current: Whether it supports a release of its framework that is supported today; None if unknown.
    """
    health = _DEFAULT_HEALTH if signals.health is None else signals.health
    current = _DEFAULT_CURRENT if is_current is None else float(is_current)
    percentile = popularity.to_percentile(signals.downloads)
    if percentile is None:
        percentile = _estimate_percentile(signals, dependent_count)
    value: float = (
        _POPULARITY_WEIGHT * percentile**2 + _HEALTH_WEIGHT * (health / 100) ** 0.5 + _CURRENT_WEIGHT * current
    )
    return value * _ABANDONED_FACTOR if signals.is_abandoned else value


def _estimate_percentile(signals: QualitySignals, dependent_count: int) -> float:
    return (
        _BASE_ESTIMATE
        + _DEPENDENTS_ESTIMATE * min(1.0, log(1 + dependent_count) / log(1 + _MANY_DEPENDENTS))
        + _RELEASES_ESTIMATE * min(1.0, log(max(1, signals.release_count)) / log(_MANY_RELEASES))
        + _AGE_ESTIMATE * min(1.0, signals.active_days / _MANY_DAYS)
        + _STATUS_ESTIMATE * _STATUS_SHARES.get(signals.status, 0.0)
        + _VERSIONS_ESTIMATE * min(1.0, len(signals.framework_versions) / _MANY_VERSIONS)
    )


def to_quality_signals(
    hit: Hit, *, older_uploads: Collection[int] = (), classifiers: Iterable[str] = ()
) -> QualitySignals:
    """Return the signals of a project from the hit of its newest release.

    Args:
        older_uploads: The times of all older releases, in Unix seconds; 0 is unknown.
        classifiers: The classifiers of the newest release.
    """
    uploads = [uploaded for uploaded in (*older_uploads, hit.uploaded) if uploaded > 0]
    status = _STATUS.search("\n".join(classifiers))
    return QualitySignals(
        downloads=hit.downloads,
        health=hit.health_score,
        framework_versions=hit.framework_versions,
        is_abandoned=hit.repository_archived
        or hit.project_status in (ProjectStatus.ARCHIVED, ProjectStatus.DEPRECATED),
        release_count=1 + len(older_uploads),
        active_days=(max(uploads) - min(uploads)) // _DAY if uploads else 0,
        status=int(status[1]) if status else _BETA,
    )
