"""What workers on any number of machines agree by, on a Redis or a Valkey: the ports of `ports/coordination.py`."""

from .connection import connected
from .errands import RedisErrands
from .locks import RedisLocks
from .messages import RedisQueue, Waiting
from .pace import RedisPace
from .seen import RedisSeenStore

__all__ = ["RedisErrands", "RedisLocks", "RedisPace", "RedisQueue", "RedisSeenStore", "Waiting", "connected"]
