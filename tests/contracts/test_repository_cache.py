"""Contract of `RepositoryCache`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from pyf.aggregator.adapters.redis import RedisRepositoryCache, connect
from pyf.aggregator.adapters.sqlite.caches import SqliteRepositoryCache
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.domain.repositories import CachedRepository, Repository
from pyf.aggregator.ports import RepositoryCache
from pyf.aggregator.testing.caches import FakeRepositoryCache
from support.redis_server import start_redis
from support.repository_hosts import to_ref

count = st.just(UNSET) | st.integers(0, 2**40)
text = st.just(UNSET) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
repositories = st.builds(
    Repository,
    ref=st.just(to_ref("o/new")),
    stars=count,
    closed_issues=count,
    is_archived=st.just(UNSET) | st.booleans(),
    license=text,
    topics=st.just(UNSET) | st.lists(st.text(max_size=5), max_size=3).map(tuple),
    last_commit=count,
)


@pytest.fixture(params=["memory", "sqlite", "redis"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RepositoryCache]:
    if request.param == "memory":
        yield FakeRepositoryCache()
        return
    if request.param == "redis":
        with start_redis() as server, connect(server.url) as redis:
            yield RedisRepositoryCache(redis)
        return
    database = Database(tmp_path / "pyf.sqlite3")
    yield SqliteRepositoryCache(database)
    database.close()


def make_cached(path: str, fetched_at: int, stars: int | None = 1) -> CachedRepository:
    repository = None if stars is None else Repository(ref=to_ref(path), stars=stars)
    return CachedRepository(ref=to_ref(path), repository=repository, fetched_at=fetched_at)


def test_nothing_is_remembered_at_first(cache: RepositoryCache) -> None:
    assert cache.get_many([to_ref("o/a")], fetched_since=0) == {}
    assert cache.get_many([], fetched_since=0) == {}


def test_cache_returns_missing_repositories_in_any_case(cache: RepositoryCache) -> None:
    cache.set_many([make_cached("O/A", 5), make_cached("o/gone", 5, None)])

    recalled = cache.get_many([to_ref("o/a"), to_ref("o/GONE"), to_ref("o/never")], fetched_since=0)

    assert recalled == {"github.com/o/a": make_cached("O/A", 5), "github.com/o/gone": make_cached("o/gone", 5, None)}


def test_expired_entry_is_not_returned(cache: RepositoryCache) -> None:
    cache.set_many([make_cached("o/a", 10), make_cached("o/b", 20)])

    assert set(cache.get_many([to_ref("o/a"), to_ref("o/b")], fetched_since=11)) == {"github.com/o/b"}
    assert set(cache.get_many([to_ref("o/a"), to_ref("o/b")], fetched_since=10)) == {"github.com/o/a", "github.com/o/b"}


def test_latest_result_wins_in_any_order(cache: RepositoryCache) -> None:
    cache.set_many([make_cached("o/a", 20, 2)])
    cache.set_many([make_cached("o/a", 10, 1)])
    cache.set_many([make_cached("o/b", 10, 1)])
    cache.set_many([make_cached("o/b", 10, None)])

    recalled = cache.get_many([to_ref("o/a"), to_ref("o/b")], fetched_since=0)

    assert recalled["github.com/o/a"] == make_cached("o/a", 20, 2)
    assert recalled["github.com/o/b"] == make_cached("o/b", 10, None)


@given(repository=repositories)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_repository_round_trips_under_the_requested_url(cache: RepositoryCache, repository: Repository) -> None:
    entry = CachedRepository(ref=to_ref("o/old"), repository=repository, fetched_at=1)
    cache.set_many([entry])

    assert cache.get_many([to_ref("o/old"), to_ref("o/new")], fetched_since=0) == {"github.com/o/old": entry}


def test_thousands_of_entries_round_trip(cache: RepositoryCache) -> None:
    many = [make_cached(f"o/{number}", number) for number in range(12_000)]

    cache.set_many(many)

    assert len(cache.get_many([each.ref for each in many], fetched_since=6_000)) == 6_000
