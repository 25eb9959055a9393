"""Remembers for moments what is the same for everybody, so that many who ask at once cost no more than one."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class TTLCache(Generic[Key, Value]):
    """What `look` has found, for so many seconds from then on; safe to share between threads.

    While one looks the others wait for what it finds, each key by itself. `clock` runs in seconds.
    """

    def __init__(
        self, load: Callable[[Key], Value], *, ttl: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._load = load
        self._ttl = ttl
        self._clock = clock
        self._lock = Lock()
        self._locks: dict[Key, Lock] = {}
        self._entries: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key) -> Value:
        """Return what is remembered, or look; what fails is not remembered. Keys must be few."""
        if self._ttl <= 0:
            return self._load(key)
        with self._lock:
            lock = self._locks.setdefault(key, Lock())
        with lock:
            entry = self._entries.get(key)
            if entry is None or self._clock() >= entry[0]:
                value = self._load(key)
                entry = self._entries[key] = (self._clock() + self._ttl, value)
            return entry[1]
