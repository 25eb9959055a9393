"""Coordination of workers on Redis: connection, partitioned jobs, locks, rate limits, deduplication."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from redis import Redis, RedisError
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from ...domain.errors import Invalid, Unavailable


class RedisPartitions:
    """The port `Partitions` on Redis: a set of the incomplete shards of each job."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def create(self, job: str, shards: Collection[str], seconds: float) -> None:
        with translate_errors(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(_build_partition_key(job))
            if shards:
                pipeline.sadd(_build_partition_key(job), *shards)
                pipeline.pexpire(_build_partition_key(job), max(1, int(seconds * 1000)))
            pipeline.execute()

    def complete(self, job: str, shard: str) -> int:
        with translate_errors(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.srem(_build_partition_key(job), shard)
            pipeline.scard(_build_partition_key(job))
            return int(pipeline.execute()[1])


def _build_partition_key(job: str) -> str:
    return f"pyf:partitions:{job}"


# Scripts, because reading and writing must be one atomic step.
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
    """The port `Locks` on Redis."""

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


# The value is the time of the next free permit, in milliseconds of the server's clock; the key expires then.
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
    """The port `RateLimiter` on Redis, for one service; its permits are `delay` seconds apart."""

    def __init__(self, redis: Redis, service: str, delay: float) -> None:
        self._key = f"pyf:rate-limit:{service}"
        self._delay = delay
        self._acquire = redis.register_script(_ACQUIRE_PERMITS)
        self._block = redis.register_script(_BLOCK)

    def acquire(self, permits: int = 1) -> float:
        with translate_errors():
            return float(self._acquire(keys=[self._key], args=[permits * self._delay * 1000])) / 1000

    def block_for(self, seconds: float) -> None:
        with translate_errors():
            self._block(keys=[self._key], args=[seconds * 1000])


class RedisDedupStore:
    """The port `DedupStore` on Redis; expired keys are removed by the server."""

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


# Seconds; Redis is used between two requests, so it must not delay them for long. A command whose connection was
# closed is sent once more: all our commands are safe to repeat.
_TIMEOUT = 5.0
_MAX_RETRIES = 1


def connect(url: str) -> Redis:
    """Return a thread-safe client, which connects on first use; raises `Invalid` for an invalid URL.

    A forked child opens its own connections.
    """
    try:
        return Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            health_check_interval=30,
            retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), _MAX_RETRIES),
        )
    except (ValueError, TypeError) as error:
        raise Invalid(f"REDIS_HOST is not a Redis URL: {error}") from error


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise `Unavailable` for any failure of the server."""
    try:
        yield
    except RedisError as error:
        raise Unavailable(f"Redis does not respond: {' '.join(str(error).split())}") from error
