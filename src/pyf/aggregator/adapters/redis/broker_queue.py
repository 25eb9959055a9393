"""Celery's queue on Redis: count, list and purge the waiting tasks."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from msgspec import DecodeError, Struct, ValidationError, field
from msgspec.json import Decoder, decode
from redis import Redis

from .coordination import translate_errors

# Celery's keys of the queue, and of the tasks that workers have received but not acknowledged.
QUEUE = "celery"
UNACKED = "unacked"

_PAGE_SIZE = 500


class _Headers(Struct):
    task: str = ""


class _Message(Struct):
    headers: _Headers = field(default_factory=_Headers)
    body: str = ""


_decoder = Decoder(_Message)


class QueuedTask(Struct, frozen=True):
    """A waiting task with its arguments; `task` is "" for an unreadable message."""

    task: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


class BrokerQueue:
    """The queue of tasks."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def get_lengths(self) -> tuple[int, int]:
        """Return the number of waiting tasks, and of unacknowledged ones, which include scheduled retries."""
        with translate_errors():
            return int(self._redis.llen(QUEUE)), int(self._redis.hlen(UNACKED))

    def count_by_task(self) -> Counter[str]:
        """Return the number of waiting tasks by name."""
        return Counter(task.task for task in self._read_messages(QUEUE))

    def purge(self) -> Iterator[QueuedTask]:
        """Remove all waiting tasks atomically and yield them."""
        purged_key = f"pyf:purged:{uuid4().hex}"
        with translate_errors():
            if not self._redis.exists(QUEUE):
                return
            self._redis.rename(QUEUE, purged_key)
        try:
            yield from self._read_messages(purged_key)
        finally:
            with translate_errors():
                self._redis.delete(purged_key)

    def _read_messages(self, key: str) -> Iterator[QueuedTask]:
        start = 0
        while True:
            with translate_errors():
                page = self._redis.lrange(key, start, start + _PAGE_SIZE - 1)
            yield from map(_parse_message, page)
            if len(page) < _PAGE_SIZE:
                return
            start += _PAGE_SIZE


def _parse_message(message: str | bytes) -> QueuedTask:
    try:
        envelope = _decoder.decode(message)
        args, kwargs, _ = decode(b64decode(envelope.body), type=tuple[tuple[Any, ...], dict[str, Any], Any])
        return QueuedTask(envelope.headers.task, args, kwargs)
    except (DecodeError, ValidationError, NotBase64, ValueError):
        return QueuedTask("")
