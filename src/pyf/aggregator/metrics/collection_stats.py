"""What the index holds, looked up now and then, whoever asks: an index that is slow must not hold a scrape up."""

import time
from collections.abc import Callable
from threading import Condition, Thread

from msgspec import Struct

from ..domain.errors import AggregatorError
from ..ports import Dependencies
from ..usecases.collections.overview import read_overview


class CollectionStats(Struct, frozen=True, kw_only=True):
    """One collection under one of the names that people use; times in Unix seconds, None where not known."""

    name: str
    project_count: int
    document_count: int
    stale_count: int
    cursor: int | None
    cursor_confirmed_at: int | None


def fetch_collection_stats(deps: Dependencies) -> list[CollectionStats]:
    """Look the collections up, leftovers of rebuilds left out; raises what the index raises."""
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
    """The last facts, looked up anew when they are older than `fresh_for`; waits for them `patience` seconds at most.

    However many ask, one look is under way at a time, in a thread of its own that may wait for a server.
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
        """Return the facts, None where the index does not answer, or not in time."""
        with self._changed:
            if time.monotonic() - self._loaded_at <= self._ttl:
                return self._stats
            if not self._is_loading:
                self._is_loading = True
                Thread(target=self._refresh, name="index facts", daemon=True).start()
            is_done = self._changed.wait_for(lambda: not self._is_loading, timeout=self._timeout)
            return self._stats if is_done else None

    def _refresh(self) -> None:
        stats: list[CollectionStats] | None = None
        try:
            stats = self._load()
        except AggregatorError:
            stats = None  # told as such: `pyf_index_up` is 0
        finally:
            with self._changed:
                self._stats, self._loaded_at, self._is_loading = stats, time.monotonic(), False
                self._changed.notify_all()
