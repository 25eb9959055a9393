"""Collect the metrics at each scrape, and serve them for processes without a web server.

Statistics of collections are cached, so that a slow index does not block a scrape.
"""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Condition, Thread

from msgspec import Struct
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from .. import __version__
from ..domain.errors import AggregatorError, Invalid, Unavailable
from ..ports import Backlog, Dependencies, RequestMetrics, TaskMetrics
from ..usecases.collections.overview import read_overview
from ..usecases.webhooks import Receiver, list_receivers
from . import definitions


class CollectionStats(Struct, frozen=True, kw_only=True):
    """A collection under one of its names; times in Unix seconds, None is unknown."""

    name: str
    project_count: int
    document_count: int
    stale_count: int
    cursor: int | None
    cursor_confirmed_at: int | None


def fetch_collection_stats(deps: Dependencies) -> list[CollectionStats]:
    """Read the statistics of all collections, without leftovers of rebuilds."""
    return [
        CollectionStats(
            name=name,
            project_count=entry.info.projects,
            document_count=entry.info.documents,
            stale_count=len(entry.state.stale_retries),
            cursor=entry.state.cursor,
            cursor_confirmed_at=entry.state.cursor_confirmed_at or None,
        )
        for entry in read_overview(deps).collections
        for name in entry.names
    ]


class CollectionStatsCache:
    """Latest statistics; loaded again by a single background thread when they are older than `ttl` seconds.

    Args:
        timeout: seconds that a caller waits for a running load.
    """

    def __init__(self, load: Callable[[], list[CollectionStats]], *, ttl: float = 5.0, timeout: float = 5.0) -> None:
        self._load = load
        self._ttl = ttl
        self._timeout = timeout
        self._changed = Condition()
        self._is_loading = False
        self._loaded_at = float("-inf")
        self._stats: list[CollectionStats] | None = None

    def get_latest(self) -> list[CollectionStats] | None:
        """Return the statistics, None if the index does not respond in time."""
        with self._changed:
            if time.monotonic() - self._loaded_at <= self._ttl:
                return self._stats
            if not self._is_loading:
                self._is_loading = True
                Thread(target=self._refresh, name="collection-stats", daemon=True).start()
            is_done = self._changed.wait_for(lambda: not self._is_loading, timeout=self._timeout)
            return self._stats if is_done else None

    def _refresh(self) -> None:
        stats: list[CollectionStats] | None = None
        try:
            stats = self._load()
        except AggregatorError:
            stats = None  # reported by `pyf_index_up` 0
        finally:
            with self._changed:
                self._stats, self._loaded_at, self._is_loading = stats, time.monotonic(), False
                self._changed.notify_all()


CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """All metrics of a process; workers add `tasks` and `backlog`. Safe to share between threads."""

    def __init__(self, deps: Dependencies, *, tasks: TaskMetrics | None = None, backlog: Backlog | None = None) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(ProcessGroupCollector(deps.request_metrics.list_processes))
        self.registry.register(AppCollector(deps, tasks, backlog))

    def render(self) -> bytes:
        """Return all metrics as `CONTENT_TYPE`; takes up to five seconds if the index does not respond."""
        return generate_latest(self.registry)


