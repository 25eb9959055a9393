"""The ports: protocols of everything that use cases need from outside, with their failure contracts.

Ports accept and return batches (an iterable in, an iterator out), so that an adapter may request many at once. Every
port that use cases call has a fake in `testing`, and a contract suite in `tests/contracts` that all of its adapters
pass. Unless stated otherwise a call raises `Unavailable` if the service gives no usable response.
"""

from .coordination import Coordination, DedupStore, Locks, Partitions, RateLimiter
from .dependencies import Dependencies, RequestCounter
from .enrichment import (
    CostEstimate,
    DownloadResult,
    DownloadStats,
    RateLimitStatus,
    RepositoryCache,
    RepositoryHost,
    RepositoryResult,
)
from .index import ApiKeys, IndexAdmin, MembershipCache, NewKey, PackageIndex, ProjectDocuments, Rejection, SearchEngine
from .metrics import Backlog, RequestMetrics, ServiceRateLimit, TaskMetrics, TaskTotals
from .registry import (
    CandidateSource,
    Changelog,
    ChangelogEntry,
    FeedEntry,
    PackageRegistry,
    ProjectRequest,
    ProjectResult,
    ReleaseFeed,
    Serials,
    SimplePageStatus,
    always,
)
from .rendering import RenderCache, Renderer, RenderJob
from .webhooks import PackageRecord, ReceiverStatus, Webhooks, WebhookSender, WebhookStore

__all__ = [
    "ApiKeys",
    "Backlog",
    "CandidateSource",
    "Changelog",
    "ChangelogEntry",
    "Coordination",
    "CostEstimate",
    "DedupStore",
    "Dependencies",
    "DownloadResult",
    "DownloadStats",
    "FeedEntry",
    "IndexAdmin",
    "Locks",
    "MembershipCache",
    "NewKey",
    "PackageIndex",
    "PackageRecord",
    "PackageRegistry",
    "Partitions",
    "ProjectDocuments",
    "ProjectRequest",
    "ProjectResult",
    "RateLimitStatus",
    "RateLimiter",
    "ReceiverStatus",
    "Rejection",
    "ReleaseFeed",
    "RenderCache",
    "RenderJob",
    "Renderer",
    "RepositoryCache",
    "RepositoryHost",
    "RepositoryResult",
    "RequestCounter",
    "RequestMetrics",
    "SearchEngine",
    "Serials",
    "ServiceRateLimit",
    "SimplePageStatus",
    "TaskMetrics",
    "TaskTotals",
    "WebhookSender",
    "WebhookStore",
    "Webhooks",
    "always",
]
