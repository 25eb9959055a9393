"""What workers on any number of machines agree by and remember together, on a Redis or a Valkey."""

from .caches import RedisRenderCache, RedisRepositoryCache
from .connection import connect
from .errands import RedisPartitions
from .locks import RedisLocks
from .messages import BrokerQueue, QueuedTask
from .pace import RedisRateLimiter
from .seen import RedisDedupStore

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