class ProcessGroupCollector(Collector):
    """Adds up the CPU time, memory and open files of several processes; their start time is the earliest."""

    def __init__(self, list_processes: Callable[[], Collection[int]]) -> None:
        self._list_processes = list_processes

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics `process_*`; none on a system that does not report them."""
        metrics: dict[str, list[Metric]] = {}
        for pid in self._list_processes():
            for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                metrics.setdefault(metric.name, []).append(metric)
        for name, (metric, *others) in metrics.items():
            merge = min if name == "process_start_time_seconds" else sum
            (sample,) = metric.samples
            value = merge([sample.value, *(other.samples[0].value for other in others)])
            metric.samples = [sample._replace(value=value)]
            yield metric


class AppCollector(Collector):
    """Collects the metrics of this program from its counters and the index."""

    def __init__(self, deps: Dependencies, tasks: TaskMetrics | None, backlog: Backlog | None) -> None:
        self._deps = deps
        self._tasks = tasks
        self._backlog = backlog
        self._collection_stats = CollectionStatsCache(lambda: fetch_collection_stats(deps))

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        yield definitions.BUILD_INFO.to_family({(__version__,): 1})
        yield from _iter_request_metrics(self._deps.request_metrics)
        yield from _iter_index_metrics(self._collection_stats.get_latest(), self._deps.now())
        yield from _iter_webhook_metrics(self._deps)
        if self._tasks is not None:
            yield from _iter_task_metrics(self._tasks)
        if self._backlog is not None:
            yield from _iter_queue_metrics(self._backlog)


def _iter_request_metrics(metrics: RequestMetrics) -> Iterator[Metric]:
    rate_limits = {(rate_limit.service, rate_limit.kind): rate_limit for rate_limit in metrics.get_rate_limits()}
    yield definitions.REQUESTS.to_family(metrics.count_by_outcome())
    yield definitions.RATE_LIMIT_REMAINING.to_family(
        {key: rate_limit.remaining for key, rate_limit in rate_limits.items()}
    )
    yield definitions.RATE_LIMIT.to_family({key: rate_limit.limit for key, rate_limit in rate_limits.items()})
    yield definitions.RATE_LIMIT_RESET.to_family({key: rate_limit.resets_at for key, rate_limit in rate_limits.items()})


def _iter_index_metrics(stats: list[CollectionStats] | None, now: float) -> Iterator[Metric]:
    collections = stats or []
    ages = {
        (collection.name,): max(0.0, now - collection.cursor_confirmed_at)
        for collection in collections
        if collection.cursor_confirmed_at is not None
    }
    yield definitions.INDEX_UP.to_family({(): int(stats is not None)})
    yield definitions.PROJECTS.to_family({(collection.name,): collection.project_count for collection in collections})
    yield definitions.DOCUMENTS.to_family({(collection.name,): collection.document_count for collection in collections})
    yield definitions.NEWEST_CHANGE_AGE.to_family(ages)
    yield definitions.CURSOR_SERIAL.to_family(
        {(collection.name,): collection.cursor for collection in collections if collection.cursor is not None}
    )
    yield definitions.STALE_PROJECTS.to_family(
        {(collection.name,): collection.stale_count for collection in collections}
    )


def _iter_webhook_metrics(deps: Dependencies) -> Iterator[Metric]:
    receivers: list[Receiver] = []
    with suppress(AggregatorError):  # reported by `pyf_index_up` 0
        receivers = list_receivers(deps)
    yield definitions.WEBHOOK_DELIVERIES.to_family(
        {(receiver.name, "delivered"): receiver.status.delivered for receiver in receivers}
        | {(receiver.name, "failed"): receiver.status.failed for receiver in receivers}
    )
    yield definitions.WEBHOOKS_WAITING.to_family({(receiver.name,): receiver.status.waiting for receiver in receivers})


def _iter_task_metrics(task_metrics: TaskMetrics) -> Iterator[Metric]:
    totals_by_task = task_metrics.get_totals()
    yield definitions.TASKS.to_family({key: totals.count for key, totals in totals_by_task.items()})
    yield definitions.TASK_SECONDS.to_family({key: totals.seconds for key, totals in totals_by_task.items()})
    yield definitions.TASKS_RUNNING.to_family({(name,): count for name, count in task_metrics.count_running().items()})


def _iter_queue_metrics(backlog: Backlog) -> Iterator[Metric]:
    lengths: tuple[int, int] | None = None
    with suppress(Unavailable):  # reported by `pyf_queue_up` 0
        lengths = backlog.get_lengths()
    yield definitions.QUEUE_UP.to_family({(): int(lengths is not None)})
    yield definitions.QUEUE_LENGTH.to_family({(): lengths[0]} if lengths else {})
    yield definitions.QUEUE_UNACKED.to_family({(): lengths[1]} if lengths else {})


@contextmanager
def serve_metrics(metrics: Metrics, *, host: str, port: int) -> Iterator[None]:
    """Serve `/metrics` on a port while the context is open; raises `Invalid` if the port is not available."""
    try:
        server, thread = start_http_server(port, host, metrics.registry)
    except OSError as error:
        raise Invalid(f"METRICS_PORT={port}: cannot serve metrics on {host}: {error.strerror}") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
