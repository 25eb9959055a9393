"""Read the registry's RSS feeds and queue new entries: quickly, but not completely; the changelog is complete."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from ...domain.errors import AggregatorError, Unavailable
from ...ports import DedupStore, Dependencies, FeedEntry
from ..report import RunReport

ResultT = TypeVar("ResultT")

# Seconds for which an entry is reserved while it is being queued. If the process dies meanwhile, the run after the
# next one queues the entry.
RESERVATION_TTL = 90


class Feed(StrEnum):
    """The feeds, by their name in keys."""

    NEW = "new"
    UPDATE = "update"


@dataclass
class FeedReport(RunReport):
    """The report of reading a feed.

    Attributes:
        found: Entries of the feed.
        queued: Entries queued by this run.
        seen: Entries queued by an earlier run.
    """

    found: int = 0
    queued: int = 0
    seen: int = 0


def build_dedup_key(name: str, version: str) -> str:
    """Return the key of an entry by its normalized name; without a version it is a new package.

    Versions of one package are separate entries, and a package is new once.
    """
    return f"pyf:dedup:{Feed.UPDATE}:{name}:{version}" if version else f"pyf:dedup:{Feed.NEW}:{name}"


def read_feed(
    deps: Dependencies, feed: Feed, dedup_store: DedupStore, *, ttl: int, enqueue: Callable[[FeedEntry], None]
) -> FeedReport:
    """Read a feed in one request and enqueue each new entry, the oldest first.

    If the store is unavailable, every entry is queued: reading a package twice is cheap. An entry is stored only once
    it is queued.

    Args:
        ttl: Seconds for which an entry is stored; 0 disables the store.
        enqueue: Raises `Unavailable` if the entry can't be queued; the next run queues it.
    """
    report = FeedReport(f"rss {feed}", "")
    deduplicator = _Deduplicator(dedup_store, ttl)
    with report.recording(deps):
        entries = _fetch_entries(deps, feed)
        report.found = len(entries)
        for entry in reversed(entries):
            key = build_dedup_key(entry.name, entry.version)
            if not deduplicator.reserve(key):
                report.seen += 1
                continue
            try:
                enqueue(entry)
            except AggregatorError:
                deduplicator.release(key)
                raise
            deduplicator.confirm(key)
            report.queued += 1
    if deduplicator.failure is not None:
        report.notices.append(f"the deduplication store is unavailable; every entry was queued: {deduplicator.failure}")
    return report


def _fetch_entries(deps: Dependencies, feed: Feed) -> Sequence[FeedEntry]:
    return deps.feed.fetch_newest_projects() if feed is Feed.NEW else deps.feed.fetch_newest_releases()


class _Deduplicator:
    """The store until its first failure; from then on every entry is new."""

    def __init__(self, store: DedupStore, ttl: int) -> None:
        self._store = store
        self._ttl = ttl
        self.failure: Unavailable | None = None

    def reserve(self, key: str) -> bool:
        return self._call_store(lambda: self._store.reserve(key, min(RESERVATION_TTL, self._ttl)), default=True)

    def confirm(self, key: str) -> None:
        self._call_store(lambda: self._store.confirm(key, self._ttl), default=None)

    def release(self, key: str) -> None:
        self._call_store(lambda: self._store.release(key), default=None)

    def _call_store(self, call: Callable[[], ResultT], *, default: ResultT) -> ResultT:
        if not self._ttl or self.failure is not None:
            return default
        try:
            return call()
        except Unavailable as failure:
            self.failure = failure
            return default
