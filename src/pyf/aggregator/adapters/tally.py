"""Counts what is asked, altogether and on behalf of each piece of work, however many go on at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock


class Tally:
    """A `RequestMeter`; whoever asks notes it in the context of the work that it asks for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0
        # The counts of the pieces of work that are under way in a context, the outermost first.
        self._under_way: ContextVar[tuple[list[int], ...]] = ContextVar("under_way", default=())

    def note(self) -> None:
        """Count one."""
        with self._lock:
            self._count += 1
            for count in self._under_way.get():
                count[0] += 1

    def count(self) -> int:
        return self._count

    @contextmanager
    def counting(self) -> Iterator[Callable[[], int]]:
        count = [0]
        before = self._under_way.set((*self._under_way.get(), count))
        try:
            yield lambda: count[0]
        finally:
            self._under_way.reset(before)
