"""Contract of `RenderCache`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from pyf.aggregator.adapters.redis import RedisRenderCache, connect
from pyf.aggregator.adapters.sqlite.caches import SqliteRenderCache
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.domain.readme.plain_text import Readme, RenderedReadme
from pyf.aggregator.ports import RenderCache
from pyf.aggregator.testing.caches import FakeRenderCache
from support.redis_server import start_redis

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=800)
part = st.one_of(st.just(UNSET), text)


@pytest.fixture(params=["memory", "sqlite", "redis"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RenderCache]:
    if request.param == "memory":
        yield FakeRenderCache()
        return
    if request.param == "redis":
        with start_redis() as server, connect(server.url) as redis:
            yield RedisRenderCache(redis)
        return
    database = Database(tmp_path / "pyf.sqlite3")
    yield SqliteRenderCache(database)
    database.close()


def test_nothing_is_remembered_at_first(cache: RenderCache) -> None:
    assert cache.get_many([Readme(text="a").fingerprint]) == {}


def test_cached_readme_is_found_by_fingerprint(cache: RenderCache) -> None:
    short, long = RenderedReadme(html="<p>a</p>"), RenderedReadme(html="<p>long</p>" * 10_000, title="T", changelog="")
    cache.set_many({"a": short, "b": long, "c": RenderedReadme()})

    recalled = cache.get_many({"a", "b", "never-seen"})

    assert recalled == {"a": short, "b": long}


@given(rendered=st.builds(RenderedReadme, html=text, title=part, first_chapter=part, main_content=part, changelog=part))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_readme_round_trip(cache: RenderCache, rendered: RenderedReadme) -> None:
    cache.set_many({"a": rendered})

    assert cache.get_many(["a"]) == {"a": rendered}


def test_cached_readme_is_replaced(cache: RenderCache) -> None:
    cache.set_many({"a": RenderedReadme(html="first"), "b": RenderedReadme(html="other")})

    cache.set_many({"a": RenderedReadme(html="second")})

    assert cache.get_many(["a", "b"]) == {"a": RenderedReadme(html="second"), "b": RenderedReadme(html="other")}


def test_empty_batch_does_nothing(cache: RenderCache) -> None:
    cache.set_many({})

    assert cache.get_many([]) == {}


def test_render_cache_returns_a_thousand_readmes(cache: RenderCache) -> None:
    readmes = {f"fingerprint-{number}": RenderedReadme(html=f"<p>{number}</p>") for number in range(1000)}

    cache.set_many(readmes)

    assert cache.get_many(readmes.keys()) == readmes
