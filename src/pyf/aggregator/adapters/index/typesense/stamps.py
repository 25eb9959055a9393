"""Numbers writes, so that the later of two is known, and search indexes can follow them."""

import time
from collections.abc import Callable
from threading import Lock


class Stamps:
    """Growing numbers: the time in microseconds, or one more than the last where the clock has not moved on.

    Several machines number by their clocks; before they write, they raise their numbers above a collection's.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._last = 0
        self._lock = Lock()

    def raise_above(self, number: int) -> None:
        """Have all further numbers be above this one."""
        with self._lock:
            self._last = max(self._last, number)

    def next(self, *, above: int = 0) -> int:
        """Return a number above this one, and above all that were given before."""
        with self._lock:
            self._last = max(self._last + 1, above + 1, int(self._now() * 1_000_000))
            return self._last
