"""Rights that a Redis gives to one holder at a time, whatever machines they are on."""

from redis import Redis

from .connection import explained

# What is asked and what is done about the answer must be one step.
_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_GIVE_BACK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class RedisLocks:
    """The port `Locks` on a Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._take = redis.register_script(_TAKE)
        self._give_back = redis.register_script(_GIVE_BACK)

    def take(self, name: str, holder: str, seconds: float) -> bool:
        with explained():
            return bool(self._take(keys=[_key(name)], args=[holder, max(1, int(seconds * 1000))]))

    def give_back(self, name: str, holder: str) -> None:
        with explained():
            self._give_back(keys=[_key(name)], args=[holder])

    def holder(self, name: str) -> str:
        with explained():
            return str(self._redis.get(_key(name)) or "")


def _key(name: str) -> str:
    return f"pyf:lock:{name}"
