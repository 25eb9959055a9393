"""Queues a task from within another one: nobody waits for its result, so none is kept.

Tells how a task has ended: a small mapping, or a failure that Celery tries again later.

How a task that may take long goes about it: alone, in turns, each with a deadline of its own.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn
from uuid import uuid4

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Task
from kombu.exceptions import OperationalError

from ..domain.errors import Unavailable
from ..settings import Settings
from ..usecases.report import RunReport
from .worker_context import WorkerContext, get_worker_context


def enqueue(task: Task, *args: Any, countdown: float = 0.0, **kwargs: Any) -> None:
    """Queue a task, to be begun with after so many seconds; raises `Unavailable` where the queue takes nothing."""
    try:
        task.apply_async(args, kwargs, countdown=countdown or None, ignore_result=True)
    except OperationalError as error:
        raise Unavailable(f"the queue takes nothing: {' '.join(str(error).split())}") from error


# Seconds that a task waits at most before it is tried again. It is in the hands of a worker meanwhile, so it must be
# well below the time after which what is there is taken for lost.
MAX_COUNTDOWN = 3600.0
_MAX_VISIBILITY_SHARE = 0.5

# What is told of a report.
_REPORTED_FIELDS = (
    "found",
    "queued",
    "seen",
    "indexed",
    "removed",
    "enriched",
    "remembered",
    "missing",
    "failed",
    "left",
    "postponed",
)


def task_result(report: RunReport) -> dict[str, Any]:
    """Return what a run did: `status`, the numbers that it has, requests, seconds, and what went wrong in one line.

    The status is `done`, `failed` where some items were not dealt with, `partial` where some are left to the next
    run, `unavailable` where a service did not answer, and `refused` where something is wrong with what was asked for.
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
        result["error"] = " ".join(str(report.error).split())
    return result


def _to_status(report: RunReport) -> str:
    if report.error is not None:
        return "unavailable" if isinstance(report.error, Unavailable) else "refused"
    if report.is_complete:
        return "done"
    return "partial" if report.should_retry else "failed"


def merge_results(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what runs on several collections did: the worst status, and what each did."""
    worst = max((result["status"] for result in results), key=_STATUS_SEVERITY.index, default="done")
    return {"status": worst, "collections": {result["collection"]: result for result in results}}


_STATUS_SEVERITY = ("known", "done", "busy", "partial", "failed", "unavailable", "refused")


def retry_later(task: Any, error: Unavailable) -> NoReturn:
    """Have a task tried again after the pause that a service asks for, or else a growing one; it holds no thread.

    After the last time the failure is raised: the task has failed for good.
    """
    settings = get_worker_context().settings
    delay = error.retry_after or settings.celery_task_retry_backoff * 2**task.request.retries
    max_delay = min(MAX_COUNTDOWN, settings.celery_visibility_timeout * _MAX_VISIBILITY_SHARE)
    raise task.retry(exc=error, countdown=min(delay, max_delay), max_retries=settings.celery_task_max_retries)


# The share of its time that a task works: what it has in hand then is still finished.
SOFT_LIMIT_SHARE = 0.9

# Seconds for which a right holds that is not given back, beyond the longest time that its holder may take.
LOCK_TTL_MARGIN = 60.0

# Seconds to the next turn: at once where only the time was up, later where a service has had enough for now.
IMMEDIATELY = 1.0
BACKOFF = 900.0


def get_deadline(context: WorkerContext) -> float:
    """Return when a long task that begins now has to come to an end, in Unix seconds."""
    return context.deps.now() + SOFT_LIMIT_SHARE * context.settings.celery_long_task_soft_time_limit


def get_lock_ttl(settings: Settings) -> float:
    """Return the seconds after which a right lapses whose holder was killed: its task is not delivered again before."""
    return settings.celery_long_task_time_limit + LOCK_TTL_MARGIN


def run_exclusively(
    task: Task, context: WorkerContext, lock_name: str, run: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Do work that only one worker may do at a time; where another is at it, the status is `busy`.

    A task may be delivered again while its first delivery holds the right: its worker was killed, or has lost sight of
    Redis and is still at it. Which of the two, nobody knows, so it is tried again later; `busy` would lose it.
    """
    locks, owner = context.coordination.locks, f"{task.request.id} {uuid4().hex}"
    if not locks.acquire(lock_name, owner, get_lock_ttl(context.settings)):
        if locks.owner(lock_name).partition(" ")[0] == task.request.id:
            retry_later(task, Unavailable(f"an earlier delivery of this task has the right {lock_name}"))
        return {"status": "busy", "collection": lock_name.partition(":")[2]}
    try:
        return run()
    finally:
        with suppress(Unavailable):  # it lapses by itself
            locks.release(lock_name, owner)


def run_slice(
    task: Task, context: WorkerContext, run: Callable[[float], RunReport], **task_kwargs: Any
) -> dict[str, Any]:
    """Let a run have a turn; what is left then is queued as the task's next one, with these keyword arguments.

    A service that does not answer has the task tried again; any other failure of the run as a whole is raised.
    """
    deadline = get_deadline(context)
    try:
        report = run(deadline)
    except SoftTimeLimitExceeded:  # a single request has outlasted the deadline; what was written stays
        enqueue(task, countdown=IMMEDIATELY, **task_kwargs)
        return {"status": "partial"}
    if isinstance(report.error, Unavailable):
        retry_later(task, report.error)
    if report.error is not None:
        raise report.error
    if report.should_retry:
        deadline_passed = context.deps.now() >= deadline
        enqueue(task, countdown=IMMEDIATELY if deadline_passed else BACKOFF, **task_kwargs)
    return task_result(report)
