"""Keeps a search index at what its collection says: follows the changes, and makes it anew where that is needed."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import tantivy
from msgspec import UNSET, Struct
from msgspec.json import encode

from ...domain.documents.document import Document
from ...domain.documents.schema import Owner
from ...domain.errors import Unavailable
from ...domain.health import ScoringConfig
from ...domain.health.compatibility import has_supported_version
from ...domain.relevance import Lexicon, PopularityScale, build_popularity_scale, compute_quality
from ..encoding import build_document as document_of
from ..encoding import decode_registry_fields
from ..sqlite.database import Database
from .documents import document, schema
from .entries import PLACES, Entries, Progress, note, place_of, popularity, put, remove
from .entry import Entry, Versions, entry_of, versions_of
from .files import clear_away, take_place

ENTRIES = "entries.sqlite3"

# Memory that tantivy gathers terms in before it writes them, in bytes: enough for some 300,000 projects in one piece,
# which answers sooner than three.
_MEMORY = 256 * 1024 * 1024
# Projects that are read at once, and changes that are looked up at once.
_AT_ONCE = 250
# When so large a part of the projects has changed, popularity is worked out again.
_NOTABLE = 0.01

_CHANGED = """
    SELECT name, change, releases > 0 AND project_status != 'quarantined' FROM projects
    WHERE collection_id = ? AND change > ? ORDER BY change LIMIT ?
"""
_NAMES = """
    SELECT name FROM projects
    WHERE collection_id = ? AND releases > 0 AND project_status != 'quarantined' ORDER BY name
"""
_NEWEST = """
    SELECT name, fields, is_newest FROM documents
    WHERE collection_id = ? AND name IN (SELECT value FROM json_each(?))
"""
_OTHERS = """
    SELECT name, owner, fields FROM enrichments
    WHERE collection_id = ? AND name IN (SELECT value FROM json_each(?))
"""
_DOWNLOADS = """
    SELECT json_extract(fields, '$.download_last_month') FROM enrichments
    WHERE collection_id = ? AND owner = 'downloads'
"""
_LATEST = "SELECT coalesce(max(change), 0) FROM projects WHERE collection_id = ?"


class Collection(Struct, frozen=True):
    """A collection as its search index is told from others by, and the number of its latest change."""

    number: int
    created_at: int
    latest: int


class Measures(Struct, frozen=True):
    """What projects are taken apart and judged by; `now` returns the time in Unix seconds."""

    lexicon: Lexicon
    standards: ScoringConfig
    now: Callable[[], float]

    @property
    def today(self) -> date:
        """The day."""
        return datetime.fromtimestamp(self.now(), UTC).date()

    def merit(self, entry: Entry, scale: PopularityScale) -> float:
        """Return what speaks for a project today."""
        return compute_quality(
            entry.standing, scale, is_current=self.is_current(entry.standing.framework_versions, self.today)
        )

    def is_current(self, framework_versions: Iterable[str], today: date) -> bool | None:
        """Tell whether one of these is supported on a day; None where none is one that we know."""
        verdict = has_supported_version(framework_versions, self.standards, today)
        return None if verdict is UNSET else verdict


def make_anew(database: Database, collection: Collection, folder: Path, measures: Measures) -> None:
    """Make a search index from all that a collection holds, and put it in its place."""
    made = folder.with_name(f"{folder.name}.new-{os.getpid()}")
    for leftover in folder.parent.glob(f"{folder.name}.new-*"):
        clear_away(leftover)
    try:
        made.mkdir(parents=True)
        with closing(Entries(made / ENTRIES)) as entries:
            entries.create()
            _fill(database, collection, entries, made, measures)
    except OSError as error:
        raise Unavailable(f"the search index {folder} can't be written: {error.strerror}") from error
    take_place(made, folder)


def catch_up(
    database: Database, collection: Collection, folder: Path, entries: Entries, held: Progress, measures: Measures
) -> None:
    """Bring a search index up to the latest change; raises `Crowded` where it has to be made anew."""
    writer = tantivy.Index.open(str(folder)).writer(_MEMORY, 1)
    with entries.writing() as connection:
        (projects,) = connection.execute("SELECT count(*) FROM entries").fetchone()
        position, witness, seen = held.position, held.witness, 0
        scale = held.popularity
        while changed := _changed(database, collection.number, position):
            witness, position, _ = changed[-1]
            seen += len(changed)
            there = [name for name, _, is_there in changed if is_there]
            for name in {name for name, *_ in changed}:
                writer.delete_documents_by_term("name", name)
            read = dict(_entries(database, collection.number, there))
            for name, *_ in changed:
                if name in read:
                    _add(connection, writer, read[name], place_of(connection, name), scale, measures)
                else:
                    remove(connection, name)
        counted = held.counted + seen
        if counted > projects * _NOTABLE:
            scale, counted = popularity(connection), 0
        progress = Progress(
            collection=held.collection,
            created_at=held.created_at,
            position=position,
            witness=witness,
            words=held.words,
            popularity=scale,
            counted=counted,
        )
        writer.commit()
        note(connection, progress)
    writer.wait_merging_threads()


def latest_change(connection: sqlite3.Connection, collection: int) -> int:
    """Return the number of a collection's latest change, 0 for none."""
    (latest,) = connection.execute(_LATEST, (collection,)).fetchone()
    return int(latest)


