"""Coordination ports for contract tests: fakes, and adapters on a real Redis."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from pyf.aggregator.adapters.redis import RedisDedupStore, RedisLocks, RedisPartitions, RedisRateLimiter, connect
from pyf.aggregator.ports import DedupStore, Locks, Partitions, RateLimiter
from pyf.aggregator.testing.coordination import FakeDedupStore, FakeLocks, FakePartitions, FakeRateLimiter
from support.redis_server import start_redis


@dataclass(frozen=True)
class CoordinationPorts:
    """All coordination ports; `create_rate_limiter` takes the delay in seconds."""

    dedup: DedupStore
    locks: Locks
    partitions: Partitions
    create_rate_limiter: Callable[[float], RateLimiter]


@contextmanager
def _open_memory() -> Iterator[CoordinationPorts]:
    yield CoordinationPorts(FakeDedupStore(), FakeLocks(), FakePartitions(), FakeRateLimiter)


@contextmanager
def _open_redis() -> Iterator[CoordinationPorts]:
    with start_redis() as server, connect(server.url) as redis:
        yield CoordinationPorts(
            RedisDedupStore(redis),
            RedisLocks(redis),
            RedisPartitions(redis),
            lambda delay: RedisRateLimiter(redis, "service", delay),
        )


COORDINATION_STORES: dict[str, Callable[[], AbstractContextManager[CoordinationPorts]]] = {
    "memory": _open_memory,
    "redis": _open_redis,
}
