"""Logging and metrics of a worker, and statistics of the queue.

The main process of a worker serves metrics on `METRICS_PORT`; they include the counts of its forked children.
"""

import inspect
import logging
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from celery import Celery, Task, signals, states
from kombu.exceptions import OperationalError
from msgspec import Struct
from msgspec.structs import replace

from .. import logs
from ..adapters.metrics_store import LocalTaskMetrics, SharedMetrics
from ..adapters.redis import BrokerQueue, QueuedTask, RedisDedupStore, RedisLocks, connect
from ..domain.documents.project import normalize_name
from ..domain.errors import AggregatorError, Unavailable
from ..metrics import Metrics, serve_metrics
from ..settings import Settings, list_warnings, load_settings
from ..usecases.collections.target import Target
from ..usecases.ingest.rss import build_dedup_key
from . import task_names
from .beat_schedule import ALL_COLLECTIONS
from .execution import to_single_line
from .fetch_tasks import build_heartbeat_lock_name, fetch_lock_name
from .worker_context import get_worker_context

# These libraries log every request.
_NOISY_LOGGERS = ("httpx", "httpcore")

_log = logging.getLogger(__name__)

# Exit code for invalid settings.
_USAGE_ERROR = 2

_OUTCOME_BY_STATE = {states.RETRY: "retried", states.FAILURE: "error"}


class WorkerMetrics:
    """Task counts of one process, and the resources of the metrics endpoint.

    A forked child keeps a reference to its parent's instance: garbage collection in the child would close the parent's
    resources and delete its directory.
    """

    def __init__(self, parent: "WorkerMetrics | None" = None) -> None:
        self.pid = os.getpid()
        self.directory: Path | None = parent.directory if parent else None
        self._parent = parent
        self.task_metrics = LocalTaskMetrics()
        self.resources = ExitStack()
        self._shared_counts: SharedMetrics | None = None

    def get_shared_counts(self) -> SharedMetrics | None:
        """Return the shared counts of all processes, None if no endpoint is open."""
        if self._shared_counts is None and self.directory is not None:
            self._shared_counts = SharedMetrics(
                self.directory, get_worker_context().deps.request_metrics, self.task_metrics
            )
        return self._shared_counts


# Replaced in forked children: a lock may be held at the time of the fork.
_worker_metrics = WorkerMetrics()


@signals.setup_logging.connect
def configure_logging(loglevel: int | None = None, logfile: str | None = None, **_: Any) -> None:
    """Configure the log of a worker or of beat from the settings, instead of Celery's own setup."""
    settings = load_settings()
    log_file = open(logfile, "a", encoding="utf-8") if logfile else None  # noqa: SIM115 - for as long as the process lives
    logs.configure_logging(
        settings.log_format, level=loglevel or logging.INFO, secrets=settings.secrets, stream=log_file
    )
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for warning in list_warnings():
        _log.warning("%s", warning)


@signals.worker_init.connect
def start_endpoint(**_: Any) -> None:
    """Serve metrics if `METRICS_PORT` is set; end the worker if the port is in use."""
    settings = load_settings()
    try:
        if settings.metrics_port:
            _start_endpoint(settings)
    except AggregatorError as error:  # Celery would log it and continue
        click.echo(f"Error: {to_single_line(error)}", err=True)
        raise SystemExit(_USAGE_ERROR) from error


def _start_endpoint(settings: Settings) -> None:
    _worker_metrics.directory = Path(_worker_metrics.resources.enter_context(TemporaryDirectory(prefix="pyf-counts-")))
    counts = _worker_metrics.get_shared_counts()
    assert counts is not None
    redis = _worker_metrics.resources.enter_context(connect(settings.redis_url))
    deps = replace(get_worker_context().deps, request_metrics=counts)
    metrics = Metrics(deps, tasks=counts, backlog=BrokerQueue(redis))
    _worker_metrics.resources.enter_context(
        serve_metrics(metrics, host=settings.metrics_host, port=settings.metrics_port)
    )


@signals.worker_process_init.connect
def reset_after_fork(**_: Any) -> None:
    """Give a forked child its own counts."""
    global _worker_metrics
    if _worker_metrics.pid != os.getpid():
        _worker_metrics = WorkerMetrics(_worker_metrics)


@signals.worker_shutdown.connect
def stop_endpoint(**_: Any) -> None:
    """Close the metrics endpoint."""
    _worker_metrics.resources.close()


@signals.task_prerun.connect
def record_task_start(task_id: str, task: Task, args: Any, kwargs: Any, **_: Any) -> None:
    """Count the start of a task and bind its fields to the log."""
    name = task.name.removeprefix(task_names.PREFIX)
    logs.set_context(task_id=task_id, task=name, **_extract_log_fields(task, args, kwargs))
    _worker_metrics.task_metrics.start(task_id, name)


