"""What speaks for a project whatever is looked for: how many use it, how healthy it is, whether it keeps up."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from msgspec import Struct

from ..documents.project import ProjectStatus
from ..search import Hit

_POPULARITY_WEIGHT, _HEALTH_WEIGHT, _CURRENT_WEIGHT = 0.45, 0.35, 0.20
# What is left of the merit of a project whose authors gave it up.
_ABANDONED_FACTOR = 0.2
# What is not known is taken for average.
_DEFAULT_PERCENTILE, _DEFAULT_HEALTH, _DEFAULT_CURRENT = 0.3, 50, 0.5

# Steps that downloads are told by; a finer scale would say no more.
_MAX_STEPS = 200


class PopularityScale(Struct, frozen=True):
    """The downloads of a collection's projects at even steps, the least first; empty where none are known."""

    steps: tuple[int, ...] = ()

    def to_percentile(self, downloads: int | None) -> float:
        """Return which part of the projects is downloaded less (0 to 1); of equals, the middle."""
        if downloads is None or not self.steps:
            return _DEFAULT_PERCENTILE
        position = bisect_left(self.steps, downloads) + bisect_right(self.steps, downloads)
        return position / 2 / len(self.steps)


def build_popularity_scale(downloads: Iterable[int]) -> PopularityScale:
    """Return the scale that these downloads of the last month make, in whatever order they come."""
    known = sorted(downloads)
    if len(known) <= _MAX_STEPS:
        return PopularityScale(tuple(known))
    return PopularityScale(tuple(known[(2 * step + 1) * len(known) // (2 * _MAX_STEPS)] for step in range(_MAX_STEPS)))


class QualitySignals(Struct, frozen=True, kw_only=True, array_like=True):
    """What is known of a project's standing.

    `downloads` are those of the last month, `health` is its score; None where nobody knows. `is_given_up` is said of
    what its authors have archived or deprecated, on PyPI or where its repository is.
    """

    downloads: int | None = None
    health: int | None = None
    framework_versions: tuple[str, ...] = ()
    is_abandoned: bool = False


def compute_quality(signals: QualitySignals, popularity: PopularityScale, *, is_current: bool | None) -> float:
    """Return what speaks for a project (0 to 1).

    `is_current` tells whether it supports a release of its framework that is supported today, None where that can't
    be told.
    """
    health = _DEFAULT_HEALTH if signals.health is None else signals.health
    current = _DEFAULT_CURRENT if is_current is None else float(is_current)
    percentile = popularity.to_percentile(signals.downloads)
    value: float = (
        _POPULARITY_WEIGHT * percentile**2 + _HEALTH_WEIGHT * (health / 100) ** 0.5 + _CURRENT_WEIGHT * current
    )
    return value * _ABANDONED_FACTOR if signals.is_abandoned else value


def to_quality_signals(hit: Hit) -> QualitySignals:
    """Return the standing of a project by its newest release."""
    return QualitySignals(
        downloads=hit.downloads,
        health=hit.health_score,
        framework_versions=hit.framework_versions,
        is_abandoned=hit.repository_archived
        or hit.project_status in (ProjectStatus.ARCHIVED, ProjectStatus.DEPRECATED),
    )
