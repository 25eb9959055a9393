"""Looks into a queue of Celery's on a Redis: what waits there, and takes it away."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from msgspec import DecodeError, Struct, ValidationError, field
from msgspec.json import Decoder, decode
from redis import Redis

from .connection import explained

# Celery's name for the queue that tasks are in, and for what workers have in hand.
QUEUE = "celery"
IN_HAND = "unacked"

_AT_ONCE = 500


class _Headers(Struct):
    task: str = ""


class _Message(Struct):
    headers: _Headers = field(default_factory=_Headers)
    body: str = ""


_decoder = Decoder(_Message)


class Waiting(Struct, frozen=True):
    """A task that waits, with what it was called with; a message that nobody can read has no name."""

    task: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


class RedisQueue:
    """The queue of tasks."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def lengths(self) -> tuple[int, int]:
        """Return how many tasks wait in the queue, and how many workers have in hand, retries to come included."""
        with explained():
            return int(self._redis.llen(QUEUE)), int(self._redis.hlen(IN_HAND))

    def by_task(self) -> Counter[str]:
        """Return how many tasks of each name wait in the queue."""
        return Counter(waiting.task for waiting in self._messages(QUEUE))

    def purge(self) -> Iterator[Waiting]:
        """Take all waiting tasks away in one step, and yield them."""
        aside = f"pyf:purged:{uuid4().hex}"
        with explained():
            if not self._redis.exists(QUEUE):
                return
            self._redis.rename(QUEUE, aside)
        try:
            yield from self._messages(aside)
        finally:
            with explained():
                self._redis.delete(aside)

    def _messages(self, key: str) -> Iterator[Waiting]:
        start = 0
        while True:
            with explained():
                some = self._redis.lrange(key, start, start + _AT_ONCE - 1)
            yield from map(_read, some)
            if len(some) < _AT_ONCE:
                return
            start += _AT_ONCE


def _read(message: str | bytes) -> Waiting:
    try:
        told = _decoder.decode(message)
        args, kwargs, _ = decode(b64decode(told.body), type=tuple[tuple[Any, ...], dict[str, Any], Any])
        return Waiting(told.headers.task, args, kwargs)
    except (DecodeError, ValidationError, NotBase64, ValueError):
        return Waiting("")
