"""The ways for workers to agree that the contract is put to: in the memory of a process, and on a real Redis."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from pyf.aggregator.adapters.memory_coordination import MemoryErrands, MemoryLocks, MemoryPace, MemorySeenStore
from pyf.aggregator.adapters.redis import RedisErrands, RedisLocks, RedisPace, RedisSeenStore, connected
from pyf.aggregator.ports import Errands, Locks, Pace, SeenStore
from redis_server import redis_server


@dataclass(frozen=True)
class Agreed:
    """All that workers agree by; `pace` makes one of so many seconds."""

    seen: SeenStore
    locks: Locks
    errands: Errands
    pace: Callable[[float], Pace]


@contextmanager
def _memory() -> Iterator[Agreed]:
    yield Agreed(MemorySeenStore(), MemoryLocks(), MemoryErrands(), MemoryPace)


@contextmanager
def _redis() -> Iterator[Agreed]:
    with redis_server() as server, connected(server.url) as redis:
        yield Agreed(
            RedisSeenStore(redis),
            RedisLocks(redis),
            RedisErrands(redis),
            lambda delay: RedisPace(redis, "service", delay),
        )


COORDINATIONS: dict[str, Callable[[], AbstractContextManager[Agreed]]] = {"memory": _memory, "redis": _redis}
