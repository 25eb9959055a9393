"""Shared steps of tasks: enqueue, retry, results, locks, and time slices of long tasks."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn
from uuid import uuid4

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Task
from kombu.exceptions import OperationalError

from ..domain.errors import Locked, Unavailable
from ..domain.redaction import Redactor
from ..settings import Settings, list_secrets
from ..usecases.report import RunReport
from .worker_context import WorkerContext, get_worker_context

# Longest pause in seconds before a retry. The message is unacknowledged meanwhile, so the pause must stay well below
# the visibility timeout, after which Redis delivers the message again.
MAX_COUNTDOWN = 3600.0
_MAX_VISIBILITY_SHARE = 0.5

# Seconds before the first retry on a collection that another run has locked, and how many retries these are worth.
_LOCKED_BACKOFF = 1.0
_LOCKED_RETRIES = 5

# Share of a task's soft time limit after which no new work starts; running work still finishes.
SOFT_LIMIT_SHARE = 0.9

# Seconds for which a lock outlives the hard time limit of its owner.
LOCK_TTL_MARGIN = 60.0

# Seconds until the next slice: at once after a passed deadline, later after a service's rate limit.
IMMEDIATELY = 1.0
BACKOFF = 900.0

# Fields of a report that a task's result contains.
_REPORTED_FIELDS = (
    "found",
    "queued",
    "seen",
    "indexed",
    "removed",
    "enriched",
    "cached",
    "missing",
    "failed",
    "skipped",
    "deferred",
    "delivered",
    "waiting",
)

_STATUS_SEVERITY = (
    "up_to_date",
    "no_match",
    "not_found",
    "done",
    "locked",
    "incomplete",
    "failed",
    "unavailable",
    "invalid",
)


def enqueue(task: Task, *args: Any, countdown: float = 0.0, **kwargs: Any) -> None:
    """Enqueue a task from within another one, without keeping its result; raises `Unavailable` if the queue is down.

    Args:
        countdown: seconds before the task may start.
    """
    try:
        task.apply_async(args, kwargs, countdown=countdown or None, ignore_result=True)
    except OperationalError as error:
        raise Unavailable(f"cannot enqueue: {to_single_line(error)}") from error


def to_single_line(error: Exception) -> str:
    """Return the message of an error in one line, without secrets: it is stored as the result of a task."""
    return Redactor(list_secrets()).redact(" ".join(str(error).split()))


def build_task_result(report: RunReport) -> dict[str, Any]:
    """Return a task's result: status, counts, requests, seconds and, after a failure, the error in one line.

    The status is `done`, `failed` (some items failed), `incomplete` (some items remain for the next run),
    `unavailable` (a service did not answer) or `invalid` (an invalid argument or setting).
    """
    numbers = {name: value for name in _REPORTED_FIELDS if (value := getattr(report, name, None)) is not None}
    counts = {name: len(value) if isinstance(value, list) else value for name, value in numbers.items()}
    result = {
        "status": _to_status(report),
        **({"collection": report.collection} if report.collection else {}),
        **counts,
    }
    result |= {"requests": report.requests, "seconds": round(report.seconds, 3)}
    if report.error is not None:
        result["error"] = to_single_line(report.error)
    return result


def _to_status(report: RunReport) -> str:
    if report.error is not None:
        return "unavailable" if isinstance(report.error, Unavailable) else "invalid"
    if report.is_complete:
        return "done"
    return "incomplete" if report.should_retry else "failed"


def merge_results(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Merge the results for several collections: the worst status, and each result by collection."""
    worst = max((result["status"] for result in results), key=_STATUS_SEVERITY.index, default="done")
    return {"status": worst, "collections": {result["collection"]: result for result in results}}


def retry_later(task: Any, error: Unavailable) -> NoReturn:
    """Retry a task after the service's `Retry-After`, or with exponential backoff.

    The task does not occupy the worker meanwhile. After the last retry the error is raised: the task has failed. A
    locked collection is tried again sooner, and more often.
    """
    settings = get_worker_context().settings
    backoff, max_retries = settings.celery_task_retry_backoff, settings.celery_task_max_retries
    if isinstance(error, Locked):
        backoff, max_retries = min(backoff, _LOCKED_BACKOFF), max_retries and max_retries + _LOCKED_RETRIES
    delay = error.retry_after or backoff * 2**task.request.retries
    max_delay = min(MAX_COUNTDOWN, settings.celery_visibility_timeout * _MAX_VISIBILITY_SHARE)
    raise task.retry(exc=error, countdown=min(delay, max_delay), max_retries=max_retries)


def get_deadline(context: WorkerContext) -> float:
    """Return the deadline of a long task that starts now, in Unix seconds."""
    return context.deps.now() + SOFT_LIMIT_SHARE * context.settings.celery_long_task_soft_time_limit


def get_lock_ttl(settings: Settings) -> float:
    """Return the seconds after which the lock of a killed owner expires."""
    return settings.celery_long_task_time_limit + LOCK_TTL_MARGIN


def run_exclusively(
    task: Task, context: WorkerContext, lock_name: str, run: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Run under a lock; the status is `locked` if another task holds it.

    The holder may be an earlier delivery of the same task: its worker was killed, or lost its connection to Redis and
    still runs. Both look alike, so the task is retried later; `locked` would lose it.
    """
    locks, owner = context.coordination.locks, f"{task.request.id} {uuid4().hex}"
    if not locks.acquire(lock_name, owner, get_lock_ttl(context.settings)):
        if locks.owner(lock_name).partition(" ")[0] == task.request.id:
            retry_later(task, Unavailable(f"an earlier delivery of this task holds the lock {lock_name}"))
        return {"status": "locked", "collection": lock_name.partition(":")[2]}
    try:
        return run()
    finally:
        with suppress(Unavailable):  # the lock expires by itself
            locks.release(lock_name, owner)


def run_slice(
    task: Task, context: WorkerContext, run: Callable[[float], RunReport], **task_kwargs: Any
) -> dict[str, Any]:
    """Run until the deadline; enqueue the task again for the remaining work, with these keyword arguments.

    An unavailable service makes the task retry; any other error of the run is raised.
    """
    deadline = get_deadline(context)
    try:
        report = run(deadline)
    except SoftTimeLimitExceeded:  # one request took longer than the deadline; written documents stay
        enqueue(task, countdown=IMMEDIATELY, **task_kwargs)
        return {"status": "incomplete"}
    raise_or_retry(task, report)
    if report.should_retry:
        deadline_passed = context.deps.now() >= deadline
        enqueue(task, countdown=IMMEDIATELY if deadline_passed else BACKOFF, **task_kwargs)
    return build_task_result(report)


def raise_or_retry(task: Task, report: RunReport) -> None:
    """Retry a task whose run met an unavailable service; raise any other error of the run."""
    if isinstance(report.error, Unavailable):
        retry_later(task, report.error)
    if report.error is not None:
        raise report.error
