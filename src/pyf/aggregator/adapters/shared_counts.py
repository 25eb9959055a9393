"""Adds up what the processes of one worker have counted, which tell it one another in a folder of small files."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from uuid import uuid4

import msgspec
from msgspec import Struct

from ..ports import ServiceRateLimit, TaskMetrics, TaskTotals, RequestMetrics


class _ProcessSnapshot(Struct, frozen=True):
    """All counts of one process."""

    pid: int
    requests: list[tuple[str, str, int]]
    rate_limits: list[ServiceRateLimit]
    tasks: list[tuple[str, str, TaskTotals]]
    running: dict[str, int]


_snapshot_decoder = msgspec.json.Decoder(_ProcessSnapshot)


class SharedMetrics:
    """The `Traffic` and `TaskMeter` of this process and of all that have published into the same folder.

    What a process has counted stays when it has ended; what it was working on does not. A forked child makes its own;
    any threads may use it.
    """

    def __init__(self, folder: Path, request_metrics: RequestMetrics, task_metrics: TaskMetrics) -> None:
        self._folder = folder
        self._request_metrics = request_metrics
        self._task_metrics = task_metrics
        self._file = folder / f"{uuid4().hex}.json"
        self._publish_lock = Lock()

    def publish(self) -> None:
        """Tell the others what this process has counted; a tenth of a millisecond."""
        with self._publish_lock:  # two threads would take away one another's unfinished file
            snapshot = _ProcessSnapshot(
                pid=os.getpid(),
                requests=[(*key, count) for key, count in self._request_metrics.count_by_outcome().items()],
                rate_limits=list(self._request_metrics.get_rate_limits()),
                tasks=[(*key, totals) for key, totals in self._task_metrics.get_totals().items()],
                running=dict(self._task_metrics.count_running()),
            )
            temp_file = self._file.with_suffix(".new")
            temp_file.write_bytes(msgspec.json.encode(snapshot))
            temp_file.replace(self._file)

    def count_by_outcome(self) -> Mapping[tuple[str, str], int]:
        counts = Counter(self._request_metrics.count_by_outcome())
        for snapshot in self._read_snapshots():
            for service, outcome, count in snapshot.requests:
                counts[service, outcome] += count
        return counts

    def get_rate_limits(self) -> Sequence[ServiceRateLimit]:
        """Return what was told last: of one period the one with the least left, whoever heard it."""
        latest: dict[tuple[str, str], ServiceRateLimit] = {}
        for rate_limit in (*self._request_metrics.get_rate_limits(), *(quota for snapshot in self._read_snapshots() for quota in snapshot.rate_limits)):
            key = rate_limit.service, rate_limit.kind
            if key not in latest or (rate_limit.resets_at, -rate_limit.remaining) > (latest[key].resets_at, -latest[key].remaining):
                latest[key] = rate_limit
        return list(latest.values())

    def get_totals(self) -> Mapping[tuple[str, str], TaskTotals]:
        counts = dict(self._task_metrics.get_totals())
        for snapshot in self._read_snapshots():
            for name, outcome, totals in snapshot.tasks:
                previous = counts.get((name, outcome), TaskTotals())
                counts[name, outcome] = TaskTotals(
                    count=previous.count + totals.count, seconds=previous.seconds + totals.seconds
                )
        return counts

    def count_running(self) -> Mapping[str, int]:
        counts = Counter(self._task_metrics.count_running())
        for snapshot in self._read_snapshots():
            if _is_alive(snapshot.pid):
                counts.update(snapshot.running)
        return counts

    def _read_snapshots(self) -> Iterator[_ProcessSnapshot]:
        for file in self._folder.glob("*.json"):
            if file != self._file:
                with suppress(OSError):  # the folder goes with the worker
                    yield _snapshot_decoder.decode(file.read_bytes())


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is there, and somebody else's
        return True
    return True
