"""Cached statistics of the collections, so that a slow index does not block a scrape."""

import time
from collections.abc import Callable
from threading import Condition, Thread

from msgspec import Struct

from ..domain.errors import AggregatorError
from ..ports import Dependencies
from ..usecases.collections.overview import read_overview


class CollectionStats(Struct, frozen=True, kw_only=True):
    """A collection under one of its names; times in Unix seconds, None is unknown."""

    name: str
    project_count: int
    document_count: int
    stale_count: int
    cursor: int | None
    cursor_confirmed_at: int | None


def fetch_collection_stats(deps: Dependencies) -> list[CollectionStats]:
    """Read the statistics of all collections, without leftovers of rebuilds."""
    return [
        CollectionStats(
            name=name,
            project_count=entry.info.projects,
            document_count=entry.info.documents,
            stale_count=len(entry.state.stale_retries),
            cursor=entry.state.cursor,
            cursor_confirmed_at=entry.state.cursor_confirmed_at or None,
        )
        for entry in read_overview(deps).collections
        for name in entry.names
    ]


class CollectionStatsCache:
    """Latest statistics; loaded again by a single background thread when they are older than `ttl` seconds.

    Args:
        timeout: seconds that a caller waits for a running load.
    """

    def __init__(self, load: Callable[[], list[CollectionStats]], *, ttl: float = 5.0, timeout: float = 5.0) -> None:
        self._load = load
        self._ttl = ttl
        self._timeout = timeout
        self._changed = Condition()
        self._is_loading = False
        self._loaded_at = float("-inf")
        self._stats: list[CollectionStats] | None = None

    def get_latest(self) -> list[CollectionStats] | None:
        """Return the statistics, None if the index does not answer in time."""
        with self._changed:
            if time.monotonic() - self._loaded_at <= self._ttl:
                return self._stats
            if not self._is_loading:
                self._is_loading = True
                Thread(target=self._refresh, name="collection-stats", daemon=True).start()
            is_done = self._changed.wait_for(lambda: not self._is_loading, timeout=self._timeout)
            return self._stats if is_done else None

    def _refresh(self) -> None:
        stats: list[CollectionStats] | None = None
        try:
            stats = self._load()
        except AggregatorError:
            stats = None  # reported by `pyf_index_up` 0
        finally:
            with self._changed:
                self._stats, self._loaded_at, self._is_loading = stats, time.monotonic(), False
                self._changed.notify_all()
