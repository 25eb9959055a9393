"""Keeps account on a Redis of work that was handed out in parts."""

from collections.abc import Collection

from redis import Redis

from .connection import translate_errors


class RedisPartitions:
    """The port `Errands` on a Redis: a set of the parts that are left."""

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
    return f"pyf:errands:{job}"
