"""Remembers on a Redis what was seen; the server forgets it in time."""

from redis import Redis

from .connection import explained


class RedisSeenStore:
    """The port `SeenStore` on a Redis; keys are the server's own."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def claim(self, key: str, seconds: int) -> bool:
        with explained():
            return bool(self._redis.set(key, "1", nx=True, ex=seconds))

    def keep(self, key: str, seconds: int) -> None:
        with explained():
            self._redis.set(key, "1", ex=seconds)

    def free(self, key: str) -> None:
        with explained():
            self._redis.delete(key)
