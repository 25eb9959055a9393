"""Gives turns to all workers that ask one service, by the clock of the Redis that they share."""

from redis import Redis

from .connection import translate_errors

# The moment of the next free turn, in milliseconds of the server's clock; it is forgotten once it has passed.
_ACQUIRE_PERMITS = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local first = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
local after = first + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', math.ceil(after - now) + 1)
return math.ceil(first - now)
"""
_BLOCK = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local after = math.max(now + tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[1]) or 0))
redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', math.ceil(after - now) + 1)
return 0
"""


class RedisRateLimiter:
    """The port `Pace` on a Redis, for one service; its turns are `delay` seconds apart."""

    def __init__(self, redis: Redis, service: str, delay: float) -> None:
        self._key = f"pyf:pace:{service}"
        self._delay = delay
        self._acquire = redis.register_script(_ACQUIRE_PERMITS)
        self._block = redis.register_script(_BLOCK)

    def acquire(self, permits: int = 1) -> float:
        with translate_errors():
            return float(self._acquire(keys=[self._key], args=[permits * self._delay * 1000])) / 1000

    def block_for(self, seconds: float) -> None:
        with translate_errors():
            self._block(keys=[self._key], args=[seconds * 1000])
