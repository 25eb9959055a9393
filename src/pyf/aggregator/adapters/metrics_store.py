"""Counters of requests and tasks, per process and summed over the processes of one worker."""

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread
from uuid import uuid4

import msgspec
from msgspec import Struct

from ..ports import RequestMetrics, ServiceRateLimit, TaskMetrics, TaskTotals

# Larger values of a rate limit's `Reset` header are Unix seconds, smaller ones seconds from now.
_MIN_TIMESTAMP = 1_000_000_000

# Seconds between two publications of the counters of a process.
_PUBLISHING_INTERVAL = 1.0


class LocalRequestMetrics:
    """The port `RequestMetrics` of one process; thread-safe."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._rate_limits: dict[tuple[str, str], ServiceRateLimit] = {}

    def record(self, service: str, outcome: str) -> None:
        """Count a finished request by an outcome of `RequestMetrics`."""
        with self._lock:
            self._counts[service, outcome] += 1

    def record_headers(self, service: str, headers: Mapping[str, str]) -> None:
        """Store the rate limit that a response's headers report; `headers` must be case-insensitive."""
        for prefix in ("X-RateLimit-", "RateLimit-"):
            remaining, limit, reset = (
                _parse_number(headers.get(prefix + name, "")) for name in ("Remaining", "Limit", "Reset")
            )
            if remaining is None or limit is None:
                continue
            kind = headers.get(prefix + "Resource", "")[:40]
            resets_at = float(reset or 0) if (reset or 0) >= _MIN_TIMESTAMP else self._now() + (reset or 0)
            rate_limit = ServiceRateLimit(
                service=service, kind=kind, remaining=remaining, limit=limit, resets_at=resets_at
            )
            with self._lock:
                self._rate_limits[service, kind] = rate_limit
            return

    def list_processes(self) -> Collection[int]:
        return (os.getpid(),)

    def count_by_outcome(self) -> Mapping[tuple[str, str], int]:
        with self._lock:
            return dict(self._counts)

    def get_rate_limits(self) -> Sequence[ServiceRateLimit]:
        with self._lock:
            return list(self._rate_limits.values())


def _parse_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


class LocalTaskMetrics:
    """The port `TaskMetrics` of one process; thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._running: dict[str, tuple[str, float]] = {}
        self._totals: dict[tuple[str, str], TaskTotals] = {}

    def start(self, task_id: str, name: str) -> None:
        """Record the start of a task; a restarted task counts from now."""
        with self._lock:
            self._running[task_id] = name, self._clock()

    def finish(self, task_id: str, outcome: str) -> float:
        """Count a finished task and return its duration in seconds, 0 for a task without a recorded start."""
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


class _ProcessSnapshot(Struct, frozen=True):
    """All counters of one process, as published."""

    pid: int
    requests: list[tuple[str, str, int]]
    rate_limits: list[ServiceRateLimit]
    tasks: list[tuple[str, str, TaskTotals]]
    running: dict[str, int]


_snapshot_decoder = msgspec.json.Decoder(_ProcessSnapshot)


class SharedMetrics:
    """The ports `RequestMetrics` and `TaskMetrics`, summed over all processes that publish into one folder.

    Counts of ended processes stay, their running tasks do not. Thread-safe; a forked child creates its own instance.
    """

    def __init__(self, folder: Path, request_metrics: RequestMetrics, task_metrics: TaskMetrics) -> None:
        self._folder = folder
        self._request_metrics = request_metrics
        self._task_metrics = task_metrics
        self._file = folder / f"{uuid4().hex}.json"
        self._publish_lock = Lock()

    def publish(self) -> None:
        """Write this process's counters for the other processes; takes 0.1 ms."""
        with self._publish_lock:  # threads share the temporary file
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

    def list_processes(self) -> Collection[int]:
        return {os.getpid(), *(snapshot.pid for snapshot in self._read_snapshots() if _is_alive(snapshot.pid))}

    @contextmanager
    def publishing(self, interval: float = _PUBLISHING_INTERVAL) -> Iterator[None]:
        """Publish at once, at intervals and at the end."""
        is_ended = Event()

        def publish_repeatedly() -> None:
            while not is_ended.wait(interval):
                self.publish()

        self.publish()
        thread = Thread(target=publish_repeatedly, name="publish-metrics", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_ended.set()
            thread.join()
            with suppress(OSError):  # the folder may be gone already
                self.publish()

    def count_by_outcome(self) -> Mapping[tuple[str, str], int]:
        counts = Counter(self._request_metrics.count_by_outcome())
        for snapshot in self._read_snapshots():
            for service, outcome, count in snapshot.requests:
                counts[service, outcome] += count
        return counts

    def get_rate_limits(self) -> Sequence[ServiceRateLimit]:
        """Return the newest limits; of the same period the one with the fewest remaining requests."""
        latest: dict[tuple[str, str], ServiceRateLimit] = {}
        for rate_limit in (
            *self._request_metrics.get_rate_limits(),
            *(quota for snapshot in self._read_snapshots() for quota in snapshot.rate_limits),
        ):
            key = rate_limit.service, rate_limit.kind
            if key not in latest or (rate_limit.resets_at, -rate_limit.remaining) > (
                latest[key].resets_at,
                -latest[key].remaining,
            ):
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
                with suppress(OSError):  # the worker removes the folder when it ends
                    yield _snapshot_decoder.decode(file.read_bytes())


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it exists, but belongs to another user
        return True
    return True
