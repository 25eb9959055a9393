"""Keeps documents in one SQLite file: the index that needs no server."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.json import decode, encode

from ...domain.collection import CollectionState, Holding, Tombstone
from ...domain.document import Document, Enrichments
from ...domain.project import normalized
from ...domain.schema import Owner, ProjectFields, RegistryFields
from ...ports import ProjectDocuments, Rejection
from .batches import batches, names_by_documents
from .catalogue import Found, existing, resolved
from .database import Database
from .encoding import (
    document,
    encoded,
    enrichments,
    fingerprint,
    newest_first,
    oldest_first,
    owner_of,
    registry_fields,
    storable,
)
from .project_rows import ProjectRows, bury, enrich, put_project, rows_of

# One transaction takes whole projects up to so many characters of JSON: others write in between, the log stays short.
_PUT_AT_ONCE = 4 * 1024 * 1024

# Projects in one transaction or query that needs little of each, and documents in one page of an export.
_PROJECTS_AT_ONCE = 500
_EXPORT_AT_ONCE = 200

_DOCUMENTS = """
    SELECT name, fields FROM documents
    WHERE collection_id = ? AND name IN (SELECT value FROM json_each(?)) ORDER BY name
"""
_ENRICHMENTS = """
    SELECT name, owner, fields FROM enrichments
    WHERE collection_id = ? AND name IN (SELECT value FROM json_each(?))
"""
_THERE = """
    SELECT name FROM projects
    WHERE collection_id = ? AND name IN (SELECT value FROM json_each(?)) AND releases > 0
"""
_HOLDINGS = """
    SELECT name, last_serial, composed_with, status_checked, project_status, releases FROM projects
    WHERE collection_id = ? AND name > ? AND releases > 0 ORDER BY name LIMIT ?
"""
_TOMBSTONES = """
    SELECT name, removed_at, reason FROM tombstones WHERE collection_id = ? AND name > ? ORDER BY name LIMIT ?
