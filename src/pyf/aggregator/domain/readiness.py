"""Evaluate whether packages are ready for a release of a framework or of Python, since when, and what they wait for."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from .documents.project import ProjectStatus
from .documents.schema import RegistryFields
from .documents.version import to_version_key
from .health.links import find_links
from .support.degrees import Degree
from .upgrade import UpgradeGoal, evaluate_release, is_installable, is_supporting

# Months that a trend covers.
TREND_MONTHS = 24


class Readiness(StrEnum):
    """Whether the newest release of a package supports a goal."""

    READY = "ready"
    UNKNOWN = "unknown"
    NOT_READY = "not ready"


class PackageReadiness(Struct, frozen=True, kw_only=True):
    """The readiness of a package.

    Attributes:
        newest: Its newest release.
        degree: How far it supports the goal: `declared`, `admitted`, `unknown` or `excluded`.
        evidence: What the state is based on, in words.
        since_release: The first release from which on all support the goal; "" if the newest one does not.
        since: When that release was uploaded, in Unix seconds; 0 if it is unknown.
        latest_supported: The newest earlier goal that the newest release supports; "" for a package that is ready.
        tracker: The URL of its issue tracker, "" if it is unknown.
        maintainers: The users who can publish releases.
    """

    name: str
    name_normalized: str
    newest: str
    state: Readiness
    degree: str
    evidence: str
    since_release: str = ""
    since: int = 0
    latest_supported: str = ""
    tracker: str = ""
    maintainers: tuple[str, ...] = ()
    downloads: int | None = None


class TrendPoint(Struct, frozen=True):
    """How many packages were ready at the end of a month, such as `2026-01`."""

    month: str
    ready: int


def evaluate_readiness(
    releases: Sequence[RegistryFields],
    goal: UpgradeGoal,
    earlier_goals: Iterable[UpgradeGoal] = (),
    *,
    downloads: int | None = None,
) -> PackageReadiness:
    """Evaluate a package.

    Args:
        releases: All of its releases, the newest first.
        earlier_goals: What to look for if the package is not ready, the newest first.
    """
    newest = releases[0]
    support = evaluate_release(newest, goal)
    if support is None:
        raise ValueError("a goal without a release")
    readiness = PackageReadiness(
        name=newest.name,
        name_normalized=newest.name_normalized,
        newest=newest.version,
        state=Readiness.NOT_READY if support.degree is Degree.EXCLUDED else Readiness.UNKNOWN,
        degree=support.degree.label,
        evidence=support.evidence,
        tracker=find_links(newest).tracker or "",
        maintainers=newest.maintainers,
        downloads=downloads,
    )
    if not is_supporting(support):
        earlier = (item for item in earlier_goals if (found := evaluate_release(newest, item)) and is_supporting(found))
        return replace(readiness, latest_supported=next((item.label for item in earlier), ""))
    first = _find_first_of_run(newest, releases, goal)
    return replace(readiness, state=Readiness.READY, since_release=first.version, since=first.upload_timestamp)


def _find_first_of_run(newest: RegistryFields, releases: Sequence[RegistryFields], goal: UpgradeGoal) -> RegistryFields:
    """Return the first release from which on all supported the goal."""
    first = newest
    for release in sorted(releases, key=lambda release: to_version_key(release.version), reverse=True):
        if to_version_key(release.version) >= to_version_key(newest.version) or not is_installable(release):
            continue
        support = evaluate_release(release, goal)
        if support is None or not is_supporting(support):
            break
        first = release
    return first


def build_trend(packages: Iterable[PackageReadiness], now: float) -> tuple[TrendPoint, ...]:
    """Return how many of the packages were ready at the end of each of the last months, oldest first."""
    since_months = [_to_month(package.since) for package in packages if package.state is Readiness.READY]
    last = datetime.fromtimestamp(now, UTC)
    number = last.year * 12 + last.month - 1
    months = [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(number - TREND_MONTHS + 1, number + 1)]
    return tuple(TrendPoint(month, sum(since <= month for since in since_months)) for month in months)


def _to_month(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m}"


def is_public(newest: RegistryFields) -> bool:
    """Return whether a package belongs on a board: a quarantined one has no trustworthy data."""
    return newest.project_status != ProjectStatus.QUARANTINED
