"""Keeps account on a Redis of work that was handed out in parts."""

from collections.abc import Collection

from redis import Redis

from .connection import explained


class RedisErrands:
    """The port `Errands` on a Redis: a set of the parts that are left."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def hand_out(self, work: str, parts: Collection[str], seconds: float) -> None:
        with explained(), self._redis.pipeline(transaction=True) as steps:
            steps.delete(_key(work))
            if parts:
                steps.sadd(_key(work), *parts)
                steps.pexpire(_key(work), max(1, int(seconds * 1000)))
            steps.execute()

    def hand_in(self, work: str, part: str) -> int:
        with explained(), self._redis.pipeline(transaction=True) as steps:
            steps.srem(_key(work), part)
            steps.scard(_key(work))
            return int(steps.execute()[1])


def _key(work: str) -> str:
    return f"pyf:errands:{work}"
