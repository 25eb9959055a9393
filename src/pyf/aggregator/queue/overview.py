"""What the queue is at: how much waits, who works; and how to have nothing wait."""

from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from msgspec import Struct

from ..adapters.redis import RedisLocks, RedisQueue, RedisSeenStore, Waiting, connected
from ..domain.announcement import dedup_key
from ..domain.errors import Unavailable
from ..domain.project import normalized
from ..settings import Settings
from . import names

# Seconds that workers have to answer.
_PATIENCE = 1.0


class Worker(Struct, frozen=True, kw_only=True):
    """A worker that answers: how many tasks it can do at once, what it is doing, and how many it has done."""

    name: str
    concurrency: int
    active: tuple[str, ...]
    done: int


class Overview(Struct, frozen=True, kw_only=True):
    """The queue: `pending` tasks wait, also told by their names; `in_hand` are those that workers have taken."""

    pending: int
    in_hand: int
    by_task: dict[str, int]
    workers: tuple[Worker, ...]


def overview(settings: Settings) -> Overview:
    """Return what the queue is at; takes two seconds, for workers are waited for."""
    with connected(settings.redis_url) as redis:
        queue = RedisQueue(redis)
        pending, in_hand = queue.lengths()
        by_task = {_short(name): count for name, count in queue.by_task().most_common()}
    return Overview(pending=pending, in_hand=in_hand, by_task=by_task, workers=_workers(settings))


def pending(settings: Settings) -> int:
    """Return how many tasks wait."""
    with connected(settings.redis_url) as redis:
        return RedisQueue(redis).lengths()[0]


def purge(settings: Settings) -> int:
    """Take all waiting tasks out of the queue; return how many there were.

    What was announced is free to be queued again, and a full fetch that loses its parts is over.
    """
    count = 0
    with connected(settings.redis_url) as redis:
        seen, locks = RedisSeenStore(redis), RedisLocks(redis)
        for task in RedisQueue(redis).purge():
            count += 1
            if task.task == names.INSPECT:
                seen.free(_announced(task))
            if task.task in (names.FETCH, names.FETCH_BATCH):
                for right in ("fetch", "filling"):
                    locks.give_back(f"{right}:{task.kwargs.get('collection_name')}", str(task.kwargs.get("fetch_id")))
    return count


def _announced(task: Waiting) -> str:
    data = task.args[0] if task.args and isinstance(task.args[0], dict) else {}
    return dedup_key(normalized(str(data.get("package_id", ""))), str(data.get("release_id") or ""))


def _workers(settings: Settings) -> tuple[Worker, ...]:
    with Celery(broker=settings.redis_url, set_as_current=False) as caller:
        asked = caller.control.inspect(timeout=_PATIENCE)
        try:
            stats, active = asked.stats() or {}, asked.active() or {}
        except OperationalError as error:
            raise Unavailable(f"Redis does not answer: {error}") from error
    return tuple(_worker(name, told, active.get(name, ())) for name, told in sorted(stats.items()))


def _worker(name: str, told: dict[str, Any], active: Any) -> Worker:
    return Worker(
        name=name,
        concurrency=told.get("pool", {}).get("max-concurrency") or 1,
        active=tuple(_short(task["name"]) for task in active),
        done=sum(told.get("total", {}).values()),
    )


def _short(task: str) -> str:
    return task.removeprefix(names.PREFIX) or "a message that can't be read"
