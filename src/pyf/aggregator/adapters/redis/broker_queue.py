"""Celery's queue on Redis: count, list and purge the waiting tasks."""

from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from msgspec import DecodeError, Struct, field
from msgspec.json import Decoder
from redis import Redis

from .coordination import translate_errors

# Celery's keys of the queue, and of the tasks that workers have received but not acknowledged.
QUEUE = "celery"
UNACKED = "unacked"

_PAGE_SIZE = 500


class MalformedMessage(ValueError):
    """A message that is not one of Celery's for a task."""


class _Headers(Struct):
    task: str
    id: str
    retries: int | None = None
    eta: datetime | None = None
    expires: datetime | None = None
    timelimit: tuple[float | None, float | None] | None = None
    ignore_result: bool | None = None
    root_id: str | None = None
    parent_id: str | None = None
    group: None = None


class _DeliveryInfo(Struct):
    exchange: str
    routing_key: str


class _Properties(Struct):
    delivery_tag: str
    delivery_info: _DeliveryInfo
    body_encoding: Literal["base64"]
    correlation_id: str | None = None
    reply_to: str | None = None


class _Envelope(Struct, rename="kebab"):
    headers: _Headers
    properties: _Properties
    body: str
    content_type: Literal["application/json"]
    content_encoding: Literal["utf-8"]


class _Links(Struct):
    """What a task triggers; none of ours triggers anything by its message."""

    callbacks: None = None
    errbacks: None = None
    chain: None = None
    chord: None = None


_decoder = Decoder(_Envelope)
_body_decoder = Decoder(tuple[tuple[Any, ...], dict[str, Any], _Links | None])


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


def parse_envelope(message: str | bytes) -> QueuedTask:
    """Return the task of a message; raise `MalformedMessage` for one that Celery could not process."""
    try:
        envelope = _decoder.decode(message)
        args, kwargs, _ = _body_decoder.decode(b64decode(envelope.body))
    except (DecodeError, ValueError, RecursionError) as error:
        raise MalformedMessage(str(error)) from error
    return QueuedTask(envelope.headers.task, args, kwargs)


def _parse_message(message: str | bytes) -> QueuedTask:
    try:
        return parse_envelope(message)
    except MalformedMessage:
        return QueuedTask("")
