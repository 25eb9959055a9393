"""Caches on a Redis: what can't be read or had is found out anew."""

from pyf.aggregator.adapters.redis import RedisRenderCache, RedisRepositoryCache, connected
from pyf.aggregator.domain.readme import Rendered
from pyf.aggregator.domain.repository import Learned
from redis_server import redis_server
from repository_hosts import at

LEARNED = Learned(address=at("o/a"), repository=None, learned_at=5)


def test_a_cache_that_does_not_answer_remembers_nothing() -> None:
    with connected("redis://127.0.0.1:1") as redis:
        readmes, repositories = RedisRenderCache(redis), RedisRepositoryCache(redis)
        readmes.keep({"a": Rendered(html="a")})
        repositories.keep([LEARNED])

        assert readmes.recall(["a"]) == {}
        assert repositories.recall([at("o/a")], since=0) == {}


def test_what_another_version_has_kept_is_not_recalled() -> None:
    with redis_server() as server, connected(server.url) as redis:
        redis.set("pyf:rendered:a", "something else")
        redis.hset("pyf:repository:github.com/o/a", mapping={"at": 5, "learned": '{"or": "other"}'})

        assert RedisRenderCache(redis).recall(["a"]) == {}
        assert RedisRepositoryCache(redis).recall([at("o/a")], since=0) == {}
