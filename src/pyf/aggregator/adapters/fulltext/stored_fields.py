"""Store the fields to rank and display packages, and the index's progress, in a SQLite file beside a tantivy index.

tantivy's own document store unpacks a block for each document: reading a row of SQLite is fifty times as fast.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias
from weakref import finalize

from msgspec import Struct, msgpack
from msgspec.json import Decoder, encode

from ...domain.relevance import PopularityScale, QualitySignals, Searchable, build_popularity_scale
from ...domain.search import Hit
from ..sqlite.read_only import can_write, connect_existing
from .indexed_package import SEARCH_VERSION, IndexedPackage, OlderRelease
from .source import PackageRecord, Position

FILE_NAME = "entries.sqlite3"

_TABLES = (
    """CREATE TABLE packages (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        sort_position INTEGER NOT NULL,
        downloads INTEGER,
        ranking BLOB NOT NULL,
        hit BLOB NOT NULL,
        older_releases BLOB NOT NULL)""",
    # One row per document, including those of hidden packages. Only sources that need write numbers fill it.
    "CREATE TABLE documents (name TEXT NOT NULL, number INTEGER NOT NULL)",
    "CREATE INDEX documents_by_name ON documents (name)",
    "CREATE INDEX documents_by_number ON documents (number)",
    "CREATE TABLE progress (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), json TEXT NOT NULL)",
)
_INSERT = """
    INSERT INTO packages (name, sort_position, downloads, ranking, hit, older_releases, number)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_PUT = f"""{_INSERT}
    ON CONFLICT (name) DO UPDATE
    SET sort_position = excluded.sort_position, downloads = excluded.downloads,
        ranking = excluded.ranking, hit = excluded.hit, older_releases = excluded.older_releases
    RETURNING number
"""  # noqa: S608 - ours
_INSERT_NUMBER = "INSERT INTO documents (name, number) VALUES (?, ?)"
_BEFORE = "SELECT sort_position FROM packages WHERE name < ? ORDER BY name DESC LIMIT 1"
_AFTER = "SELECT sort_position FROM packages WHERE name > ? ORDER BY name LIMIT 1"

# The values of a row: name, sort position, downloads, ranking, hit, older releases, number.
PackageRow: TypeAlias = tuple[str, int, int | None, bytes, bytes, bytes, int | None]

# Sort positions are numbers below this one, in the order of names.
SORT_POSITIONS = 2**28

_MAPPED_BYTES = 1024 * 1024 * 1024


class IndexProgress(Struct, frozen=True, kw_only=True):
    """The collection that an index was built from, the versions of the build, and its position.

    Attributes:
        identity: Distinguishes the collection from others with the same folder name.
        lexicon: The fingerprint of the lexicon that names were split with.
        changed_count: The number of packages that have changed since `popularity` was computed.
    """

    identity: str
    position: Position
    lexicon: str
    search_version: int
    popularity: PopularityScale = PopularityScale()
    changed_count: int = 0


class RankingFields(Struct, frozen=True, array_like=True, gc=False):
    """The fields that a package is ranked by; without `gc`, because each search makes hundreds of them."""

    searchable: Searchable
    quality_signals: QualitySignals


class NoSortPositionLeft(Exception):
    """No sort position is left between two names: the index must be rebuilt."""


_RANKING, _HIT, _PROGRESS = msgpack.Decoder(RankingFields), msgpack.Decoder(Hit), Decoder(IndexProgress)
_OLDER_RELEASES = Decoder(tuple[OlderRelease, ...])


