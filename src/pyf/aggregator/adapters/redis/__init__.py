"""What workers on any number of machines agree by and remember together, on a Redis or a Valkey."""

from .caches import RedisRenderCache, RedisRepositoryCache
from .connection import connected
from .errands import RedisErrands
from .locks import RedisLocks
from .messages import RedisQueue, Waiting
from .pace import RedisPace
from .seen import RedisSeenStore

__all__ = [
    "RedisErrands",
    "RedisLocks",
    "RedisPace",
    "RedisQueue",
    "RedisRenderCache",
    "RedisRepositoryCache",
    "RedisSeenStore",
    "Waiting",
    "connected",
]
