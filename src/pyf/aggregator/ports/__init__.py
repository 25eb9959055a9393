"""What the use cases need from outside, each need with its failure contract.

A port takes and gives batches (an iterable in, an iterator out), so that an adapter may ask many at once. Every
port has an adapter in memory, and one contract suite under `tests/contracts` that all of its adapters pass.
Unless stated otherwise a call raises `Unavailable` where the service behind it gives no usable answer.
"""

from .candidates import Candidates
from .coordination import Coordination, Errands, Locks, Pace, SeenStore
from .downloads import Count, DownloadStats, Effort
from .index import IndexAdmin, PackageIndex, ProjectDocuments, Rejection, VerdictStore
from .keys import ApiKeys, NewKey
from .operation import Backlog, Quota, TaskMeter, TaskTime, Traffic
from .registry import (
    ChangeJournal,
    FeedEntry,
    JournalEntry,
    PackageRegistry,
    Reading,
    ReleaseFeed,
    Serials,
    Standing,
    Wanted,
    whatever_it_is,
)
from .rendering import RenderCache, Renderer, Rendering
from .repositories import Allowance, Finding, RepositoryCache, RepositoryHost
from .search import SearchEngine
from .services import RequestMeter, Services

__all__ = [
    "Allowance",
    "ApiKeys",
    "Backlog",
    "Candidates",
    "ChangeJournal",
    "Coordination",
    "Count",
    "DownloadStats",
    "Effort",
    "Errands",
    "FeedEntry",
    "Finding",
    "IndexAdmin",
    "JournalEntry",
    "Locks",
    "NewKey",
    "Pace",
    "PackageIndex",
    "PackageRegistry",
    "ProjectDocuments",
    "Quota",
    "Reading",
    "Rejection",
    "ReleaseFeed",
    "RenderCache",
    "Renderer",
    "Rendering",
    "RepositoryCache",
    "RepositoryHost",
    "RequestMeter",
    "SearchEngine",
    "SeenStore",
    "Serials",
    "Services",
    "Standing",
    "TaskMeter",
    "TaskTime",
    "Traffic",
    "VerdictStore",
    "Wanted",
    "whatever_it_is",
]
