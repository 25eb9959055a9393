"""Remembers for moments what is the same for everybody, so that many who ask at once cost no more than one."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """What `look` has found, for so many seconds from then on; safe to share between threads.

    While one looks the others wait for what it finds, each key by itself. `clock` runs in seconds.
    """

    def __init__(
        self, look: Callable[[Key], Value], *, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._look = look
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._locks: dict[Key, Lock] = {}
        self._found: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key) -> Value:
        """Return what is remembered, or look; what fails is not remembered. Keys must be few."""
        if self._seconds <= 0:
            return self._look(key)
        with self._lock:
            lock = self._locks.setdefault(key, Lock())
        with lock:
            found = self._found.get(key)
            if found is None or self._clock() >= found[0]:
                value = self._look(key)
                found = self._found[key] = (self._clock() + self._seconds, value)
            return found[1]