def who_changed(connection: sqlite3.Connection, collection: int, change: int) -> str:
    """Return whose change a number is; "" where that has changed again since."""
    query = "SELECT name FROM projects WHERE collection_id = ? AND change = ?"
    row = connection.execute(query, (collection, change)).fetchone()
    return row[0] if row else ""


def _fill(database: Database, collection: Collection, entries: Entries, folder: Path, measures: Measures) -> None:
    with database.reading() as connection:
        # Changes that are made while we read are caught up with afterwards, from here on.
        position = latest_change(connection, collection.number)
        witness = who_changed(connection, collection.number, position)
        names = [name for (name,) in connection.execute(_NAMES, (collection.number,))]
        scale = build_popularity_scale(
            downloads for (downloads,) in connection.execute(_DOWNLOADS, (collection.number,)) if downloads is not None
        )
    writer = tantivy.Index(schema(), path=str(folder)).writer(_MEMORY, 1)
    step = PLACES // (len(names) + 1)
    with entries.writing() as connection:
        for start in range(0, len(names), _AT_ONCE):
            read = dict(_entries(database, collection.number, names[start : start + _AT_ONCE]))
            for number, name in enumerate(names[start : start + _AT_ONCE], start + 1):
                if name in read:
                    _add(connection, writer, read[name], number * step, scale, measures)
        writer.commit()
        progress = Progress(
            collection=collection.number,
            created_at=collection.created_at,
            position=position,
            witness=witness,
            words=measures.lexicon.fingerprint,
            popularity=scale,
        )
        note(connection, progress)
    writer.wait_merging_threads()


def _add(
    connection: sqlite3.Connection,
    writer: tantivy.IndexWriter,
    entry: Entry,
    place: int,
    scale: PopularityScale,
    measures: Measures,
) -> None:
    number = put(connection, entry, place)
    value = measures.merit(entry, scale)
    writer.add_document(document(entry, measures.lexicon, number=number, place=place, merit=value))


def _changed(database: Database, collection: int, position: int) -> list[tuple[str, int, bool]]:
    with database.reading() as connection:
        rows = connection.execute(_CHANGED, (collection, position, _AT_ONCE)).fetchall()
    return [(name, change, bool(is_there)) for name, change, is_there in rows]


def _entries(database: Database, collection: int, names: list[str]) -> Iterator[tuple[str, Entry]]:
    asked = (collection, encode(names).decode())
    with database.reading() as connection:
        rows = connection.execute(_NEWEST, asked).fetchall()
        others: dict[str, dict[Owner, str]] = {}
        for name, owner, json in connection.execute(_OTHERS, asked):
            others.setdefault(name, {})[Owner(owner)] = json
    newest: dict[str, Document] = {}
    older: dict[str, set[Versions]] = {}
    for name, json, is_newest in rows:
        if is_newest:
            newest[name] = document_of(decode_registry_fields(json), others.get(name, {}))
        else:
            older.setdefault(name, set()).add(versions_of(json))
    for name, release in newest.items():
        yield name, entry_of(release, older.get(name, ()))
