"""How a task that may take long goes about it: alone, in turns, each with a deadline of its own."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Task

from ..domain.errors import Unavailable
from ..settings import Settings
from ..usecases.report import RunReport
from .outcome import task_result, retry_later
from .process import WorkerContext
from .sending import enqueue

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


def run_exclusively(task: Task, context: WorkerContext, lock_name: str, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
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


def run_slice(task: Task, context: WorkerContext, run: Callable[[float], RunReport], **task_kwargs: Any) -> dict[str, Any]:
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
