"""What the use cases need from outside, each need with its failure contract.

A port takes and gives batches (an iterable in, an iterator out), so that an adapter may ask many at once. Every
port has an adapter in memory, and one contract suite under `tests/contracts` that all of its adapters pass.
Unless stated otherwise a call raises `Unavailable` where the service behind it gives no usable answer.
"""

from .registry import CandidateSource
from .coordination import Coordination, Partitions, Locks, RateLimiter, DedupStore
from .enrichment import DownloadResult, DownloadStats, CostEstimate
from .index import IndexAdmin, PackageIndex, ProjectDocuments, Rejection, MembershipCache
from .keys import ApiKeys, NewKey
from .metrics import Backlog, ServiceRateLimit, TaskMetrics, TaskTotals, RequestMetrics
from .registry import Changelog, FeedEntry, ChangelogEntry, PackageRegistry, ProjectResult, ReleaseFeed, Serials, SimplePageStatus, ProjectRequest, always
from .rendering import RenderCache, Renderer, RenderJob
from .enrichment import RateLimitStatus, RepositoryResult, RepositoryCache, RepositoryHost
from .index import SearchEngine
from .dependencies import RequestCounter, Dependencies

__all__ = [
    "RateLimitStatus",
    "ApiKeys",
    "Backlog",
    "CandidateSource",
    "Changelog",
    "Coordination",
    "DownloadResult",
    "DownloadStats",
    "CostEstimate",
    "Partitions",
    "FeedEntry",
    "RepositoryResult",
    "IndexAdmin",
    "ChangelogEntry",
    "Locks",
    "NewKey",
    "RateLimiter",
    "PackageIndex",
    "PackageRegistry",
    "ProjectDocuments",
    "ServiceRateLimit",
    "ProjectResult",
    "Rejection",
    "ReleaseFeed",
    "RenderCache",
    "Renderer",
    "RenderJob",
    "RepositoryCache",
    "RepositoryHost",
    "RequestCounter",
    "SearchEngine",
    "DedupStore",
    "Serials",
    "Dependencies",
    "SimplePageStatus",
    "TaskMetrics",
    "TaskTotals",
    "RequestMetrics",
    "MembershipCache",
    "ProjectRequest",
    "always",
]
