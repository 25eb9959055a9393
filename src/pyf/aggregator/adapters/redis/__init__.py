"""What workers on any number of machines agree by and remember together, on a Redis or a Valkey."""

from .caches import RedisRenderCache, RedisRepositoryCache
from .connection import connect
from .coordination import RedisPartitions
from .coordination import RedisLocks
from .broker_queue import BrokerQueue, QueuedTask
from .coordination import RedisRateLimiter
from .coordination import RedisDedupStore

__all__ = [
    "RedisPartitions",
    "RedisLocks",
    "RedisRateLimiter",
    "BrokerQueue",
    "RedisRenderCache",
    "RedisRepositoryCache",
    "RedisDedupStore",
    "QueuedTask",
    "connect",
]
