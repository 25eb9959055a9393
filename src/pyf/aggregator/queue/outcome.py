"""Tells how a task has ended: a small mapping, or a failure that Celery tries again later."""

from typing import Any, NoReturn

from ..domain.errors import Unavailable
from ..usecases.report import RunReport
from .process import workshop

# Seconds that a task waits at most before it is tried again. It is in the hands of a worker meanwhile, so it must be
# well below the time after which what is there is taken for lost.
LONGEST_COUNTDOWN = 3600.0
_SHARE_OF_VISIBILITY = 0.5

# What is told of a report.
_TOLD = (
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


def outcome(report: RunReport) -> dict[str, Any]:
    """Return what a run did: `status`, the numbers that it has, requests, seconds, and what went wrong in one line.

    The status is `done`, `failed` where some items were not dealt with, `partial` where some are left to the next
    run, `unavailable` where a service did not answer, and `refused` where something is wrong with what was asked for.
    """
    numbers = {name: value for name in _TOLD if (value := getattr(report, name, None)) is not None}
    counts = {name: len(value) if isinstance(value, list) else value for name, value in numbers.items()}
    told = {"status": _status(report), **({"collection": report.collection} if report.collection else {}), **counts}
    told |= {"requests": report.requests, "seconds": round(report.seconds, 3)}
    if report.stopped_by is not None:
        told["error"] = " ".join(str(report.stopped_by).split())
    return told


def _status(report: RunReport) -> str:
    if report.stopped_by is not None:
        return "unavailable" if isinstance(report.stopped_by, Unavailable) else "refused"
    if report.is_whole:
        return "done"
    return "partial" if report.wants_another_turn else "failed"


def together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what runs on several collections did: the worst status, and what each did."""
    worst = max((part["status"] for part in parts), key=_ORDER.index, default="done")
    return {"status": worst, "collections": {part["collection"]: part for part in parts}}


_ORDER = ("known", "done", "busy", "partial", "failed", "unavailable", "refused")


def try_again(task: Any, failure: Unavailable) -> NoReturn:
    """Have a task tried again after the pause that a service asks for, or else a growing one; it holds no thread.

    After the last time the failure is raised: the task has failed for good.
    """
    settings = workshop().settings
    pause = failure.retry_after or settings.celery_task_retry_backoff * 2**task.request.retries
    longest = min(LONGEST_COUNTDOWN, settings.celery_visibility_timeout * _SHARE_OF_VISIBILITY)
    raise task.retry(exc=failure, countdown=min(pause, longest), max_retries=settings.celery_task_max_retries)
