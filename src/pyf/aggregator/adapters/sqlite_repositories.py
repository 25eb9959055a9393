"""Remembers in the index's SQLite file what hosts have said about repositories: each is asked about once a day."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import DecodeError
from msgspec.json import Decoder, encode

from ..domain.repository import CachedRepository
from ..domain.repository_address import RepositoryRef
from .index.batches import split_into_batches
from .index.database import Database
from .index.encoding import encode_json

# Addresses in one query, and in one transaction, so that others can write in between.
_REF_BATCH = 5_000

_SELECT_REPOSITORIES = """
    SELECT key, learned FROM repositories
    WHERE key IN (SELECT value FROM json_each(?)) AND learned_at >= ?
"""
_UPSERT_REPOSITORY = """
    INSERT INTO repositories (key, learned_at, learned) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET learned_at = excluded.learned_at, learned = excluded.learned
    WHERE excluded.learned_at >= learned_at
"""

_decode_repository = Decoder(CachedRepository).decode


class SqliteRepositoryCache:
    """The port `RepositoryCache` in a SQLite file; a row of some hundred bytes for each address ever asked about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get_many(self, refs: Collection[RepositoryRef], *, fetched_since: int) -> Mapping[str, CachedRepository]:
        cached: dict[str, CachedRepository] = {}
        for batch in split_into_batches(refs, _REF_BATCH):
            keys = encode([ref.key for ref in batch]).decode()
            with self._database.reading() as connection:
                rows = connection.execute(_SELECT_REPOSITORIES, (keys, fetched_since)).fetchall()
            for key, json in rows:
                if (repository := _unpack_repository(json)) is not None:
                    cached[key] = repository
        return cached

    def set_many(self, repositories: Sequence[CachedRepository]) -> None:
        for batch in split_into_batches(repositories, _REF_BATCH):
            rows = [(repository.ref.key, repository.fetched_at, encode_json(repository).decode()) for repository in batch]
            with self._database.writing_relaxed() as connection:
                connection.executemany(_UPSERT_REPOSITORY, rows)


def _unpack_repository(json: str) -> CachedRepository | None:
    """Return what was kept, None where another version of the program kept what this one can't read."""
    try:
        return _decode_repository(json)
    except DecodeError:
        return None
