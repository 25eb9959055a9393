"""Rights that a Redis gives to one holder at a time, whatever machines they are on."""

from redis import Redis

from .connection import translate_errors

# What is asked and what is done about the answer must be one step.
_ACQUIRE_LOCK = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE_LOCK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class RedisLocks:
    """The port `Locks` on a Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._acquire = redis.register_script(_ACQUIRE_LOCK)
        self._release = redis.register_script(_RELEASE_LOCK)

    def acquire(self, name: str, owner: str, seconds: float) -> bool:
        with translate_errors():
            return bool(self._acquire(keys=[_build_lock_key(name)], args=[owner, max(1, int(seconds * 1000))]))

    def release(self, name: str, owner: str) -> None:
        with translate_errors():
            self._release(keys=[_build_lock_key(name)], args=[owner])

    def owner(self, name: str) -> str:
        with translate_errors():
            return str(self._redis.get(_build_lock_key(name)) or "")


def _build_lock_key(name: str) -> str:
    return f"pyf:lock:{name}"
