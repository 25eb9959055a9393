"""Coordination and caches of workers on any number of machines, on Redis or Valkey."""

from .broker_queue import BrokerQueue, QueuedTask
from .caches import RedisRenderCache, RedisRepositoryCache
from .coordination import RedisDedupStore, RedisLocks, RedisPartitions, RedisRateLimiter, connect

__all__ = [
    "BrokerQueue",
    "QueuedTask",
    "RedisDedupStore",
    "RedisLocks",
    "RedisPartitions",
    "RedisRateLimiter",
    "RedisRenderCache",
    "RedisRepositoryCache",
    "connect",
]
