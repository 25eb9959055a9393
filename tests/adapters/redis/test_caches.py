"""Caches on Redis: unreachable servers and unreadable entries."""

from pyf.aggregator.adapters.redis import RedisRenderCache, RedisRepositoryCache, connect
from pyf.aggregator.domain.readme.plain_text import RenderedReadme
from pyf.aggregator.domain.repositories import CachedRepository
from support.redis_server import start_redis
from support.repository_hosts import to_ref

LEARNED = CachedRepository(ref=to_ref("o/a"), repository=None, fetched_at=5)


def test_unreachable_cache_is_empty() -> None:
    with connect("redis://127.0.0.1:1") as redis:
        readmes, repositories = RedisRenderCache(redis), RedisRepositoryCache(redis)
        readmes.set_many({"a": RenderedReadme(html="a")})
        repositories.set_many([LEARNED])

        assert readmes.get_many(["a"]) == {}
        assert repositories.get_many([to_ref("o/a")], fetched_since=0) == {}


def test_unreadable_entry_is_skipped() -> None:
    with start_redis() as server, connect(server.url) as redis:
        redis.set("pyf:rendered:a", "something else")
        redis.hset("pyf:repository:github.com/o/a", mapping={"at": 5, "learned": '{"or": "other"}'})

        assert RedisRenderCache(redis).get_many(["a"]) == {}
        assert RedisRepositoryCache(redis).get_many([to_ref("o/a")], fetched_since=0) == {}
