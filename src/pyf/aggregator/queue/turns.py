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
from .outcome import outcome, try_again
from .process import Workshop
from .sending import send

# The share of its time that a task works: what it has in hand then is still finished.
WORKING_SHARE = 0.9

# Seconds for which a right holds that is not given back, beyond the longest time that its holder may take.
MARGIN = 60.0

# Seconds to the next turn: at once where only the time was up, later where a service has had enough for now.
AT_ONCE = 1.0
LATER = 900.0


def deadline(shop: Workshop) -> float:
    """Return when a long task that begins now has to come to an end, in Unix seconds."""
    return shop.services.now() + WORKING_SHARE * shop.settings.celery_long_task_soft_time_limit


def lease(settings: Settings) -> float:
    """Return the seconds after which a right lapses whose holder was killed: its task is not delivered again before."""
    return settings.celery_long_task_time_limit + MARGIN


def alone(task: Task, shop: Workshop, right: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do work that only one worker may do at a time; where another is at it, the status is `busy`.

    A task may be delivered again while its first delivery holds the right: its worker was killed, or has lost sight of
    Redis and is still at it. Which of the two, nobody knows, so it is tried again later; `busy` would lose it.
    """
    locks, holder = shop.agreed.locks, f"{task.request.id} {uuid4().hex}"
    if not locks.take(right, holder, lease(shop.settings)):
        if locks.holder(right).partition(" ")[0] == task.request.id:
            try_again(task, Unavailable(f"an earlier delivery of this task has the right {right}"))
        return {"status": "busy", "collection": right.partition(":")[2]}
    try:
        return work()
    finally:
        with suppress(Unavailable):  # it lapses by itself
            locks.give_back(right, holder)


def turn(task: Task, shop: Workshop, run: Callable[[float], RunReport], **next_time: Any) -> dict[str, Any]:
    """Let a run have a turn; what is left then is queued as the task's next one, with these keyword arguments.

    A service that does not answer has the task tried again; any other failure of the run as a whole is raised.
    """
    until = deadline(shop)
    try:
        report = run(until)
    except SoftTimeLimitExceeded:  # a single request has outlasted the deadline; what was written stays
        send(task, countdown=AT_ONCE, **next_time)
        return {"status": "partial"}
    if isinstance(report.stopped_by, Unavailable):
        try_again(task, report.stopped_by)
    if report.stopped_by is not None:
        raise report.stopped_by
    if report.wants_another_turn:
        is_late = shop.services.now() >= until
        send(task, countdown=AT_ONCE if is_late else LATER, **next_time)
    return outcome(report)
