"""What those who operate a worker see of it: its log, and what it tells Prometheus on `METRICS_PORT`.

The processes of a worker that forks add their counts up; the first one tells them.
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
from celery import Task, signals, states
from msgspec.structs import replace

from .. import logs
from ..adapters.metrics_store import LocalTaskMetrics, SharedMetrics
from ..adapters.redis import BrokerQueue, connect
from ..domain.errors import AggregatorError
from ..metrics import Metrics, serve_metrics
from ..settings import Settings, load_settings
from ..usecases.collections.target import Target
from . import task_names
from .beat_schedule import ALL_COLLECTIONS
from .worker_context import get_worker_context

# Libraries that announce every request that they send.
_NOISY_LOGGERS = ("httpx", "httpcore")

# The exit code of a setting that can't be used.
_USAGE_ERROR = 2

_OUTCOME_BY_STATE = {states.RETRY: "retried", states.FAILURE: "error"}


class WorkerMetrics:
    """What is noted of one process's tasks, and what is open for as long as a worker is.

    A forked child keeps its parent's, and does nothing with it: if it went, what the parent has opened would be closed
    in the child, where nobody answers to that, and its folder deleted.
    """

    def __init__(self, parent: "WorkerMetrics | None" = None) -> None:
        self.pid = os.getpid()
        self.directory: Path | None = parent.directory if parent else None
        self._parent = parent
        self.task_metrics = LocalTaskMetrics()
        self.resources = ExitStack()
        self._shared_counts: SharedMetrics | None = None

    def get_shared_counts(self) -> SharedMetrics | None:
        """Return what adds up the counts of all processes, None where nobody asks for them."""
        if self._shared_counts is None and self.directory is not None:
            self._shared_counts = SharedMetrics(
                self.directory, get_worker_context().deps.request_metrics, self.task_metrics
            )
        return self._shared_counts


# That of the process that was started; a forked child makes its own, for a lock may be held while it is forked.
_worker_metrics = WorkerMetrics()


@signals.setup_logging.connect
def configure_logging(loglevel: int | None = None, logfile: str | None = None, **_: Any) -> None:
    """Write the log of a worker or of beat as the settings say, in place of Celery's own way."""
    settings = load_settings()
    log_file = open(logfile, "a", encoding="utf-8") if logfile else None  # noqa: SIM115 - for as long as the process lives
    logs.configure_logging(
        settings.log_format, level=loglevel or logging.INFO, secrets=settings.secrets, stream=log_file
    )
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


@signals.worker_init.connect
def start_endpoint(**_: Any) -> None:
    """Tell Prometheus how this worker does until it ends, if a port is set; one that is taken ends it at once."""
    settings = load_settings()
    try:
        if settings.metrics_port:
            _start_endpoint(settings)
    except AggregatorError as error:  # Celery would log it, and go on
        click.echo(f"Error: {' '.join(str(error).split())}", err=True)
        raise SystemExit(_USAGE_ERROR) from error


def _start_endpoint(settings: Settings) -> None:
    _worker_metrics.directory = Path(_worker_metrics.resources.enter_context(TemporaryDirectory(prefix="pyf-counts-")))
    counts = _worker_metrics.get_shared_counts()
    assert counts is not None
    redis = _worker_metrics.resources.enter_context(connect(settings.redis_url))
    deps = replace(get_worker_context().deps, traffic=counts)
    metrics = Metrics(deps, tasks=counts, backlog=BrokerQueue(redis))
    _worker_metrics.resources.enter_context(
        serve_metrics(metrics, host=settings.metrics_host, port=settings.metrics_port)
    )


@signals.worker_process_init.connect
def reset_after_fork(**_: Any) -> None:
    """Count for itself in a forked child."""
    global _worker_metrics
    if _worker_metrics.pid != os.getpid():
        _worker_metrics = WorkerMetrics(_worker_metrics)


@signals.worker_shutdown.connect
def stop_endpoint(**_: Any) -> None:
    """Close the endpoint."""
    _worker_metrics.resources.close()


@signals.task_prerun.connect
def record_task_start(task_id: str, task: Task, args: Any, kwargs: Any, **_: Any) -> None:
    """Note that a task begins, and let all that is logged meanwhile be about it."""
    name = task.name.removeprefix(task_names.PREFIX)
    logs.set_context(task_id=task_id, task=name, **_extract_log_fields(task, args, kwargs))
    _worker_metrics.task_metrics.start(task_id, name)


@signals.task_postrun.connect
def record_task_end(task_id: str, state: str, retval: Any, **_: Any) -> None:
    """Note what became of a task."""
    _worker_metrics.task_metrics.finish(task_id, _to_outcome(state, retval))
    logs.set_context()
    if (shared_counts := _worker_metrics.get_shared_counts()) is not None:
        shared_counts.publish()


def log_context_for(target: Target) -> AbstractContextManager[None]:
    """Have what is logged meanwhile be about a collection, in a task that goes from one to the next."""
    return logs.bind_context(collection=target.collection, profile=target.filter.profile if target.filter else "")


def _extract_log_fields(task: Task, args: Any, kwargs: Mapping[str, Any]) -> dict[str, str]:
    """Return what a task is about, as its arguments tell."""
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
