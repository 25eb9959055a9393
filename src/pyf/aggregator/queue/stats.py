"""What the queue is at: how much waits, who works; and how to have nothing wait."""

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

# Seconds that workers have to answer.
_INSPECT_TIMEOUT = 1.0


class WorkerStats(Struct, frozen=True, kw_only=True):
    """A worker that answers: how many tasks it can do at once, what it is doing, and how many it has done."""

    name: str
    concurrency: int
    active_tasks: tuple[str, ...]
    completed: int


class QueueStats(Struct, frozen=True, kw_only=True):
    """The queue: `pending` tasks wait, also told by their names; `in_hand` are those that workers have taken."""

    pending: int
    unacked: int
    by_task: dict[str, int]
    workers: tuple[WorkerStats, ...]


def get_queue_stats(settings: Settings) -> QueueStats:
    """Return what the queue is at; takes two seconds, for workers are waited for."""
    with connect(settings.redis_url) as redis:
        queue = BrokerQueue(redis)
        pending, unacked = queue.get_lengths()
        by_task = {_to_short_name(name): count for name, count in queue.count_by_task().most_common()}
    return QueueStats(pending=pending, unacked=unacked, by_task=by_task, workers=_inspect_workers(settings))


def count_pending(settings: Settings) -> int:
    """Return how many tasks wait."""
    with connect(settings.redis_url) as redis:
        return BrokerQueue(redis).get_lengths()[0]


def purge_queue(settings: Settings) -> int:
    """Take all waiting tasks out of the queue; return how many there were.

    What was announced is free to be queued again, and a full fetch that loses its parts is over.
    """
    count = 0
    with connect(settings.redis_url) as redis:
        dedup, locks = RedisDedupStore(redis), RedisLocks(redis)
        for task in BrokerQueue(redis).purge():
            count += 1
            if task.task == task_names.INSPECT:
                dedup.release(_parse_dedup_key(task))
            if task.task in (task_names.FETCH, task_names.FETCH_BATCH):
                for lock_prefix in ("fetch", "filling"):
                    locks.release(
                        f"{lock_prefix}:{task.kwargs.get('collection_name')}", str(task.kwargs.get("fetch_id"))
                    )
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
            raise Unavailable(f"Redis does not answer: {error}") from error
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
    return task.removeprefix(task_names.PREFIX) or "a message that can't be read"
