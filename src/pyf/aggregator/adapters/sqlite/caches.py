"""Caches in the index's SQLite file: rendered READMEs, evaluated memberships, repository data."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence

from ...domain.batching import split_into_batches
from ...domain.readme.plain_text import RenderedReadme
from ...domain.repositories import CachedRepository, RepositoryRef
from ..encoding import decode_readme, decode_repository, encode_readme, encode_repository
from .database import Database, to_json_array

_DAY = 24 * 60 * 60

# Rendered READMEs are evicted this many days after their last use, and above this total size.
_README_MAX_DAYS = 90
_README_MAX_BYTES = 256 * 1024 * 1024

# Names per query, and rows per transaction, so that other processes can write in between.
_NAME_BATCH = 10_000
_README_BATCH = 500
_SERIAL_BATCH = 50_000
_REF_BATCH = 5_000

_SELECT_READMES = (
    "SELECT fingerprint, last_used, content FROM rendered WHERE fingerprint IN (SELECT value FROM json_each(?))"
)
_TOUCH_READMES = "UPDATE rendered SET last_used = ? WHERE fingerprint IN (SELECT value FROM json_each(?))"
_UPSERT_README = """
    INSERT INTO rendered (fingerprint, last_used, size, content) VALUES (?, ?, ?, ?)
    ON CONFLICT (fingerprint) DO UPDATE SET last_used = excluded.last_used, size = excluded.size,
    content = excluded.content
"""
_EVICT_READMES = """
    DELETE FROM rendered WHERE fingerprint IN (
        SELECT fingerprint FROM
        (SELECT fingerprint, sum(size) OVER (ORDER BY last_used DESC, rowid DESC) AS together FROM rendered)
        WHERE together > ?)
"""

_SELECT_SERIALS = """
    SELECT name, serial FROM verdicts JOIN filters ON id = filter_id
    WHERE key = ? AND name IN (SELECT value FROM json_each(?))
"""
_SELECT_ALL_SERIALS = """
    SELECT name, serial FROM verdicts JOIN filters ON id = filter_id WHERE key = ? AND (serial = 0 OR NOT ?)
"""
_UPSERT_SERIAL = """
    INSERT INTO verdicts (filter_id, name, serial) VALUES ((SELECT id FROM filters WHERE key = ?), ?, ?)
    ON CONFLICT (filter_id, name) DO UPDATE SET serial = excluded.serial WHERE serial != excluded.serial
"""
_DELETE_SERIALS = """
    DELETE FROM verdicts WHERE filter_id = (SELECT id FROM filters WHERE key = ?)
    AND name IN (SELECT value FROM json_each(?))
"""

_SELECT_REPOSITORIES = """
    SELECT key, learned FROM repositories
    WHERE key IN (SELECT value FROM json_each(?)) AND learned_at >= ?
"""
_UPSERT_REPOSITORY = """
    INSERT INTO repositories (key, learned_at, learned) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET learned_at = excluded.learned_at, learned = excluded.learned
    WHERE excluded.learned_at >= learned_at OR learned_at > excluded.learned_at + 86400  -- of a wrong clock
"""


class SqliteRenderCache:
    """The port `RenderCache` in a SQLite file.

    Evicts READMEs unused for 90 days, and the least recently used ones above `limit` bytes. Only the day of the last
    use is stored, so that reading writes at most once a day.
    """

    def __init__(
        self, database: Database, *, limit: int = _README_MAX_BYTES, now: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._limit = limit
        self._now = now

    def get_many(self, fingerprints: Collection[str]) -> Mapping[str, RenderedReadme]:
        today = self._get_current_day()
        cached: dict[str, RenderedReadme] = {}
        for batch in split_into_batches(fingerprints, _NAME_BATCH):
            used_before_today = []
            with self._database.reading() as connection:
                for fingerprint, last_used, content in connection.execute(_SELECT_READMES, (to_json_array(batch),)):
                    if (readme := decode_readme(content)) is not None:
                        cached[fingerprint] = readme
                        if last_used != today:
                            used_before_today.append(fingerprint)
            if used_before_today:
                with self._database.writing_relaxed() as connection:
                    connection.execute(_TOUCH_READMES, (today, to_json_array(used_before_today)))
        return cached

    def set_many(self, rendered: Mapping[str, RenderedReadme]) -> None:
        today = self._get_current_day()
        for batch in split_into_batches(rendered.items(), _README_BATCH):
            rows = [(fingerprint, encode_readme(readme)) for fingerprint, readme in batch]
            with self._database.writing_relaxed() as connection:
                connection.executemany(_UPSERT_README, ((key, today, len(content), content) for key, content in rows))
                connection.execute("DELETE FROM rendered WHERE last_used < ?", (today - _README_MAX_DAYS,))
                (size,) = connection.execute("SELECT coalesce(sum(size), 0) FROM rendered").fetchone()
                if size > self._limit:
                    # Free 10 % more, so that the next README does not evict again.
                    connection.execute(_EVICT_READMES, (self._limit * 9 // 10,))

    def _get_current_day(self) -> int:
        return int(self._now() // _DAY)


class SqliteMembershipCache:
    """The port `MembershipCache` in a SQLite file, sized for all projects of a registry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get_many(self, filter_key: str, names: Collection[str]) -> Mapping[str, int]:
        serials: dict[str, int] = {}
        for batch in split_into_batches(names, _NAME_BATCH):
            with self._database.reading() as connection:
                serials.update(connection.execute(_SELECT_SERIALS, (filter_key, to_json_array(batch))))
        return serials

    def get_all(self, filter_key: str, *, include_unevaluated: bool = False) -> Mapping[str, int]:
        with self._database.reading() as connection:
            return dict(connection.execute(_SELECT_ALL_SERIALS, (filter_key, include_unevaluated)))

    def set_many(self, filter_key: str, serials: Mapping[str, int]) -> None:
        for batch in split_into_batches(serials.items(), _SERIAL_BATCH):
            with self._database.writing() as connection:
                connection.execute("INSERT OR IGNORE INTO filters (key) VALUES (?)", (filter_key,))
                connection.executemany(_UPSERT_SERIAL, ((filter_key, name, serial) for name, serial in batch))

    def delete_many(self, filter_key: str, names: Collection[str]) -> None:
        for batch in split_into_batches(names, _NAME_BATCH):
            with self._database.writing() as connection:
                connection.execute(_DELETE_SERIALS, (filter_key, to_json_array(batch)))


class SqliteRepositoryCache:
    """The port `RepositoryCache` in a SQLite file: a row of a few hundred bytes for every repository ever fetched."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get_many(self, refs: Collection[RepositoryRef], *, fetched_since: int) -> Mapping[str, CachedRepository]:
        cached: dict[str, CachedRepository] = {}
        for batch in split_into_batches(refs, _REF_BATCH):
            keys = to_json_array(ref.key for ref in batch)
            with self._database.reading() as connection:
                rows = connection.execute(_SELECT_REPOSITORIES, (keys, fetched_since)).fetchall()
            for key, json in rows:
                if (repository := decode_repository(json)) is not None:
                    cached[key] = repository
        return cached

    def set_many(self, repositories: Sequence[CachedRepository]) -> None:
        for batch in split_into_batches(repositories, _REF_BATCH):
            rows = [(repository.ref.key, repository.fetched_at, encode_repository(repository)) for repository in batch]
            with self._database.writing_relaxed() as connection:
                connection.executemany(_UPSERT_REPOSITORY, rows)
