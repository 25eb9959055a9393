"""Tells how a task has ended: a small mapping, or a failure that Celery tries again later."""

from typing import Any, NoReturn

from ..domain.errors import Unavailable
from ..usecases.report import RunReport
from .process import get_worker_context

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
    result = {"status": _to_status(report), **({"collection": report.collection} if report.collection else {}), **counts}
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
