"""Counts what becomes of a worker's tasks, for those who operate it."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock

from ..ports import TaskTime


class TaskCount:
    """The `TaskMeter` of one process; may be written and read by any threads. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._begun: dict[str, tuple[str, float]] = {}
        self._ended: dict[tuple[str, str], TaskTime] = {}

    def begin(self, id_: str, name: str) -> None:
        """Note that a task is being worked on; the same one begun again has begun now."""
        with self._lock:
            self._begun[id_] = name, self._clock()

    def end(self, id_: str, outcome: str) -> float:
        """Note what became of a task and return how many seconds it took; one that never began counts for nothing."""
        with self._lock:
            if id_ not in self._begun:
                return 0.0
            name, begun = self._begun.pop(id_)
            seconds = self._clock() - begun
            before = self._ended.get((name, outcome), TaskTime())
            self._ended[name, outcome] = TaskTime(count=before.count + 1, seconds=before.seconds + seconds)
            return seconds

    def tasks(self) -> Mapping[tuple[str, str], TaskTime]:
        with self._lock:
            return dict(self._ended)

    def under_way(self) -> Mapping[str, int]:
        with self._lock:
            return Counter(name for name, _ in self._begun.values())
