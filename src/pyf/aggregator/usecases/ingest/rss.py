"""What a registry's feed announces, and the key by which it is remembered that an announcement was dealt with.

Read a feed of news and hand on what was not handed on before: fast, and not complete; the journal is that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from ...domain.errors import AggregatorError, Unavailable
from ...ports import DedupStore, Dependencies, FeedEntry
from ..report import RunReport


class Feed(StrEnum):
    """The feeds, by what their keys call them."""

    NEW = "new"
    UPDATE = "update"


def build_dedup_key(name: str, version: str) -> str:
    """Return the key of an announcement, of a normalised name; a new project's has no version.

    So versions of one project do not hide one another, and a project is new once.
    """
    return f"pyf:dedup:{Feed.UPDATE}:{name}:{version}" if version else f"pyf:dedup:{Feed.NEW}:{name}"


ResultT = TypeVar("T")

# Seconds for which an announcement is spoken for while it is being queued. Who dies in between has not queued it: the
# run after the next one does.
RESERVATION_TTL = 90


@dataclass
class FeedReport(RunReport):
    """What reading a feed did: `found` entries, of which `queued` were handed on and `seen` had been before."""

    found: int = 0
    queued: int = 0
    seen: int = 0


def read_feed(
    deps: Dependencies, feed: Feed, dedup_store: DedupStore, *, ttl: int, enqueue: Callable[[FeedEntry], None]
) -> FeedReport:
    """Read a feed and `queue` each entry that was not queued within `ttl` seconds, the oldest first; one request.

    With a `ttl` of 0 nothing is remembered, and the store is not asked. Where the store does not answer, every entry
    is queued: what was looked at before costs a look more. An entry is remembered only once it is queued; `queue`
    raises `Unavailable` where it can't be, and the entry is free for the next run.
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
        report.notices.append(f"what was seen before is not known: {deduplicator.failure}")
    return report


def _fetch_entries(deps: Dependencies, feed: Feed) -> Sequence[FeedEntry]:
    return deps.feed.fetch_newest_projects() if feed is Feed.NEW else deps.feed.fetch_newest_releases()


class _Deduplicator:
    """The store as long as it answers; after its first failure nothing was seen before."""

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
