"""Statistics of the queue and its workers, and purging the queue."""

from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from msgspec import Struct

from ..adapters.redis import BrokerQueue, QueuedTask, RedisDedupStore, RedisLocks, connect
from ..domain.documents.project import normalize_name
from ..domain.errors import Unavailable
from ..settings import Settings
from ..usecases.ingest.rss import build_dedup_key
from . import task_names
from .fetch_tasks import fetch_lock_name, heartbeat_lock_name

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
        by_task = {_to_short_name(name): count for name, count in queue.count_by_task().most_common()}
    return QueueStats(pending=pending, unacked=unacked, by_task=by_task, workers=_inspect_workers(settings))


def count_pending(settings: Settings) -> int:
    """Count the waiting tasks."""
    with connect(settings.redis_url) as redis:
        return BrokerQueue(redis).get_lengths()[0]


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
                locks.release(heartbeat_lock_name(collection), fetch_id)
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
