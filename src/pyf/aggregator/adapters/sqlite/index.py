"""Package index in one SQLite file."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.json import decode

from ...domain.batching import group_names_by_documents, split_into_batches
from ...domain.collection import CollectionState, ProjectState, Tombstone
from ...domain.documents.document import Document, Enrichments
from ...domain.documents.project import normalize_name
from ...domain.documents.schema import Owner, ProjectFields, RegistryFields
from ...ports import ProjectDocuments, Rejection
from ..encoding import (
    build_document,
    build_fingerprint,
    decode_enrichments,
    decode_registry_fields,
    encode_json,
    get_owner,
    list_owner_fields,
    replace_surrogates,
    sort_newest_first,
    sort_oldest_first,
)
from .database import CollectionRef, Database, find_collection, require_collection, to_json_array
from .project_rows import ProjectRows, build_rows, put_projects, replace_with_tombstone, write_enrichments

# A transaction writes whole projects up to this many characters of JSON, so that other processes can write in between.
# Smaller ones write the same pages of the indexes more often: with a quarter, three times as many bytes.
_PUT_BATCH_CHARS = 16 * 1024 * 1024

# Projects per transaction that writes enrichments: a commit takes as long as writing hundreds.
_UPDATE_BATCH = 5_000

# Projects per transaction or query that needs little of each, and documents per page of an export.
_PROJECT_BATCH = 500
_EXPORT_BATCH = 200

_SELECT_DOCUMENTS = """
    SELECT name, fields FROM documents
    WHERE collection_id = ? AND name IN (SELECT value FROM json_each(?)) ORDER BY name
"""
_SELECT_ENRICHMENTS = """
    SELECT name, owner, fields FROM enrichments
    WHERE collection_id = ? AND name IN (SELECT value FROM json_each(?))
"""
_SELECT_PRESENT = """
    SELECT name FROM projects
    WHERE collection_id = ? AND name IN (SELECT value FROM json_each(?)) AND releases > 0
"""
_SELECT_STATES = """
    SELECT name, last_serial, composed_with, status_checked, project_status, releases FROM projects
    WHERE collection_id = ? AND name > ? AND releases > 0 ORDER BY name LIMIT ?
"""
_SELECT_TOMBSTONES = """
    SELECT name, removed_at, reason FROM tombstones WHERE collection_id = ? AND name > ? ORDER BY name LIMIT ?
