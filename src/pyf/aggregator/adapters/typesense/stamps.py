"""Numbers the writes of owners, so that of two the later one is known, whichever collection it went to."""

import time
from collections.abc import Callable
from threading import Lock


class Stamps:
    """Growing numbers: the time in microseconds, or one more than the last where the clock has not moved on.

    Several machines number by their clocks; writes of one project's owner are minutes apart at least.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._last = 0
        self._lock = Lock()

    def next(self) -> int:
        """Return a number above all that were given before."""
        with self._lock:
            self._last = max(self._last + 1, int(self._now() * 1_000_000))
            return self._last
