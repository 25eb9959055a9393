"""Collections and aliases of a SQLite file: create, copy, lock and delete them."""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ...domain.batching import split_into_batches
from ...domain.collection import CollectionInfo, CollectionState, validate_collection_name
from ...domain.errors import Invalid, NotFound
from ...ports import Rejection
from ..encoding import encode_json
from ..fulltext.files import get_search_folder, remove_index
from .database import Database, find_collection, hold_file_lock, require_collection
from .project_rows import copy_later_enrichments, copy_package

_PROJECT_BATCH = 500

_SELECT_COLLECTIONS = """
    SELECT id, collections.name, created_at, count(releases), coalesce(sum(releases), 0)
    FROM collections LEFT JOIN projects ON collection_id = id AND releases > 0
    GROUP BY id ORDER BY collections.name
"""
_INCOMPLETE_PROJECTS = """
    SELECT projects.name, count(version) AS stored, releases FROM projects
    LEFT JOIN documents USING (collection_id, name)
    GROUP BY projects.collection_id, projects.name HAVING stored != releases LIMIT 10
"""
_SET_ALIAS = """
    INSERT INTO aliases (name, collection_id) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET collection_id = excluded.collection_id
"""
_SELECT_NEXT_NAMES = """
    SELECT name FROM projects WHERE collection_id = ? AND name > ? AND releases > 0 ORDER BY name LIMIT ?
"""
_DROP_STATEMENTS = (
    "DELETE FROM aliases WHERE collection_id = ?",
    "DELETE FROM documents WHERE collection_id = ?",
    "DELETE FROM enrichments WHERE collection_id = ?",
    "DELETE FROM tombstones WHERE collection_id = ?",
    "DELETE FROM projects WHERE collection_id = ?",
    "DELETE FROM collections WHERE id = ?",
)
_COPY_TOMBSTONES = """
    INSERT OR IGNORE INTO tombstones (collection_id, name, removed_at, reason)
    SELECT :target, name, removed_at, reason FROM tombstones WHERE collection_id = :source AND name NOT IN
    (SELECT name FROM projects WHERE collection_id = :target AND releases > 0)
"""


