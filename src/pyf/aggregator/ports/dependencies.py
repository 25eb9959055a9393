"""All ports together, as bootstrap has chosen their adapters."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from ..domain.policy import Policy
from .enrichment import DownloadStats, RepositoryCache, RepositoryHost
from .index import IndexAdmin, MembershipCache, PackageIndex, SearchEngine
from .keys import ApiKeys
from .metrics import RequestMetrics
from .registry import CandidateSource, Changelog, PackageRegistry, ReleaseFeed
from .rendering import Renderer

if TYPE_CHECKING:
    from ..domain.health import ScoringConfig


class RequestCounter(Protocol):
    """Counts what was asked of the services."""

    def count(self) -> int:
        """Return how many requests were sent for the calling thread, repeated attempts included."""


class Dependencies(Struct, frozen=True, kw_only=True):
    """The ports that the use cases work with, as bootstrap has chosen them, and how they are to go about it.

    `now` returns the time in Unix seconds, `standards` are what projects are scored by.
    """

    registry: PackageRegistry
    changelog: Changelog
    feed: ReleaseFeed
    index: PackageIndex
    admin: IndexAdmin
    keys: ApiKeys
    search: SearchEngine
    renderer: Renderer
    membership_cache: MembershipCache
    download_stats: DownloadStats
    repositories: RepositoryHost
    repository_cache: RepositoryCache
    candidates: CandidateSource
    request_counter: RequestCounter
    request_metrics: RequestMetrics
    now: Callable[[], float]
    scoring_config: "ScoringConfig"
    policy: Policy = Policy()