"""
_CHANGES = "SELECT name, change FROM projects WHERE collection_id = ? AND change > ? ORDER BY change LIMIT ?"


class Change(Struct, frozen=True):
    """That something of a project changed last under this number; the project may be gone."""

    name_normalized: str
    number: int


class SqliteIndex:
    """The port `PackageIndex` on a SQLite file.

    Every transaction looks its collection up itself, so that work on an alias goes to the collection that the alias
    leads to at that moment, whole projects at a time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, collection: str, projects: Sequence[ProjectDocuments]) -> Sequence[Rejection]:
        rejections: list[Rejection] = []
        rows: list[ProjectRows] = []
        size = 0
        for project in projects:
            rows.append(rows_of(project, rejections))
            size += rows[-1].size
            if size >= _PUT_AT_ONCE:
                self._put_rows(collection, rows)
                rows, size = [], 0
        self._put_rows(collection, rows)
        return rejections

    def remove(self, collection: str, tombstones: Sequence[Tombstone]) -> int:
        removed = 0
        for some in batches(tombstones, _PROJECTS_AT_ONCE):
            with self._database.writing() as connection:
                number = self._number(connection, collection)
                for tombstone in some:
                    removed += bury(connection, number, tombstone)
        return removed

    def update(self, collection: str, fields: Mapping[str, ProjectFields]) -> int:
        updated = 0
        for some in batches(fields.items(), _PROJECTS_AT_ONCE):
            rows = [(storable(name), owner_of(value), encoded(value).decode()) for name, value in some]
            with self._database.writing() as connection:
                number = self._number(connection, collection)
                updated += sum(enrich(connection, number, *row) for row in rows)
        return updated

    def documents(self, collection: str, name: str) -> Sequence[Document]:
        wanted = storable(normalized(name))
        with self._database.reading() as connection:
            number = self._number(connection, collection)
            held = _registry_fields(connection, number, [wanted]).get(wanted, [])
            others = _others(connection, number, [wanted]).get(wanted, {})
            return [document(fields, others) for fields in newest_first(held)]

    def held(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[RegistryFields]]:
        found: dict[str, Sequence[RegistryFields]] = {}
        for some in batches(names, _PROJECTS_AT_ONCE):
            with self._database.reading() as connection:
                documents = _registry_fields(connection, self._number(connection, collection), map(storable, some))
                found.update((name, newest_first(fields)) for name, fields in documents.items())
        return found

    def enrichments(self, collection: str, names: Iterable[str]) -> Mapping[str, Enrichments]:
        found: dict[str, Enrichments] = {}
        for some in batches(names, _PROJECTS_AT_ONCE):
            asked = [storable(name) for name in some]
            with self._database.reading() as connection:
                number = self._number(connection, collection)
                others = _others(connection, number, asked)
                there = connection.execute(_THERE, (number, _listed(asked))).fetchall()
            found.update((name, enrichments(others.get(name, {}))) for (name,) in there)
        return found

    def holdings(self, collection: str) -> Iterator[Holding]:
        real_name, page = self._page_of_holdings(collection, collection, "")
        while page:
            yield from page
            real_name, page = self._page_of_holdings(real_name, collection, page[-1].name_normalized)

    def fingerprints(self, collection: str) -> Mapping[str, int]:
        found: dict[str, int] = {}
        names = (holding.name_normalized for holding in self.holdings(collection))
        for some in batches(names, _PROJECTS_AT_ONCE):
            with self._database.reading() as connection:
                number = self._number(connection, collection)
                others = _others(connection, number, some)
                documents: dict[str, list[str]] = {}
                for name, json in connection.execute(_DOCUMENTS, (number, _listed(some))):
                    documents.setdefault(name, []).append(json)
            found |= {name: fingerprint(documents[name], others.get(name, {})) for name in documents}
        return found

    def export(self, collection: str) -> Iterator[Document]:
        real_name = collection
        for names in names_by_documents(self.holdings(collection), _EXPORT_AT_ONCE):
            with self._database.reading() as connection:
                number, real_name = self._same(connection, real_name, collection)
                held, others = _registry_fields(connection, number, names), _others(connection, number, names)
            for name, fields in held.items():
                yield from (document(each, others.get(name, {})) for each in oldest_first(fields))

    def tombstone(self, collection: str, name: str) -> Tombstone | None:
        query = "SELECT name, removed_at, reason FROM tombstones WHERE collection_id = ? AND name = ?"
        with self._database.reading() as connection:
            number = self._number(connection, collection)
            row = connection.execute(query, (number, storable(normalized(name)))).fetchone()
        return row and Tombstone(name=row[0], removed_at=row[1], reason=row[2])

    def tombstones(self, collection: str) -> Iterator[Tombstone]:
        after: str | None = ""
        while after is not None:
            with self._database.reading() as connection:
                number = self._number(connection, collection)
                rows = connection.execute(_TOMBSTONES, (number, after, _PROJECTS_AT_ONCE))
                page = [Tombstone(name=name, removed_at=at, reason=reason) for name, at, reason in rows]
            yield from page
            after = page[-1].name if page else None

    def state(self, collection: str) -> CollectionState:
        with self._database.reading() as connection:
            number = self._number(connection, collection)
            (json,) = connection.execute("SELECT state FROM collections WHERE id = ?", (number,)).fetchone()
            return decode(json, type=CollectionState)

    def remember(self, collection: str, state: CollectionState) -> None:
        json = encoded(state).decode()
        with self._database.writing() as connection:
            number = self._number(connection, collection)
            connection.execute("UPDATE collections SET state = ? WHERE id = ?", (json, number))

    def changes(self, collection: str, since: int, *, limit: int = 1000) -> Sequence[Change]:
        """Return the projects that changed under a number above `since`, each once, in the order of their changes.

        It is not part of the port: what is derived from the index, such as a search index, follows it by this.
        """
        with self._database.reading() as connection:
            number = self._number(connection, collection)
            return [Change(*row) for row in connection.execute(_CHANGES, (number, since, limit))]

    def _put_rows(self, collection: str, projects: Iterable[ProjectRows]) -> None:
        with self._database.writing() as connection:
            number = self._number(connection, collection)
            for project in projects:
                put_project(connection, number, project)

    def _page_of_holdings(self, real_name: str, collection: str, after: str) -> tuple[str, list[Holding]]:
        with self._database.reading() as connection:
            number, real_name = self._same(connection, real_name, collection)
            rows = connection.execute(_HOLDINGS, (number, after, _PROJECTS_AT_ONCE))
            return real_name, [Holding(**dict(zip(Holding.__struct_fields__, row, strict=True))) for row in rows]

    def _number(self, connection: sqlite3.Connection, collection: str) -> int:
        return existing(connection, collection, self._database.path).number

    def _same(self, connection: sqlite3.Connection, real_name: str, collection: str) -> Found:
        """Return the collection that a listing is at; of one that a rebuild has replaced, its successor."""
        return resolved(connection, real_name) or existing(connection, collection, self._database.path)


def _registry_fields(
    connection: sqlite3.Connection, collection: int, names: Iterable[str]
) -> dict[str, list[RegistryFields]]:
    found: dict[str, list[RegistryFields]] = {}
    for name, json in connection.execute(_DOCUMENTS, (collection, _listed(names))):
        found.setdefault(name, []).append(registry_fields(json))
    return found


def _others(connection: sqlite3.Connection, collection: int, names: Iterable[str]) -> dict[str, dict[Owner, str]]:
    found: dict[str, dict[Owner, str]] = {}
    for name, owner, json in connection.execute(_ENRICHMENTS, (collection, _listed(names))):
        found.setdefault(name, {})[Owner(owner)] = json
    return found


def _listed(names: Iterable[str]) -> str:
    return encode(list(names)).decode()
