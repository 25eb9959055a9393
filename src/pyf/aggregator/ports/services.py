"""All ports together, as bootstrap has chosen their adapters."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from ..domain.health import Standards
from ..domain.policy import Policy
from .candidates import Candidates
from .downloads import DownloadStats
from .index import IndexAdmin, PackageIndex, VerdictStore
from .keys import ApiKeys
from .operation import Traffic
from .registry import ChangeJournal, PackageRegistry, ReleaseFeed
from .rendering import Renderer
from .repositories import RepositoryCache, RepositoryHost
from .search import SearchEngine


class RequestMeter(Protocol):
    """Counts what was asked of the services."""

    def count(self) -> int:
        """Return how many requests were sent for the calling thread, repeated attempts included."""


class Services(Struct, frozen=True, kw_only=True):
    """The ports that the use cases work with, as bootstrap has chosen them, and how they are to go about it.

    `now` returns the time in Unix seconds, `standards` are what projects are scored by.
    """

    registry: PackageRegistry
    journal: ChangeJournal
    feed: ReleaseFeed
    index: PackageIndex
    admin: IndexAdmin
    keys: ApiKeys
    search: SearchEngine
    renderer: Renderer
    verdicts: VerdictStore
    downloads: DownloadStats
    repositories: RepositoryHost
    repository_cache: RepositoryCache
    candidates: Candidates
    requests: RequestMeter
    traffic: Traffic
    now: Callable[[], float]
    standards: Standards
    policy: Policy = Policy()
