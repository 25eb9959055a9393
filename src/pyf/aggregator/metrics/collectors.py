"""Collect the metrics at each scrape, and serve them for processes without a web server."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

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
from ..domain.errors import Invalid, Unavailable
from ..ports import Backlog, Dependencies, RequestMetrics, TaskMetrics
from . import definitions
from .collection_stats import CollectionStats, CollectionStatsCache, fetch_collection_stats

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """All metrics of a process; workers add `tasks` and `backlog`. Safe to share between threads."""

    def __init__(self, deps: Dependencies, *, tasks: TaskMetrics | None = None, backlog: Backlog | None = None) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        self.registry.register(AppCollector(deps, tasks, backlog))

    def render(self) -> bytes:
        """Return all metrics as `CONTENT_TYPE`; takes up to five seconds if the index does not answer."""
        return generate_latest(self.registry)


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
        yield from _request_metrics(self._deps.request_metrics)
        yield from _index_metrics(self._collection_stats.get_latest(), self._deps.now())
        if self._tasks is not None:
            yield from _task_metrics(self._tasks)
        if self._backlog is not None:
            yield from _queue_metrics(self._backlog)


def _request_metrics(metrics: RequestMetrics) -> Iterator[Metric]:
    rate_limits = {(rate_limit.service, rate_limit.kind): rate_limit for rate_limit in metrics.get_rate_limits()}
    yield definitions.REQUESTS.to_family(metrics.count_by_outcome())
    yield definitions.RATE_LIMIT_REMAINING.to_family(
        {key: rate_limit.remaining for key, rate_limit in rate_limits.items()}
    )
    yield definitions.RATE_LIMIT.to_family({key: rate_limit.limit for key, rate_limit in rate_limits.items()})
    yield definitions.RATE_LIMIT_RESET.to_family({key: rate_limit.resets_at for key, rate_limit in rate_limits.items()})


def _index_metrics(stats: list[CollectionStats] | None, now: float) -> Iterator[Metric]:
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


def _task_metrics(task_metrics: TaskMetrics) -> Iterator[Metric]:
    totals_by_task = task_metrics.get_totals()
    yield definitions.TASKS.to_family({key: totals.count for key, totals in totals_by_task.items()})
    yield definitions.TASK_SECONDS.to_family({key: totals.seconds for key, totals in totals_by_task.items()})
    yield definitions.TASKS_RUNNING.to_family({(name,): count for name, count in task_metrics.count_running().items()})


def _queue_metrics(backlog: Backlog) -> Iterator[Metric]:
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
