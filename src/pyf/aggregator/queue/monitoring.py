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
from ..adapters.redis import RedisQueue, connected
from ..adapters.shared_counts import SharedCounts
from ..adapters.task_count import TaskCount
from ..domain.errors import AggregatorError
from ..metrics import Metrics, endpoint
from ..settings import Settings, load_settings
from ..usecases.target import Target
from . import names
from .process import workshop
from .timetable import EVERY

# Libraries that announce every request that they send.
_TALKATIVE = ("httpx", "httpcore")

# The exit code of a setting that can't be used.
_USAGE = 2

_OUTCOMES = {states.RETRY: "retried", states.FAILURE: "error"}


class _Watch:
    """What is noted of one process's tasks, and what is open for as long as a worker is.

    A forked child keeps its parent's, and does nothing with it: if it went, what the parent has opened would be closed
    in the child, where nobody answers to that, and its folder deleted.
    """

    def __init__(self, parent: "_Watch | None" = None) -> None:
        self.process = os.getpid()
        self.folder: Path | None = parent.folder if parent else None
        self._parent = parent
        self.tasks = TaskCount()
        self.open = ExitStack()
        self._shared: SharedCounts | None = None

    def shared(self) -> SharedCounts | None:
        """Return what adds up the counts of all processes, None where nobody asks for them."""
        if self._shared is None and self.folder is not None:
            self._shared = SharedCounts(self.folder, workshop().services.traffic, self.tasks)
        return self._shared


# That of the process that was started; a forked child makes its own, for a lock may be held while it is forked.
_watch = _Watch()


@signals.setup_logging.connect
def set_up_log(loglevel: int | None = None, logfile: str | None = None, **_: Any) -> None:
    """Write the log of a worker or of beat as the settings say, in place of Celery's own way."""
    settings = load_settings()
    to = open(logfile, "a", encoding="utf-8") if logfile else None  # noqa: SIM115 - for as long as the process lives
    logs.set_up(settings.log_format, level=loglevel or logging.INFO, secrets=settings.secrets, to=to)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


@signals.worker_init.connect
def open_endpoint(**_: Any) -> None:
    """Tell Prometheus how this worker does until it ends, if a port is set; one that is taken ends it at once."""
    settings = load_settings()
    try:
        if settings.metrics_port:
            _open_endpoint(settings)
    except AggregatorError as error:  # Celery would log it, and go on
        click.echo(f"Error: {' '.join(str(error).split())}", err=True)
        raise SystemExit(_USAGE) from error


def _open_endpoint(settings: Settings) -> None:
    _watch.folder = Path(_watch.open.enter_context(TemporaryDirectory(prefix="pyf-counts-")))
    counts = _watch.shared()
    assert counts is not None
    redis = _watch.open.enter_context(connected(settings.redis_url))
    services = replace(workshop().services, traffic=counts)
    metrics = Metrics(services, tasks=counts, backlog=RedisQueue(redis))
    _watch.open.enter_context(endpoint(metrics, host=settings.metrics_host, port=settings.metrics_port))


@signals.worker_process_init.connect
def begin_anew(**_: Any) -> None:
    """Count for itself in a forked child."""
    global _watch
    if _watch.process != os.getpid():
        _watch = _Watch(_watch)


@signals.worker_shutdown.connect
def close_endpoint(**_: Any) -> None:
    """Close the endpoint."""
    _watch.open.close()


@signals.task_prerun.connect
def begin(task_id: str, task: Task, args: Any, kwargs: Any, **_: Any) -> None:
    """Note that a task begins, and let all that is logged meanwhile be about it."""
    name = task.name.removeprefix(names.PREFIX)
    logs.be_about(task_id=task_id, task=name, **_fields(task, args, kwargs))
    _watch.tasks.begin(task_id, name)


@signals.task_postrun.connect
def end(task_id: str, state: str, retval: Any, **_: Any) -> None:
    """Note what became of a task."""
    _watch.tasks.end(task_id, _outcome(state, retval))
    logs.be_about()
    if (shared := _watch.shared()) is not None:
        shared.publish()


def working_on(target: Target) -> AbstractContextManager[None]:
    """Have what is logged meanwhile be about a collection, in a task that goes from one to the next."""
    return logs.about(collection=target.collection, profile=target.filter.profile if target.filter else "")


def _fields(task: Task, args: Any, kwargs: Mapping[str, Any]) -> dict[str, str]:
    """Return what a task is about, as its arguments tell."""
    given = dict(zip(inspect.signature(task.run).parameters, args or (), strict=False)) | dict(kwargs or {})
    data = given.get("data")
    told = {
        "project": given.get("package_id") or (data.get("package_id") if isinstance(data, Mapping) else ""),
        "collection": given.get("collection_name"),
        "profile": given.get("profile_name"),
    }
    return {name: value for name, value in told.items() if isinstance(value, str) and value != EVERY}


def _outcome(state: str, retval: Any) -> str:
    if state == states.SUCCESS:
        return str(retval["status"]) if isinstance(retval, Mapping) and "status" in retval else "done"
    return _OUTCOMES.get(state, state.lower())
