"""Queues a task from within another one: nobody waits for its result, so none is kept."""

from typing import Any

from celery import Task
from kombu.exceptions import OperationalError

from ..domain.errors import Unavailable


def enqueue(task: Task, *args: Any, countdown: float = 0.0, **kwargs: Any) -> None:
    """Queue a task, to be begun with after so many seconds; raises `Unavailable` where the queue takes nothing."""
    try:
        task.apply_async(args, kwargs, countdown=countdown or None, ignore_result=True)
    except OperationalError as error:
        raise Unavailable(f"the queue takes nothing: {' '.join(str(error).split())}") from error
