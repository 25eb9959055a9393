"""Remembers on a Redis what was seen; the server forgets it in time."""

from redis import Redis

from .connection import translate_errors


class RedisDedupStore:
    """The port `SeenStore` on a Redis; keys are the server's own."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def reserve(self, key: str, seconds: int) -> bool:
        with translate_errors():
            return bool(self._redis.set(key, "1", nx=True, ex=seconds))

    def confirm(self, key: str, seconds: int) -> None:
        with translate_errors():
            self._redis.set(key, "1", ex=seconds)

    def release(self, key: str) -> None:
        with translate_errors():
            self._redis.delete(key)
