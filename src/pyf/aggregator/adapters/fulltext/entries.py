"""The small SQLite file beside a tantivy index: what projects are ranked and shown by, and how far the index has come.

tantivy's own store unpacks a block for every document, which takes fifty times as long as a row does here.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import finalize

from msgspec import Struct
from msgspec.json import Decoder, encode

from ...domain.relevance import PopularityScale, QualitySignals, Searchable, build_popularity_scale
from ...domain.search import Hit
from .entry import FORM, Entry

_TABLES = (
    """CREATE TABLE entries (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        place INTEGER NOT NULL,
        downloads INTEGER,
        ranked BLOB NOT NULL,
        hit BLOB NOT NULL)""",
    "CREATE TABLE progress (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), made TEXT NOT NULL)",
)
_PUT = """
    INSERT INTO entries (name, place, downloads, ranked, hit) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE
    SET place = excluded.place, downloads = excluded.downloads, ranked = excluded.ranked, hit = excluded.hit
    RETURNING number
"""
_BEFORE = "SELECT place FROM entries WHERE name < ? ORDER BY name DESC LIMIT 1"
_AFTER = "SELECT place FROM entries WHERE name > ? ORDER BY name LIMIT 1"

# Places are numbers below this one; names are in the order of their places.
PLACES = 2**28

_MAPPED = 1024 * 1024 * 1024


class Progress(Struct, frozen=True, kw_only=True):
    """How far a search index has come.

    `collection` and `created_at` say of which collection it is, `position` which change it has seen last and
    `witness` of whom that was, "" where nobody can tell any more: another file may have come to this one's name.
    `counted` changes have been seen since `popularity` was worked out. `words` tells which lexicon names were taken
    apart with.
    """

    collection: int
    created_at: int
    position: int
    witness: str
    words: str
    popularity: PopularityScale = PopularityScale()
    counted: int = 0
    form: int = FORM


class Ranked(Struct, frozen=True, array_like=True):
    """What a project is ranked by."""

    searched: Searchable
    standing: QualitySignals


class Crowded(Exception):
    """Between two names there is no place left for a third."""


_RANKED, _HIT, _PROGRESS = Decoder(Ranked), Decoder(Hit), Decoder(Progress)


class Entries:
    """The entries of one search index, in a SQLite file that threads share; failures are `sqlite3.Error`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        # The state before this one may still be asked by another thread: the last of them closes its files.
        finalize(self, _close, self._idle)
        self._shared = path.with_name(f"{path.name}-shm")
        self._shared_size = 0

    def create(self) -> None:
        """Make the file, which must not be there."""
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for statement in _TABLES:
                connection.execute(statement)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose transaction is kept if the block ends without an error."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def progress(self) -> Progress | None:
        """Return how far the index has come; None where it was never finished."""
        with self._connection() as connection:
            row = connection.execute("SELECT made FROM progress").fetchone()
        return row and _PROGRESS.decode(row[0])

    def ranked(self, numbers: Iterable[int]) -> Mapping[int, Ranked]:
        """Return what these projects are ranked by; those that have gone meanwhile are missing."""
        return {number: _RANKED.decode(json) for number, json in self._of("ranked", numbers)}

    def hits(self, numbers: Sequence[int]) -> list[Hit]:
        """Return what is shown of projects, in their order; those that have gone meanwhile are left out."""
        found = {number: _HIT.decode(json) for number, json in self._of("hit", numbers)}
        return [found[number] for number in numbers if number in found]

    def keep_mapped(self) -> None:
        """Give what connections share by memory its length back where somebody has cut that file short.

        The system kills whoever reads behind the end of a mapped file (SIGBUS); zeros in this one SQLite makes good.
        """
        with suppress(FileNotFoundError):
            size = self._shared.stat().st_size
            if size < self._shared_size:
                os.truncate(self._shared, self._shared_size)
            self._shared_size = max(size, self._shared_size)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        _close(self._idle)

    def _of(self, column: str, numbers: Iterable[int]) -> list[tuple[int, bytes]]:
        query = f"SELECT number, {column} FROM entries WHERE number IN (SELECT value FROM json_each(?))"  # noqa: S608
        with self._connection() as connection:
            return connection.execute(query, (encode(list(numbers)).decode(),)).fetchall()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._opened()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = OFF")  # what a power cut damages is found and made anew
            connection.execute(f"PRAGMA mmap_size = {_MAPPED}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def _close(idle: list[sqlite3.Connection]) -> None:
    while idle:
        idle.pop().close()


def put(connection: sqlite3.Connection, entry: Entry, place: int) -> int:
    """Write an entry; return its number."""
    ranked = encode(Ranked(entry.searched, entry.standing))
    row = (entry.hit.name_normalized, place, entry.hit.downloads, ranked, encode(entry.hit))
    (number,) = connection.execute(_PUT, row).fetchone()
    return int(number)


def remove(connection: sqlite3.Connection, name: str) -> None:
    """Delete an entry."""
    connection.execute("DELETE FROM entries WHERE name = ?", (name,))


def place_of(connection: sqlite3.Connection, name: str) -> int:
    """Return a name's place among the others; raises `Crowded` where there is none left."""
    row = connection.execute("SELECT place FROM entries WHERE name = ?", (name,)).fetchone()
    if row:
        return int(row[0])
    before, after = (connection.execute(query, (name,)).fetchone() for query in (_BEFORE, _AFTER))
    low, high = before[0] if before else -1, after[0] if after else PLACES
    if high - low < 2:
        raise Crowded
    return int((low + high) // 2)


def popularity(connection: sqlite3.Connection) -> PopularityScale:
    """Return the scale of the downloads that are known."""
    rows = connection.execute("SELECT downloads FROM entries WHERE downloads IS NOT NULL")
    return build_popularity_scale(downloads for (downloads,) in rows)


def note(connection: sqlite3.Connection, progress: Progress) -> None:
    """Write down how far the index has come."""
    made = encode(progress).decode()
    connection.execute("INSERT OR REPLACE INTO progress (only_row, made) VALUES (1, ?)", (made,))
