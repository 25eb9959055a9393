"""What speaks for a project whatever is looked for: how many use it, how healthy it is, whether it keeps up."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from msgspec import Struct

from ..project import ProjectStatus
from ..search import Hit

_POPULARITY, _HEALTH, _CURRENT = 0.45, 0.35, 0.20
# What is left of the merit of a project whose authors gave it up.
_GIVEN_UP = 0.2
# What is not known is taken for average.
_AVERAGE_RANK, _AVERAGE_HEALTH, _AVERAGE_CURRENT = 0.3, 50, 0.5

# Steps that downloads are told by; a finer scale would say no more.
_STEPS = 200


class Popularity(Struct, frozen=True):
    """The downloads of a collection's projects at even steps, the least first; empty where none are known."""

    steps: tuple[int, ...] = ()

    def rank(self, downloads: int | None) -> float:
        """Return which part of the projects is downloaded less (0 to 1); of equals, the middle."""
        if downloads is None or not self.steps:
            return _AVERAGE_RANK
        place = bisect_left(self.steps, downloads) + bisect_right(self.steps, downloads)
        return place / 2 / len(self.steps)


def popularity_of(downloads: Iterable[int]) -> Popularity:
    """Return the scale that these downloads of the last month make, in whatever order they come."""
    known = sorted(downloads)
    if len(known) <= _STEPS:
        return Popularity(tuple(known))
    return Popularity(tuple(known[(2 * step + 1) * len(known) // (2 * _STEPS)] for step in range(_STEPS)))


class Standing(Struct, frozen=True, kw_only=True, array_like=True):
    """What is known of a project's standing.

    `downloads` are those of the last month, `health` is its score; None where nobody knows. `is_given_up` is said of
    what its authors have archived or deprecated, on PyPI or where its repository is.
    """

    downloads: int | None = None
    health: int | None = None
    framework_versions: tuple[str, ...] = ()
    is_given_up: bool = False


def merit(standing: Standing, popularity: Popularity, *, is_current: bool | None) -> float:
    """Return what speaks for a project (0 to 1).

    `is_current` tells whether it supports a release of its framework that is supported today, None where that can't
    be told.
    """
    health = _AVERAGE_HEALTH if standing.health is None else standing.health
    current = _AVERAGE_CURRENT if is_current is None else float(is_current)
    rank = popularity.rank(standing.downloads)
    value: float = _POPULARITY * rank**2 + _HEALTH * (health / 100) ** 0.5 + _CURRENT * current
    return value * _GIVEN_UP if standing.is_given_up else value


def standing_of(hit: Hit) -> Standing:
    """Return the standing of a project by its newest release."""
    return Standing(
        downloads=hit.downloads,
        health=hit.health_score,
        framework_versions=hit.framework_versions,
        is_given_up=hit.repository_archived or hit.project_status in (ProjectStatus.ARCHIVED, ProjectStatus.DEPRECATED),
    )
