"""TTL cache with single-flight loading."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class TTLCache(Generic[Key, Value]):
    """Results of `load`, each kept for `ttl` seconds; safe to share between threads.

    Concurrent calls for one key load once and wait for the result; other keys load in parallel.

    Args:
        load: computes the value of a key. An exception is passed on and not cached.
        ttl: in seconds; 0 or less disables the cache.
        max_size: entries above this count are dropped, the oldest first.
        clock: returns seconds.
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
