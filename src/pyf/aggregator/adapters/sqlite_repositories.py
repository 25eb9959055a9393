"""Remembers in the index's SQLite file what hosts have said about repositories: each is asked about once a day."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import DecodeError
from msgspec.json import Decoder, encode

from ..domain.repository import Learned
from ..domain.repository_address import RepositoryAddress
from .index.batches import batches
from .index.database import Database
from .index.encoding import encoded

# Addresses in one query, and in one transaction, so that others can write in between.
_AT_ONCE = 5_000

_RECALL = """
    SELECT key, learned FROM repositories
    WHERE key IN (SELECT value FROM json_each(?)) AND learned_at >= ?
"""
_KEEP = """
    INSERT INTO repositories (key, learned_at, learned) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET learned_at = excluded.learned_at, learned = excluded.learned
    WHERE excluded.learned_at >= learned_at
"""

_decode = Decoder(Learned).decode


class SqliteRepositoryCache:
    """The port `RepositoryCache` in a SQLite file; a row of some hundred bytes for each address ever asked about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def recall(self, addresses: Collection[RepositoryAddress], *, since: int) -> Mapping[str, Learned]:
        remembered: dict[str, Learned] = {}
        for some in batches(addresses, _AT_ONCE):
            keys = encode([address.key for address in some]).decode()
            with self._database.reading() as connection:
                rows = connection.execute(_RECALL, (keys, since)).fetchall()
            for key, json in rows:
                if (learned := _unpacked(json)) is not None:
                    remembered[key] = learned
        return remembered

    def keep(self, learned: Sequence[Learned]) -> None:
        for some in batches(learned, _AT_ONCE):
            rows = [(each.address.key, each.learned_at, encoded(each).decode()) for each in some]
            with self._database.noting() as connection:
                connection.executemany(_KEEP, rows)


def _unpacked(json: str) -> Learned | None:
    """Return what was kept, None where another version of the program kept what this one can't read."""
    try:
        return _decode(json)
    except DecodeError:
        return None