class StoredFields:
    """The stored fields of one search index, in a SQLite file that threads share; failures are `sqlite3.Error`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        # Another thread may still read the previous state, so its files are closed after the last use.
        finalize(self, _close_all, self._idle)
        self._shared_memory = path.with_name(f"{path.name}-shm")
        self._shared_size = 0

    def create(self) -> None:
        """Create the file, which must not exist."""
        with self._connect() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for statement in _TABLES:
                connection.execute(statement)

    @contextmanager
    def write(self) -> Iterator["StoredFieldsWriter"]:
        """Open a transaction that is committed if the block ends without an error."""
        with self._connect() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield StoredFieldsWriter(connection)
            connection.execute("COMMIT")

    def read_progress(self) -> IndexProgress | None:
        """Return the progress; None for an unfinished index."""
        with self._connect() as connection:
            row = connection.execute("SELECT json FROM progress").fetchone()
        return row and _PROGRESS.decode(row[0])

    def get_ranking(self, numbers: Iterable[int]) -> Mapping[int, RankingFields]:
        """Return the ranking fields of packages; removed ones are left out."""
        return {number: _RANKING.decode(row) for number, row in self._select("ranking", numbers)}

    def get_hits(self, numbers: Sequence[int]) -> list[Hit]:
        """Return the hits of packages, in their order; removed ones are left out."""
        hits = {number: _HIT.decode(row) for number, row in self._select("hit", numbers)}
        return [hits[number] for number in numbers if number in hits]

    def get_older_releases(self, name: str) -> tuple[OlderRelease, ...]:
        """Return the older releases of a package with different versions, newest first."""
        with self._connect() as connection:
            row = connection.execute("SELECT older_releases FROM packages WHERE name = ?", (name,)).fetchone()
        return _OLDER_RELEASES.decode(row[0]) if row else ()

    def touch_mmap(self) -> None:
        """Restore the length of SQLite's shared memory file if another program has truncated it.

        The system kills a process that reads behind the end of a mapped file (SIGBUS). SQLite repairs zeros in it.
        """
        with suppress(FileNotFoundError):
            size = self._shared_memory.stat().st_size
            if size < self._shared_size:
                os.truncate(self._shared_memory, self._shared_size)
            self._shared_size = max(size, self._shared_size)

    def close(self) -> None:
        """Close the idle connections."""
        _close_all(self._idle)

    def _select(self, column: str, numbers: Iterable[int]) -> list[tuple[int, bytes]]:
        query = f"SELECT number, {column} FROM packages WHERE number IN (SELECT value FROM json_each(?))"  # noqa: S608
        with self._connect() as connection:
            return connection.execute(query, (encode(list(numbers)).decode(),)).fetchall()

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._open_connection()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def _open_connection(self) -> sqlite3.Connection:
        if can_write(self._path):
            connection = sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)
        else:
            connection = connect_existing(self._path, timeout=10)
        try:
            connection.execute(
                "PRAGMA synchronous = OFF"
            )  # damage by a power failure is detected, and the index is rebuilt
            connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


class StoredFieldsWriter:
    """Writes stored fields inside one transaction; also the `WriteNumbers` of the index."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, entry: IndexedPackage, sort_position: int) -> int:
        """Write a package and return its number in the index."""
        (number,) = self._connection.execute(_PUT, to_row(entry, sort_position)).fetchone()
        return int(number)

    def insert(self, rows: Iterable[PackageRow]) -> None:
        """Write packages to a new index."""
        self._connection.executemany(_INSERT, rows)

    def insert_numbers(self, records: Iterable[tuple[str, Sequence[int]]]) -> None:
        """Write the write numbers of packages' documents to a new index."""
        self._connection.executemany(
            _INSERT_NUMBER, ((name, number) for name, numbers in records for number in numbers)
        )

    def delete(self, name: str) -> None:
        """Delete a package that must not be found."""
        self._connection.execute("DELETE FROM packages WHERE name = ?", (name,))

    def put_numbers(self, record: PackageRecord) -> None:
        """Replace the write numbers of a package's documents."""
        self._connection.execute("DELETE FROM documents WHERE name = ?", (record.name,))
        self.insert_numbers([(record.name, record.numbers)])

    def get_since(self, number: int) -> dict[str, list[int]]:
        query = "SELECT name, number FROM documents WHERE number >= ? ORDER BY name, number"
        numbers: dict[str, list[int]] = {}
        for name, written in self._connection.execute(query, (number,)):
            numbers.setdefault(name, []).append(written)
        return numbers

    def get_latest(self) -> int:
        (latest,) = self._connection.execute("SELECT coalesce(max(number), 0) FROM documents").fetchone()
        return int(latest)

    def filter_known(self, names: Iterable[str]) -> set[str]:
        query = "SELECT DISTINCT name FROM documents WHERE name IN (SELECT value FROM json_each(?))"
        return {name for (name,) in self._connection.execute(query, (encode(list(names)).decode(),))}

    def count(self, number: int = 0) -> int:
        (found,) = self._connection.execute("SELECT count(*) FROM documents WHERE number >= ?", (number,)).fetchone()
        return int(found)

    def count_packages(self) -> int:
        """Return the number of packages that can be found."""
        (found,) = self._connection.execute("SELECT count(*) FROM packages").fetchone()
        return int(found)

    def find_sort_position(self, name: str) -> int:
        """Return the position of a name, a new one between its neighbors; raises `NoSortPositionLeft`."""
        row = self._connection.execute("SELECT sort_position FROM packages WHERE name = ?", (name,)).fetchone()
        if row:
            return int(row[0])
        before, after = (self._connection.execute(query, (name,)).fetchone() for query in (_BEFORE, _AFTER))
        low, high = before[0] if before else -1, after[0] if after else SORT_POSITIONS
        if high - low < 2:
            raise NoSortPositionLeft
        return int((low + high) // 2)

    def compute_popularity(self) -> PopularityScale:
        """Compute the scale of the known download counts."""
        rows = self._connection.execute("SELECT downloads FROM packages WHERE downloads IS NOT NULL")
        return build_popularity_scale(downloads for (downloads,) in rows)

    def put_progress(self, progress: IndexProgress) -> None:
        """Store the progress."""
        json = encode(progress).decode()
        self._connection.execute("INSERT OR REPLACE INTO progress (only_row, json) VALUES (1, ?)", (json,))


def to_row(entry: IndexedPackage, sort_position: int, number: int | None = None) -> PackageRow:
    """Encode a package as a row; without a number, it gets the next one."""
    hit = entry.hit
    ranking = msgpack.encode(RankingFields(entry.stems.join(), entry.quality_signals))
    older_releases = encode(entry.older_releases)  # they have parts in JSON
    return hit.name_normalized, sort_position, hit.downloads, ranking, msgpack.encode(hit), older_releases, number


def has_search_version(progress: IndexProgress) -> bool:
    """Return whether an index has the current search version."""
    return progress.search_version == SEARCH_VERSION


def _close_all(idle: list[sqlite3.Connection]) -> None:
    while idle:
        idle.pop().close()
