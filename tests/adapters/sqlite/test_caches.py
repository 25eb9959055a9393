"""SQLite caches: eviction by age and size, and few writes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pyf.aggregator.adapters.sqlite.caches import SqliteRenderCache
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.domain.readme.plain_text import RenderedReadme

DAY = 24 * 60 * 60
README = RenderedReadme(html="<p>text</p>")


class Clock:
    """Clock whose day the test sets."""

    day = 20_000

    def __call__(self) -> float:
        return self.day * DAY + 3_600.5


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "pyf.sqlite3")
    yield database
    database.close()


@pytest.fixture
def cache(database: Database, clock: Clock) -> SqliteRenderCache:
    return SqliteRenderCache(database, now=clock)


def test_unused_readme_is_evicted_after_90_days(cache: SqliteRenderCache, clock: Clock) -> None:
    cache.set_many({"unused": README, "used": README})
    clock.day += 60
    cache.get_many(["used"])

    clock.day += 31
    cache.set_many({"new": README})

    assert cache.get_many(["unused", "used", "new"]).keys() == {"used", "new"}


def test_second_use_on_same_day_does_not_write(cache: SqliteRenderCache, clock: Clock, database: Database) -> None:
    """`data_version` changes whenever another connection writes."""
    cache.set_many({"a": README})
    clock.day += 1
    with closing(sqlite3.connect(database.path)) as onlooker:
        versions = [onlooker.execute("PRAGMA data_version").fetchone()]
        for _ in range(2):
            cache.get_many(["a"])
            versions.append(onlooker.execute("PRAGMA data_version").fetchone())

    at_first, after_first_use, after_second_use = versions
    assert at_first != after_first_use == after_second_use


def test_least_recently_used_readme_is_evicted(database: Database, clock: Clock) -> None:
    cache = SqliteRenderCache(database, limit=10_000, now=clock)
    for number in range(40):
        clock.day += 1
        cache.set_many({f"readme-{number}": RenderedReadme(html=f"{number:400}")})
        cache.get_many(["readme-0"])

    kept = cache.get_many([f"readme-{number}" for number in range(40)])

    assert {"readme-0", "readme-39"} <= kept.keys()
    assert "readme-1" not in kept
    assert 15 < len(kept) < 25


def test_unreadable_readme_is_skipped(cache: SqliteRenderCache, database: Database) -> None:
    cache.set_many(dict.fromkeys(("sound", "foreign", "damaged"), README))
    with database.writing() as connection:
        connection.execute("UPDATE rendered SET content = ? WHERE fingerprint = 'foreign'", (b'{"html": 7}',))
        connection.execute("UPDATE rendered SET content = ? WHERE fingerprint = 'damaged'", (b"x\x9c\x00",))

    recalled = cache.get_many(["sound", "foreign", "damaged"])

    assert recalled == {"sound": README}
