"""Collections of a SQLite file as source of full-text search indexes, which are stored beside that file."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from ...domain.documents.schema import Owner
from ...domain.health import ScoringConfig
from ...domain.relevance import Lexicon, PopularityScale, build_popularity_scale
from ..encoding import build_document as document_of
from ..encoding import decode_registry_fields
from ..fulltext.files import get_search_folder
from ..fulltext.indexed_package import build_indexed_package, parse_older_release
from ..fulltext.search import FulltextSearch
from ..fulltext.source import ChangedPackages, PackageRecord, Position, WriteNumbers
from .database import Database, require_collection, to_json_array

# Changes per query.
_BATCH = 250

_VISIBLE = "collection_id = ? AND releases > 0 AND project_status != 'quarantined'"
_CHANGED = """
    SELECT name, change, releases > 0 AND project_status != 'quarantined' FROM projects
    WHERE collection_id = ? AND change > ? ORDER BY change LIMIT ?
"""
_NAMES = f"SELECT name FROM projects WHERE {_VISIBLE} ORDER BY name"  # noqa: S608 - ours
_DOCUMENTS = """
    SELECT name, fields, is_newest FROM documents
    WHERE collection_id = ? AND name IN (SELECT value FROM json_each(?))
"""
# Without what searches do not need.
_ENRICHMENTS = """
    SELECT name, owner, fields FROM enrichments
    WHERE collection_id = ? AND name IN (SELECT value FROM json_each(?)) AND owner != 'history'
"""
_DOWNLOADS = f"""
    SELECT json_extract(fields, '$.download_last_month') FROM enrichments
    WHERE collection_id = ?1 AND owner = 'downloads'
    AND name IN (SELECT name FROM projects WHERE {_VISIBLE.replace("?", "?1")})
"""  # noqa: S608 - ours
_LATEST = "SELECT coalesce(max(change), 0) FROM projects WHERE collection_id = ?"
_NAME_OF_CHANGE = "SELECT name FROM projects WHERE collection_id = ? AND change = ?"


def open_search(
    database: Database, lexicon: Lexicon, scoring_config: ScoringConfig, *, now: Callable[[], float]
) -> FulltextSearch:
    """Return the search in the collections of a SQLite file; `now` returns Unix seconds."""
    return FulltextSearch(SqliteSource(database), lexicon, scoring_config, now=now)


class SqliteSource:
    """The port `PackageSource` over a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.folder = get_search_folder(database.path)

    def open_collection(self, name: str) -> "SqliteCollection":
        with self._database.reading() as connection:
            found = require_collection(connection, name, self._database.path)
            query = "SELECT created_at FROM collections WHERE id = ?"
            (created_at,) = connection.execute(query, (found.id,)).fetchone()
            latest = _read_latest(connection, found.id)
        return SqliteCollection(self._database, found.id, created_at, latest)

    def list_folder_names(self) -> None:
        return None


class SqliteCollection:
    """The port `CollectionSource` over a SQLite file, where every change of a package has a unique number."""

    def __init__(self, database: Database, number: int, created_at: int, latest: int) -> None:
        self._database = database
        self._number = number
        self._latest = latest
        self.folder_name = str(number)
        self.identity = f"{number} of {created_at}"

    def is_current(self, position: Position) -> bool:
        return position.number >= self._latest

    def has_reached(self, position: Position) -> bool:
        if position.number <= self._latest:
            return True
        with self._database.reading() as connection:
            return position.number <= _read_latest(connection, self._number)

    def confirms(self, position: Position) -> bool:
        with self._database.reading() as connection:
            name = _read_name(connection, self._number, position.number)
        return name in ("", position.package)

    @contextmanager
    def open_reader(self) -> Iterator["_Reader"]:
        with self._database.reading() as connection:
            # Changes made during the build are read later, from this position.
            number = _read_latest(connection, self._number)
            position = Position(number=number, package=_read_name(connection, self._number, number))
            names = [name for (name,) in connection.execute(_NAMES, (self._number,))]
            rows = connection.execute(_DOWNLOADS, (self._number,))
            scale = build_popularity_scale(downloads for (downloads,) in rows if downloads is not None)
        yield _Reader(self._database, self._number, names, position, scale)

    def read_changes(self, position: Position, numbers: WriteNumbers) -> Iterator[ChangedPackages]:
        number = position.number
        while True:
            with self._database.reading() as connection:
                changes = connection.execute(_CHANGED, (self._number, number, _BATCH)).fetchall()
            if not changes:
                return
            name, number, _ = changes[-1]
            visible = [package for package, _, is_visible in changes if is_visible]
            packages = _read_packages(self._database, self._number, visible)
            yield ChangedPackages(
                records=[
                    _parse_package(packages[package]) if package in packages else PackageRecord(name=package)
                    for package, *_ in changes
                ],
                position=Position(number=number, package=name),
            )


# The rows of a package: its name, the JSON of its documents, with whether each is the newest one, and of its
# enrichments. A tuple is sent to another process in less time than a struct.
_StoredPackage: TypeAlias = tuple[str, list[tuple[str, int]], dict[Owner, str]]


class _Reader:
    """The port `PackageReader`; packages are read in their current state, not in that of the position."""

    def __init__(
        self, database: Database, collection: int, names: Sequence[str], position: Position, popularity: PopularityScale
    ) -> None:
        self._database = database
        self._collection = collection
        self.names = names
        self.position = position
        self.popularity = popularity
        self.parse: Callable[[Any], PackageRecord] = _parse_package

    def read(self, names: Sequence[str]) -> Iterable[tuple[str, _StoredPackage]]:
        return _read_packages(self._database, self._collection, names).items()


def _read_latest(connection: sqlite3.Connection, collection: int) -> int:
    (latest,) = connection.execute(_LATEST, (collection,)).fetchone()
    return int(latest)


def _read_name(connection: sqlite3.Connection, collection: int, change: int) -> str:
    """Return the package of a change, "" if it has changed again since."""
    row = connection.execute(_NAME_OF_CHANGE, (collection, change)).fetchone()
    return row[0] if row else ""


def _read_packages(database: Database, collection: int, names: Sequence[str]) -> dict[str, _StoredPackage]:
    parameters = (collection, to_json_array(names))
    with database.reading() as connection:
        documents = connection.execute(_DOCUMENTS, parameters).fetchall()
        enrichments = connection.execute(_ENRICHMENTS, parameters).fetchall()
    packages: dict[str, _StoredPackage] = {}
    for name, json, is_newest in documents:
        packages.setdefault(name, (name, [], {}))[1].append((json, is_newest))
    for name, owner, json in enrichments:
        if name in packages:
            packages[name][2][owner] = json
    return packages


def _parse_package(package: _StoredPackage) -> PackageRecord:
    name, documents, enrichments = package
    newest = next((json for json, is_newest in documents if is_newest), None)
    if newest is None:  # it was rejected
        return PackageRecord(name=name)
    older = [parse_older_release(json) for json, is_newest in documents if not is_newest]
    document = document_of(decode_registry_fields(newest), enrichments)
    return PackageRecord(name=name, entry=build_indexed_package(document, older))