@signals.task_postrun.connect
def record_task_end(task_id: str, state: str, retval: Any, **_: Any) -> None:
    """Count the end of a task by outcome."""
    _worker_metrics.task_metrics.finish(task_id, _to_outcome(state, retval))
    logs.set_context()
    if (shared_counts := _worker_metrics.get_shared_counts()) is not None:
        shared_counts.publish()


def build_log_context(target: Target) -> AbstractContextManager[None]:
    """Bind a collection to the log, for tasks that work on several."""
    return logs.bind_context(collection=target.collection, profile=target.filter.profile if target.filter else "")


def _extract_log_fields(task: Task, args: Any, kwargs: Mapping[str, Any]) -> dict[str, str]:
    """Return the log fields from the arguments of a task."""
    arguments = dict(zip(inspect.signature(task.run).parameters, args or (), strict=False)) | dict(kwargs or {})
    data = arguments.get("data")
    fields = {
        "project": arguments.get("package_id") or (data.get("package_id") if isinstance(data, Mapping) else ""),
        "collection": arguments.get("collection_name"),
        "profile": arguments.get("profile_name"),
    }
    return {name: value for name, value in fields.items() if isinstance(value, str) and value != ALL_COLLECTIONS}


def _to_outcome(state: str, retval: Any) -> str:
    if state == states.SUCCESS:
        return str(retval["status"]) if isinstance(retval, Mapping) and "status" in retval else "done"
    return _OUTCOME_BY_STATE.get(state, state.lower())


# Seconds to wait for responses of workers; Celery waits for all of them, and there are two requests.
_INSPECT_TIMEOUT = 1.0


class WorkerStats(Struct, frozen=True, kw_only=True):
    """A responding worker, its running tasks (`active_tasks`) and the number of completed ones."""

    name: str
    concurrency: int
    active_tasks: tuple[str, ...]
    completed: int


class QueueStats(Struct, frozen=True, kw_only=True):
    """Waiting tasks (`pending`, `by_task`), tasks that workers have received (`unacked`), and the workers."""

    pending: int
    unacked: int
    by_task: dict[str, int]
    workers: tuple[WorkerStats, ...]


def get_queue_stats(settings: Settings) -> QueueStats:
    """Return the statistics; takes two seconds, see `_INSPECT_TIMEOUT`."""
    with connect(settings.redis_url) as redis:
        queue = BrokerQueue(redis)
        pending, unacked = queue.get_lengths()
        by_task = _count_by_task(queue)
    return QueueStats(pending=pending, unacked=unacked, by_task=by_task, workers=_inspect_workers(settings))


def count_pending_by_task(settings: Settings) -> dict[str, int]:
    """Count the waiting tasks by name, the most frequent ones first."""
    with connect(settings.redis_url) as redis:
        return _count_by_task(BrokerQueue(redis))


def _count_by_task(queue: BrokerQueue) -> dict[str, int]:
    return {_to_short_name(name): count for name, count in queue.count_by_task().most_common()}


def purge_queue(settings: Settings) -> int:
    """Remove all waiting tasks; return their number.

    Releases of removed tasks may be enqueued again, and a full fetch ends unfinished, because its shards are removed.
    """
    count = 0
    with connect(settings.redis_url) as redis:
        dedup, locks = RedisDedupStore(redis), RedisLocks(redis)
        for task in BrokerQueue(redis).purge():
            count += 1
            if task.task == task_names.INSPECT:
                dedup.release(_parse_dedup_key(task))
            if task.task in (task_names.FETCH, task_names.FETCH_BATCH):
                collection, fetch_id = str(task.kwargs.get("collection_name")), str(task.kwargs.get("fetch_id"))
                locks.release(fetch_lock_name(collection), fetch_id)
                locks.release(build_heartbeat_lock_name(collection), fetch_id)
    return count


def _parse_dedup_key(task: QueuedTask) -> str:
    data = task.args[0] if task.args and isinstance(task.args[0], dict) else {}
    return build_dedup_key(normalize_name(str(data.get("package_id", ""))), str(data.get("release_id") or ""))


def _inspect_workers(settings: Settings) -> tuple[WorkerStats, ...]:
    with Celery(broker=settings.redis_url, set_as_current=False) as celery:
        inspector = celery.control.inspect(timeout=_INSPECT_TIMEOUT)
        try:
            stats, active = inspector.stats() or {}, inspector.active() or {}
        except OperationalError as error:
            raise Unavailable(f"Redis does not respond: {error}") from error
    return tuple(
        _to_worker_stats(name, worker_stats, active.get(name, ())) for name, worker_stats in sorted(stats.items())
    )


def _to_worker_stats(name: str, stats: dict[str, Any], active: Any) -> WorkerStats:
    return WorkerStats(
        name=name,
        concurrency=stats.get("pool", {}).get("max-concurrency") or 1,
        active_tasks=tuple(_to_short_name(task["name"]) for task in active),
        completed=sum(stats.get("total", {}).values()),
    )


def _to_short_name(task: str) -> str:
    return task.removeprefix(task_names.PREFIX) or "unreadable message"