class SqliteAdmin:
    """The port `IndexAdmin` on a SQLite file."""

    def __init__(self, database: Database, *, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    def create(self, collection: str, state: CollectionState, *, alias: str = "") -> None:
        row = (validate_collection_name(collection), int(self._now()), encode_json(state).decode())
        with self._database.writing() as connection:
            if existing := find_collection(connection, collection):
                kind = "collection" if existing.name == collection else "alias"
                raise Invalid(f"{kind} {collection} already exists")
            connection.execute("INSERT INTO collections (name, created_at, state) VALUES (?, ?, ?)", row)
            if alias:
                self._write_alias(connection, alias, collection)

    def drop(self, collection: str) -> None:
        with self._database.writing() as connection:
            self._drop(connection, self._require_unaliased_id(connection, collection))
        self._database.vacuum()

    def set_alias(self, alias: str, collection: str) -> None:
        with self._database.writing() as connection:
            self._write_alias(connection, alias, collection)

    def drop_alias(self, alias: str) -> None:
        with self._database.writing() as connection:
            if not connection.execute("DELETE FROM aliases WHERE name = ?", (alias,)).rowcount:
                raise NotFound(f"there is no alias {alias}")

    @property
    def replaces_atomically(self) -> bool:
        return True

    def replace_with_alias(self, collection: str, successor: str) -> None:
        with self._database.writing() as connection:
            successor_id = self._require_unaliased_id(connection, successor)
            current = find_collection(connection, validate_collection_name(collection))
            if collection == successor or (current and current.name not in (collection, successor)):
                raise Invalid(f"{collection} is an alias of {current and current.name}: use the name of the collection")
            if current and current.name == collection:
                after: str | None = ""
                while after is not None:
                    after = _copy_next_enrichments(connection, current.id, successor_id, after)
                connection.execute(_COPY_TOMBSTONES, {"source": current.id, "target": successor_id})
                self._drop(connection, current.id)
            connection.execute(_SET_ALIAS, (collection, successor_id))
        self._database.vacuum()

    def copy_enrichments(self, source: str, target: str) -> None:
        after: str | None = ""
        while after is not None:
            with self._database.writing() as connection:
                source_id, target_id = self._require_ids(connection, source, target)
                after = _copy_next_enrichments(connection, source_id, target_id, after)
        self.copy_tombstones(source, target)

    def copy_packages(self, source: str, target: str, names: Collection[str]) -> Sequence[Rejection]:
        for batch in split_into_batches(names, _PROJECT_BATCH):
            with self._database.writing() as connection:
                source_id, target_id = self._require_ids(connection, source, target)
                for name in batch:
                    copy_package(connection, source_id, target_id, name)
        return ()

    def copy_foreign_settings(self, source: str, target: str, *, with_values: bool) -> Sequence[str]:
        return ()  # no other program writes to the file

    def copy_tombstones(self, source: str, target: str) -> None:
        with self._database.writing() as connection:
            source_id, target_id = self._require_ids(connection, source, target)
            connection.execute(_COPY_TOMBSTONES, {"source": source_id, "target": target_id})

    def list_collections(self) -> Sequence[CollectionInfo]:
        with self._database.reading() as connection:
            aliases: dict[int, list[str]] = {}
            for alias, collection_id in connection.execute("SELECT name, collection_id FROM aliases ORDER BY name"):
                aliases.setdefault(collection_id, []).append(alias)
            return [
                CollectionInfo(
                    name=name,
                    aliases=tuple(aliases.get(collection_id, ())),
                    projects=projects,
                    documents=documents,
                    created_at=created_at,
                )
                for collection_id, name, created_at, projects, documents in connection.execute(_SELECT_COLLECTIONS)
            ]

    def resolve(self, name: str) -> str | None:
        with self._database.reading() as connection:
            collection = find_collection(connection, name)
        return collection and collection.name

    def list_foreign_fields(self, collection: str) -> Sequence[str] | None:
        with self._database.reading() as connection:
            require_collection(connection, collection, self._database.path)
        return None  # no other program writes to the file

    def put_search_preset(self, name: str) -> None:
        raise Invalid(f"search presets are stored on a Typesense server, but the index is {self.get_location()}")

    def get_location(self) -> str:
        return str(self._database.path)

    def verify(self) -> Sequence[str]:
        with self._database.reading() as connection:
            problems = [text for (text,) in connection.execute("PRAGMA integrity_check(10)") if text != "ok"]
            rows = [] if problems else connection.execute(_INCOMPLETE_PROJECTS).fetchall()
        return [*problems, *(f"{name}: {stored} of {expected} releases are stored" for name, stored, expected in rows)]

    def get_size(self) -> int | None:
        with self._database.reading() as connection:
            (page_count,), (page_size,) = (
                connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
            )
        return int(page_count * page_size)

    @contextmanager
    def lock(self, collection: str) -> Iterator[None]:
        path = self._database.path
        names = dict.fromkeys((validate_collection_name(collection), self.resolve(collection) or collection))
        with ExitStack() as locks:
            for name in names:
                busy_message = f"collection {name} in {path} is locked by another run: wait for it to finish"
                locks.enter_context(hold_file_lock(path.with_name(f"{path.name}.{name}.lock"), busy_message))
            yield

    def _drop(self, connection: sqlite3.Connection, collection_id: int) -> None:
        for statement in _DROP_STATEMENTS:
            connection.execute(statement, (collection_id,))
        remove_index(get_search_folder(self._database.path) / str(collection_id))

    def _write_alias(self, connection: sqlite3.Connection, alias: str, collection: str) -> None:
        collection_id = self._require_unaliased_id(connection, collection)
        existing = find_collection(connection, validate_collection_name(alias))
        if existing and existing.name == alias:
            raise Invalid(f"there is a collection {alias}: an alias can't have its name")
        connection.execute(_SET_ALIAS, (alias, collection_id))

    def _require_unaliased_id(self, connection: sqlite3.Connection, collection: str) -> int:
        """Return the id of a collection; raise `Invalid` for an alias."""
        ref = require_collection(connection, collection, self._database.path)
        if ref.name != collection:
            raise Invalid(f"{collection} is an alias of {ref.name}: use the name of the collection")
        return ref.id

    def _require_ids(self, connection: sqlite3.Connection, *names: str) -> list[int]:
        return [require_collection(connection, name, self._database.path).id for name in names]


def _copy_next_enrichments(connection: sqlite3.Connection, source: int, target: int, after: str) -> str | None:
    """Copy the enrichments of the next batch of projects after a name; return its last name, None at the end."""
    names = [name for (name,) in connection.execute(_SELECT_NEXT_NAMES, (target, after, _PROJECT_BATCH))]
    copy_later_enrichments(connection, source, target, names)
    return names[-1] if names else None
