"""Remembers in the index's SQLite file what costs time to find out again: rendered READMEs and verdicts."""

import time
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping

from msgspec import DecodeError
from msgspec.json import Decoder, encode

from ..domain.readme import Rendered
from .index.batches import batches
from .index.database import Database
from .index.encoding import encoded

_DAY = 24 * 60 * 60

# Rendered READMEs are kept for so many days after their last use, and in so many bytes together.
_KEPT_FOR = 90
_KEPT_AT_MOST = 256 * 1024 * 1024

# JSON of fewer bytes gains nothing from being compressed.
_COMPRESSED_FROM = 512

# Names in one query; READMEs and verdicts in one transaction, so that others can write in between.
_NAMES_AT_ONCE = 10_000
_READMES_AT_ONCE = 500
_VERDICTS_AT_ONCE = 50_000

_RECALL = "SELECT fingerprint, last_used, content FROM rendered WHERE fingerprint IN (SELECT value FROM json_each(?))"
_USED = "UPDATE rendered SET last_used = ? WHERE fingerprint IN (SELECT value FROM json_each(?))"
_KEEP = """
    INSERT INTO rendered (fingerprint, last_used, size, content) VALUES (?, ?, ?, ?)
    ON CONFLICT (fingerprint) DO UPDATE SET last_used = excluded.last_used, size = excluded.size,
    content = excluded.content
"""
_FORGET_BEYOND = """
    DELETE FROM rendered WHERE fingerprint IN (
        SELECT fingerprint FROM
        (SELECT fingerprint, sum(size) OVER (ORDER BY last_used DESC, rowid DESC) AS together FROM rendered)
        WHERE together > ?)
"""

_VERDICTS = """
    SELECT name, serial FROM verdicts JOIN filters ON id = filter_id
    WHERE key = ? AND name IN (SELECT value FROM json_each(?))
"""
_REMEMBERED = """
    SELECT name, serial FROM verdicts JOIN filters ON id = filter_id WHERE key = ? AND (serial = 0 OR NOT ?)
"""
_JUDGE = """
    INSERT INTO verdicts (filter_id, name, serial) VALUES ((SELECT id FROM filters WHERE key = ?), ?, ?)
    ON CONFLICT (filter_id, name) DO UPDATE SET serial = excluded.serial WHERE serial != excluded.serial
"""
_FORGET = """
    DELETE FROM verdicts WHERE filter_id = (SELECT id FROM filters WHERE key = ?)
    AND name IN (SELECT value FROM json_each(?))
"""

_decode = Decoder(Rendered).decode


class SqliteRenderCache:
    """The port `RenderCache` in a SQLite file.

    What has not been used for 90 days is forgotten, and of more than `limit` bytes what was used longest ago. The
    day of the last use is all that is noted, so reading writes once a day at most.
    """

    def __init__(self, database: Database, *, limit: int = _KEPT_AT_MOST, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._limit = limit
        self._now = now

    def recall(self, fingerprints: Collection[str]) -> Mapping[str, Rendered]:
        today = self._today()
        remembered: dict[str, Rendered] = {}
        for some in batches(fingerprints, _NAMES_AT_ONCE):
            used_before_today = []
            with self._database.reading() as connection:
                for fingerprint, last_used, content in connection.execute(_RECALL, (_listed(some),)):
                    if (rendered := _unpacked(content)) is not None:
                        remembered[fingerprint] = rendered
                        if last_used < today:
                            used_before_today.append(fingerprint)
            if used_before_today:
                with self._database.noting() as connection:
                    connection.execute(_USED, (today, _listed(used_before_today)))
        return remembered

    def keep(self, rendered: Mapping[str, Rendered]) -> None:
        today = self._today()
        for some in batches(rendered.items(), _READMES_AT_ONCE):
            packed = [(fingerprint, _packed(value)) for fingerprint, value in some]
            with self._database.noting() as connection:
                connection.executemany(_KEEP, ((key, today, len(content), content) for key, content in packed))
                connection.execute("DELETE FROM rendered WHERE last_used < ?", (today - _KEPT_FOR,))
                (size,) = connection.execute("SELECT coalesce(sum(size), 0) FROM rendered").fetchone()
                if size > self._limit:
                    # A little more than is due, or every further README would have to do it again.
                    connection.execute(_FORGET_BEYOND, (self._limit * 9 // 10,))

    def _today(self) -> int:
        return int(self._now() // _DAY)


class SqliteVerdictStore:
    """The port `VerdictStore` in a SQLite file; made for the verdicts on every project that there is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def recall(self, filter_key: str, names: Collection[str]) -> Mapping[str, int]:
        serials: dict[str, int] = {}
        for some in batches(names, _NAMES_AT_ONCE):
            with self._database.reading() as connection:
                serials.update(connection.execute(_VERDICTS, (filter_key, _listed(some))))
        return serials

    def remembered(self, filter_key: str, *, unjudged: bool = False) -> Mapping[str, int]:
        with self._database.reading() as connection:
            return dict(connection.execute(_REMEMBERED, (filter_key, unjudged)))

    def judge(self, filter_key: str, verdicts: Mapping[str, int]) -> None:
        for some in batches(verdicts.items(), _VERDICTS_AT_ONCE):
            with self._database.writing() as connection:
                connection.execute("INSERT OR IGNORE INTO filters (key) VALUES (?)", (filter_key,))
                connection.executemany(_JUDGE, ((filter_key, name, serial) for name, serial in some))

    def forget(self, filter_key: str, names: Collection[str]) -> None:
        for some in batches(names, _NAMES_AT_ONCE):
            with self._database.writing() as connection:
                connection.execute(_FORGET, (filter_key, _listed(some)))


def _packed(rendered: Rendered) -> bytes:
    json = encoded(rendered)
    return json if len(json) < _COMPRESSED_FROM else zlib.compress(json, level=1)


def _unpacked(content: bytes) -> Rendered | None:
    """Return what was packed, None where another version of the program packed what this one can't read."""
    try:
        return _decode(content if content.startswith(b"{") else zlib.decompress(content))
    except (DecodeError, zlib.error):
        return None


def _listed(names: Iterable[str]) -> str:
    return encode(list(names)).decode()
