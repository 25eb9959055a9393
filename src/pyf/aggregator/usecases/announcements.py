"""Read a feed of news and hand on what was not handed on before: fast, and not complete; the journal is that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..domain.announcement import Feed, dedup_key
from ..domain.errors import AggregatorError, Unavailable
from ..ports import FeedEntry, SeenStore, Services
from .report import RunReport

T = TypeVar("T")

# Seconds for which an announcement is spoken for while it is being queued. Who dies in between has not queued it: the
# run after the next one does.
CLAIM = 90


@dataclass
class FeedReport(RunReport):
    """What reading a feed did: `found` entries, of which `queued` were handed on and `seen` had been before."""

    found: int = 0
    queued: int = 0
    seen: int = 0


def read_announcements(
    services: Services, feed: Feed, seen: SeenStore, *, ttl: int, queue: Callable[[FeedEntry], None]
) -> FeedReport:
    """Read a feed and `queue` each entry that was not queued within `ttl` seconds, the oldest first; one request.

    With a `ttl` of 0 nothing is remembered, and the store is not asked. Where the store does not answer, every entry
    is queued: what was looked at before costs a look more. An entry is remembered only once it is queued; `queue`
    raises `Unavailable` where it can't be, and the entry is free for the next run.
    """
    report = FeedReport(f"rss {feed}", "")
    memory = _Memory(seen, ttl)
    with report.covering(services):
        entries = _entries(services, feed)
        report.found = len(entries)
        for entry in reversed(entries):
            key = dedup_key(entry.name, entry.version)
            if not memory.is_ours(key):
                report.seen += 1
                continue
            try:
                queue(entry)
            except AggregatorError:
                memory.free(key)
                raise
            memory.keep(key)
            report.queued += 1
    if memory.failure is not None:
        report.notices.append(f"what was seen before is not known: {memory.failure}")
    return report


def _entries(services: Services, feed: Feed) -> Sequence[FeedEntry]:
    return services.feed.newest_projects() if feed is Feed.NEW else services.feed.newest_releases()


class _Memory:
    """The store as long as it answers; after its first failure nothing was seen before."""

    def __init__(self, seen: SeenStore, ttl: int) -> None:
        self._seen = seen
        self._ttl = ttl
        self.failure: Unavailable | None = None

    def is_ours(self, key: str) -> bool:
        return self._asked(lambda: self._seen.claim(key, min(CLAIM, self._ttl)), otherwise=True)

    def keep(self, key: str) -> None:
        self._asked(lambda: self._seen.keep(key, self._ttl), otherwise=None)

    def free(self, key: str) -> None:
        self._asked(lambda: self._seen.free(key), otherwise=None)

    def _asked(self, question: Callable[[], T], *, otherwise: T) -> T:
        if not self._ttl or self.failure is not None:
            return otherwise
        try:
            return question()
        except Unavailable as failure:
            self.failure = failure
            return otherwise
