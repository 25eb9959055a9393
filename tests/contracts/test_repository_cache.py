"""What every memory of repositories must do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.memory_caches import MemoryRepositoryCache
from pyf.aggregator.adapters.redis import RedisRepositoryCache, connected
from pyf.aggregator.adapters.sqlite_repositories import SqliteRepositoryCache
from pyf.aggregator.domain.repository import Learned, Repository
from pyf.aggregator.ports import RepositoryCache
from redis_server import redis_server
from repository_hosts import at

count = st.just(UNSET) | st.integers(0, 2**40)
text = st.just(UNSET) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
repositories = st.builds(
    Repository,
    address=st.just(at("o/new")),
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
        yield MemoryRepositoryCache()
        return
    if request.param == "redis":
        with redis_server() as server, connected(server.url) as redis:
            yield RedisRepositoryCache(redis)
        return
    database = Database(tmp_path / "pyf.sqlite3")
    yield SqliteRepositoryCache(database)
    database.close()


def learned(path: str, learned_at: int, stars: int | None = 1) -> Learned:
    repository = None if stars is None else Repository(address=at(path), stars=stars)
    return Learned(address=at(path), repository=repository, learned_at=learned_at)


def test_nothing_is_remembered_at_first(cache: RepositoryCache) -> None:
    assert cache.recall([at("o/a")], since=0) == {}
    assert cache.recall([], since=0) == {}


def test_what_was_learned_is_recalled_in_any_case_also_that_there_is_none(cache: RepositoryCache) -> None:
    cache.keep([learned("O/A", 5), learned("o/gone", 5, None)])

    recalled = cache.recall([at("o/a"), at("o/GONE"), at("o/never")], since=0)

    assert recalled == {"github.com/o/a": learned("O/A", 5), "github.com/o/gone": learned("o/gone", 5, None)}


def test_what_is_too_old_is_not_recalled(cache: RepositoryCache) -> None:
    cache.keep([learned("o/a", 10), learned("o/b", 20)])

    assert set(cache.recall([at("o/a"), at("o/b")], since=11)) == {"github.com/o/b"}
    assert set(cache.recall([at("o/a"), at("o/b")], since=10)) == {"github.com/o/a", "github.com/o/b"}


def test_what_was_learned_last_counts_whenever_it_is_kept(cache: RepositoryCache) -> None:
    cache.keep([learned("o/a", 20, 2)])
    cache.keep([learned("o/a", 10, 1)])
    cache.keep([learned("o/b", 10, 1)])
    cache.keep([learned("o/b", 10, None)])

    recalled = cache.recall([at("o/a"), at("o/b")], since=0)

    assert recalled["github.com/o/a"] == learned("o/a", 20, 2)
    assert recalled["github.com/o/b"] == learned("o/b", 10, None)


@given(repository=repositories)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_a_repository_comes_back_as_it_was_under_the_address_that_was_asked(
    cache: RepositoryCache, repository: Repository
) -> None:
    asked = Learned(address=at("o/old"), repository=repository, learned_at=1)
    cache.keep([asked])

    assert cache.recall([at("o/old"), at("o/new")], since=0) == {"github.com/o/old": asked}


def test_thousands_are_kept_and_recalled(cache: RepositoryCache) -> None:
    many = [learned(f"o/{number}", number) for number in range(12_000)]

    cache.keep(many)

    assert len(cache.recall([each.address for each in many], since=6_000)) == 6_000