"""


class SqliteIndex:
    """The port `PackageIndex` on a SQLite file.

    Every transaction resolves its collection again, so that work on an alias follows the alias, in whole projects.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, collection: str, projects: Sequence[ProjectDocuments]) -> Sequence[Rejection]:
        rejections: list[Rejection] = []
        rows: dict[str, ProjectRows] = {}
        size = 0
        for project in projects:
            project_rows = build_rows(project, rejections)
            # A name that comes twice is written twice, in order: the first may end a removal that the second repeats.
            if size >= _PUT_BATCH_CHARS or project_rows.name in rows:
                self._put_rows(collection, list(rows.values()))
                rows, size = {}, 0
            rows[project_rows.name] = project_rows
            size += project_rows.size
        self._put_rows(collection, list(rows.values()))
        return rejections

    def remove(self, collection: str, tombstones: Sequence[Tombstone]) -> int:
        removed = 0
        for batch in split_into_batches(tombstones, _PROJECT_BATCH):
            with self._database.writing() as connection:
                collection_id = self._require_id(connection, collection)
                for tombstone in batch:
                    removed += replace_with_tombstone(connection, collection_id, tombstone)
        return removed

    def update(self, collection: str, fields: Mapping[str, ProjectFields | Sequence[ProjectFields]]) -> int:
        updated = 0
        for batch in split_into_batches(fields.items(), _UPDATE_BATCH):
            rows = [
                (replace_surrogates(name), get_owner(value), encode_json(value).decode())
                for name, values in batch
                for value in list_owner_fields(values)
            ]
            with self._database.writing() as connection:
                collection_id = self._require_id(connection, collection)
                updated += len(write_enrichments(connection, collection_id, rows))
        return updated

    def get_packages(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[Document]]:
        found: dict[str, Sequence[Document]] = {}
        for batch in split_into_batches(names, _PROJECT_BATCH):
            with self._database.reading() as connection:
                collection_id = self._require_id(connection, collection)
                stored_names = [replace_surrogates(name) for name in batch]
                documents = _read_registry_fields(connection, collection_id, stored_names)
                enrichments = _read_enrichments(connection, collection_id, stored_names)
            for name, registry_documents in documents.items():
                found[name] = [
                    build_document(fields, enrichments.get(name, {}))
                    for fields in sort_newest_first(registry_documents)
                ]
        return found

    def get_project_documents(self, collection: str, name: str) -> Sequence[Document]:
        stored_name = replace_surrogates(normalize_name(name))
        with self._database.reading() as connection:
            collection_id = self._require_id(connection, collection)
            registry_documents = _read_registry_fields(connection, collection_id, [stored_name]).get(stored_name, [])
            enrichment_json = _read_enrichments(connection, collection_id, [stored_name]).get(stored_name, {})
            return [build_document(fields, enrichment_json) for fields in sort_newest_first(registry_documents)]

    def get_documents(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[RegistryFields]]:
        found: dict[str, Sequence[RegistryFields]] = {}
        for batch in split_into_batches(names, _PROJECT_BATCH):
            with self._database.reading() as connection:
                documents = _read_registry_fields(
                    connection, self._require_id(connection, collection), map(replace_surrogates, batch)
                )
                found.update((name, sort_newest_first(fields)) for name, fields in documents.items())
        return found

    def get_enrichments(self, collection: str, names: Iterable[str]) -> Mapping[str, Enrichments]:
        found: dict[str, Enrichments] = {}
        for batch in split_into_batches(names, _PROJECT_BATCH):
            stored_names = [replace_surrogates(name) for name in batch]
            with self._database.reading() as connection:
                collection_id = self._require_id(connection, collection)
                enrichment_json = _read_enrichments(connection, collection_id, stored_names)
                present = connection.execute(_SELECT_PRESENT, (collection_id, to_json_array(stored_names))).fetchall()
            found.update((name, decode_enrichments(enrichment_json.get(name, {}))) for (name,) in present)
        return found

    def iter_project_states(self, collection: str) -> Iterator[ProjectState]:
        real_name, page = self._read_state_page(collection, collection, "")
        while page:
            yield from page
            real_name, page = self._read_state_page(real_name, collection, page[-1].name_normalized)

    def read_fingerprints(self, collection: str) -> Mapping[str, int]:
        found: dict[str, int] = {}
        names = (state.name_normalized for state in self.iter_project_states(collection))
        for batch in split_into_batches(names, _PROJECT_BATCH):
            with self._database.reading() as connection:
                collection_id = self._require_id(connection, collection)
                enrichment_json = _read_enrichments(connection, collection_id, batch)
                documents: dict[str, list[str]] = {}
                for name, json in connection.execute(_SELECT_DOCUMENTS, (collection_id, to_json_array(batch))):
                    documents.setdefault(name, []).append(json)
            found |= {
                name: build_fingerprint(jsons, enrichment_json.get(name, {})) for name, jsons in documents.items()
            }
        return found

    def export(self, collection: str) -> Iterator[Document]:
        real_name = collection
        for names in group_names_by_documents(self.iter_project_states(collection), _EXPORT_BATCH):
            with self._database.reading() as connection:
                collection_id, real_name = self._follow_rebuild(connection, real_name, collection)
                registry_documents = _read_registry_fields(connection, collection_id, names)
                enrichment_json = _read_enrichments(connection, collection_id, names)
            for name, fields in registry_documents.items():
                yield from (
                    build_document(registry, enrichment_json.get(name, {})) for registry in sort_oldest_first(fields)
                )

    def get_tombstone(self, collection: str, name: str) -> Tombstone | None:
        query = "SELECT name, removed_at, reason FROM tombstones WHERE collection_id = ? AND name = ?"
        with self._database.reading() as connection:
            collection_id = self._require_id(connection, collection)
            row = connection.execute(query, (collection_id, replace_surrogates(normalize_name(name)))).fetchone()
        return row and Tombstone(name=row[0], removed_at=row[1], reason=row[2])

    def iter_tombstones(self, collection: str) -> Iterator[Tombstone]:
        after: str | None = ""
        while after is not None:
            with self._database.reading() as connection:
                collection_id = self._require_id(connection, collection)
                rows = connection.execute(_SELECT_TOMBSTONES, (collection_id, after, _PROJECT_BATCH))
                page = [Tombstone(name=name, removed_at=at, reason=reason) for name, at, reason in rows]
            yield from page
            after = page[-1].name if page else None

    def get_state(self, collection: str) -> CollectionState:
        with self._database.reading() as connection:
            collection_id = self._require_id(connection, collection)
            (json,) = connection.execute("SELECT state FROM collections WHERE id = ?", (collection_id,)).fetchone()
            return decode(json, type=CollectionState)

    def set_state(self, collection: str, state: CollectionState) -> None:
        json = encode_json(state).decode()
        with self._database.writing() as connection:
            collection_id = self._require_id(connection, collection)
            connection.execute("UPDATE collections SET state = ? WHERE id = ?", (json, collection_id))

    def _put_rows(self, collection: str, projects: Sequence[ProjectRows]) -> None:
        with self._database.writing() as connection:
            collection_id = self._require_id(connection, collection)
            put_projects(connection, collection_id, projects)

    def _read_state_page(self, real_name: str, collection: str, after: str) -> tuple[str, list[ProjectState]]:
        with self._database.reading() as connection:
            collection_id, real_name = self._follow_rebuild(connection, real_name, collection)
            rows = connection.execute(_SELECT_STATES, (collection_id, after, _PROJECT_BATCH))
            return real_name, [
                ProjectState(**dict(zip(ProjectState.__struct_fields__, row, strict=True))) for row in rows
            ]

    def _require_id(self, connection: sqlite3.Connection, collection: str) -> int:
        return require_collection(connection, collection, self._database.path).id

    def _follow_rebuild(self, connection: sqlite3.Connection, real_name: str, collection: str) -> CollectionRef:
        """Return the collection that a listing reads, or its successor if a rebuild has replaced it."""
        return find_collection(connection, real_name) or require_collection(connection, collection, self._database.path)


def _read_registry_fields(
    connection: sqlite3.Connection, collection_id: int, names: Iterable[str]
) -> dict[str, list[RegistryFields]]:
    found: dict[str, list[RegistryFields]] = {}
    for name, json in connection.execute(_SELECT_DOCUMENTS, (collection_id, to_json_array(names))):
        found.setdefault(name, []).append(decode_registry_fields(json))
    return found


def _read_enrichments(
    connection: sqlite3.Connection, collection_id: int, names: Iterable[str]
) -> dict[str, dict[Owner, str]]:
    found: dict[str, dict[Owner, str]] = {}
    for name, owner, json in connection.execute(_SELECT_ENRICHMENTS, (collection_id, to_json_array(names))):
        found.setdefault(name, {})[Owner(owner)] = json
    return found
