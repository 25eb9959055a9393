"""The container of all ports that use cases need."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from ..domain.collection import Policy
from .enrichment import DownloadStats, RepositoryCache, RepositoryHost
from .index import ApiKeys, IndexAdmin, MembershipCache, PackageIndex, SearchEngine
from .metrics import RequestMetrics
from .registry import CandidateSource, Changelog, PackageRegistry, ReleaseFeed
from .rendering import Renderer
from .webhooks import Webhooks

if TYPE_CHECKING:
    from ..domain.health import ScoringConfig
    from ..domain.replacement import Replacement


class RequestCounter(Protocol):
    """A counter of requests to services."""

    def count(self) -> int:
        """Return how many requests the calling thread has sent, including retries."""


class Dependencies(Struct, frozen=True, kw_only=True):
    """The adapters that bootstrap has chosen, with the configuration of runs.

    Attributes:
        repository_hosts: The hosts of repositories that are read, by name.
        now: Returns Unix seconds.
        load_replacements: Returns the curated replacements of packages that have ended, by normalized name.
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
    repository_hosts: Mapping[str, RepositoryHost]
    repository_cache: RepositoryCache
    candidates: CandidateSource
    request_counter: RequestCounter
    request_metrics: RequestMetrics
    now: Callable[[], float]
    scoring_config: "ScoringConfig"
    policy: Policy = Policy()
    load_replacements: Callable[[], Mapping[str, "Replacement"]] = dict
    webhooks: Webhooks | None = None
