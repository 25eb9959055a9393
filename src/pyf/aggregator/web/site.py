"""State shared by all request handlers: dependencies, profiles, settings and caches."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import Generic, TypeVar

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from ..domain.errors import NotFound
from ..domain.membership.profile import Profile
from ..domain.search import SearchQuery
from ..metrics import Metrics
from ..ports import Dependencies
from ..settings import Settings
from ..usecases.collections.public import CollectionSummary, PublicCollection, get_collection, list_collections
from ..usecases.read.dashboard import Dashboard, build_dashboard
from ..usecases.read.readiness import BoardPage, ReadinessBoard, build_board
from ..usecases.read.search import get_hidden_names

# Seconds. Every page lists the collections, and counting them visits every package.
_COLLECTIONS_TTL = 1.0

# Seconds that a health check waits for its searches.
_CHECK_TIMEOUT = 2.0


class Site:
    """The index as the web server sees it. All methods read the index: call them in threads, not in the event loop."""

    def __init__(
        self, deps: Dependencies, profiles: Mapping[str, Profile], settings: Settings, *, is_static: bool = False
    ) -> None:
        self.is_static = is_static
        self.deps = deps
        self.profiles = profiles
        self.settings = settings
        self.metrics = Metrics(deps)
        # A file of 2 MB may take two seconds of CPU time.
        self.file_checks = asyncio.Semaphore(1)
        self._check_lock = Lock()
        self._check_executor = ThreadPoolExecutor(1, "health check")
        self._running_check: Future[None] | None = None
        ttl = settings.web_cache_max_age
        self._collections = TTLCache[None, Sequence[CollectionSummary]](
            lambda _: list_collections(deps, profiles), ttl=min(_COLLECTIONS_TTL, ttl)
        )
        # The hidden names are part of the key: an excluded package disappears at once, not when the entry expires.
        self._start_pages = TTLCache[tuple[str, frozenset[str]], Dashboard](
            lambda key: build_dashboard(deps, self.get_collection(key[0]).target), ttl=ttl
        )
        # Evaluating a hundred packages takes almost a tenth of a second.
        self._boards = TTLCache[tuple[str, str, str, int, frozenset[str]], ReadinessBoard](
            lambda key: build_board(
                deps,
                self.get_collection(key[0]).target,
                framework=key[1],
                python=key[2],
                page=BoardPage(number=key[3]),
            ),
            ttl=ttl,
        )

    def get_collection(self, key: str) -> PublicCollection:
        """Return a public collection; raises `NotFound` if there is none of this name."""
        return get_collection(self.deps, self.profiles, key)

    def list_collections(self) -> Sequence[CollectionSummary]:
        """List the public collections."""
        return self._collections.get(None)

    def check(self) -> int:
        """Read and search every public collection, as pages do, and return the number of all collections."""
        count = len(self.deps.admin.list_collections())
        with self._check_lock:
            if self._running_check is None or self._running_check.done():
                self._running_check = self._check_executor.submit(self._search_collections)
            running_check = self._running_check
        with suppress(TimeoutError):  # a search that is slow does not fail
            running_check.result(_CHECK_TIMEOUT)
        return count

    def _search_collections(self) -> None:
        for summary in self.list_collections():
            with suppress(NotFound):  # deleted in this second
                self.deps.search.search(summary.collection.target.collection, SearchQuery(per_page=1))

    def get_start_page(self, collection: PublicCollection) -> Dashboard:
        """Return the start page of a collection, at most `WEB_CACHE_MAX_AGE` seconds old."""
        return self._start_pages.get((collection.key, get_hidden_names(self.deps, collection.target)))

    def get_board(self, collection: PublicCollection, framework: str, python: str, page: int = 1) -> ReadinessBoard:
        """Return the readiness board of a collection, at most `WEB_CACHE_MAX_AGE` seconds old."""
        hidden_names = get_hidden_names(self.deps, collection.target)
        return self._boards.get((collection.key, framework.strip(), python.strip(), page, hidden_names))


# The type of a handler's parameter `site`.
InjectedSite = NamedDependency[SkipValidation[Site]]


Key = TypeVar("Key")
Value = TypeVar("Value")


class TTLCache(Generic[Key, Value]):
    """Results of `load`, each kept for `ttl` seconds; safe to share between threads.

    Concurrent calls for one key load once and wait for the result; other keys load in parallel.

    Args:
        load: Computes the value of a key. An exception is passed on and not cached.
        ttl: Seconds; 0 or less disables the cache.
        max_size: Entries above this count are dropped, the oldest first.
        clock: Returns seconds.
    """

    def __init__(
        self,
        load: Callable[[Key], Value],
        *,
        ttl: float,
        max_size: int = 100,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._ttl = ttl
        self._max_size = max_size
        self._clock = clock
        self._lock = Lock()
        # By key: a lock for loading, and the cached value with its expiry.
        self._entries: dict[Key, tuple[Lock, list[tuple[float, Value]]]] = {}

    def get(self, key: Key) -> Value:
        """Return the cached value, or load it."""
        if self._ttl <= 0:
            return self._load(key)
        with self._lock:
            lock, cached = self._entries.setdefault(key, (Lock(), []))
            if len(self._entries) > self._max_size:
                del self._entries[next(iter(self._entries))]
        with lock:
            if not cached or self._clock() >= cached[0][0]:
                value = self._load(key)
                cached[:] = [(self._clock() + self._ttl, value)]
            return cached[0][1]
