"""Counts what becomes of a worker's tasks, for those who operate it."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock

from ..ports import TaskTotals


class LocalTaskMetrics:
    """The `TaskMeter` of one process; may be written and read by any threads. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._running: dict[str, tuple[str, float]] = {}
        self._totals: dict[tuple[str, str], TaskTotals] = {}

    def start(self, task_id: str, name: str) -> None:
        """Note that a task is being worked on; the same one begun again has begun now."""
        with self._lock:
            self._running[task_id] = name, self._clock()

    def finish(self, task_id: str, outcome: str) -> float:
        """Note what became of a task and return how many seconds it took; one that never began counts for nothing."""
        with self._lock:
            if task_id not in self._running:
                return 0.0
            name, started_at = self._running.pop(task_id)
            seconds = self._clock() - started_at
            previous = self._totals.get((name, outcome), TaskTotals())
            self._totals[name, outcome] = TaskTotals(count=previous.count + 1, seconds=previous.seconds + seconds)
            return seconds

    def get_totals(self) -> Mapping[tuple[str, str], TaskTotals]:
        with self._lock:
            return dict(self._totals)

    def count_running(self) -> Mapping[str, int]:
        with self._lock:
            return Counter(name for name, _ in self._running.values())
