"""Makes, names and deletes the collections of a SQLite file, and gives out the right to rewrite one."""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ...domain.collection import CollectionInfo, CollectionState
from ...domain.errors import Invalid
from ...ports import Rejection
from .batches import batches
from .catalogue import existing, resolved
from .database import Database
from .encoding import encoded
from .exclusive import exclusive
from .names import checked
from .project_rows import adopt_enrichments, copy_package
from .sqlite_source import remove_search_index

_AT_ONCE = 500

_COLLECTIONS = """
    SELECT id, collections.name, created_at, count(releases), coalesce(sum(releases), 0)
    FROM collections LEFT JOIN projects ON collection_id = id AND releases > 0
    GROUP BY id ORDER BY collections.name
"""
_POINT = """
    INSERT INTO aliases (name, collection_id) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET collection_id = excluded.collection_id
"""
_HELD = """
    SELECT name FROM projects WHERE collection_id = ? AND name > ? AND releases > 0 ORDER BY name LIMIT ?
"""
_DROP = (
    "DELETE FROM aliases WHERE collection_id = ?",
    "DELETE FROM documents WHERE collection_id = ?",
    "DELETE FROM enrichments WHERE collection_id = ?",
    "DELETE FROM tombstones WHERE collection_id = ?",
    "DELETE FROM projects WHERE collection_id = ?",
    "DELETE FROM collections WHERE id = ?",
)
_CARRY_TOMBSTONES = """
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
        row = (checked(collection), int(self._now()), encoded(state).decode())
        with self._database.writing() as connection:
            if found := resolved(connection, collection):
                kind = "a collection" if found.name == collection else "an alias"
                raise Invalid(f"there is {kind} {collection} already")
            connection.execute("INSERT INTO collections (name, created_at, state) VALUES (?, ?, ?)", row)
            if alias:
                self._point(connection, alias, collection)

    def drop(self, collection: str) -> None:
        with self._database.writing() as connection:
            self._drop(connection, self._itself(connection, collection))
        self._database.give_back_space()

    def point(self, alias: str, collection: str) -> None:
        with self._database.writing() as connection:
            self._point(connection, alias, collection)

    @property
    def supersedes_at_once(self) -> bool:
        return True

    def supersede(self, collection: str, successor: str) -> None:
        with self._database.writing() as connection:
            number = self._itself(connection, successor)
            there = resolved(connection, checked(collection))
            if collection == successor or (there and there.name not in (collection, successor)):
                raise Invalid(f"{collection} is an alias of {there and there.name}: name the collection itself")
            if there and there.name == collection:
                after: str | None = ""
                while after is not None:
                    after = _carry_enrichments(connection, there.number, number, after)
                connection.execute(_CARRY_TOMBSTONES, {"source": there.number, "target": number})
                self._drop(connection, there.number)
            connection.execute(_POINT, (collection, number))
        self._database.give_back_space()

    def carry_over(self, source: str, target: str) -> None:
        after: str | None = ""
        while after is not None:
            with self._database.writing() as connection:
                from_, to = (existing(connection, name, self._database.path).number for name in (source, target))
                after = _carry_enrichments(connection, from_, to, after)
        self.copy_tombstones(source, target)

    def copy_packages(self, source: str, target: str, names: Collection[str]) -> Sequence[Rejection]:
        for some in batches(names, _AT_ONCE):
            with self._database.writing() as connection:
                from_, to = (existing(connection, name, self._database.path).number for name in (source, target))
                for name in some:
                    copy_package(connection, from_, to, name)
        return ()

    def copy_foreign_settings(self, source: str, target: str, *, with_values: bool) -> Sequence[str]:
        return ()  # no other program writes here

    def copy_tombstones(self, source: str, target: str) -> None:
        with self._database.writing() as connection:
            from_, to = (existing(connection, name, self._database.path).number for name in (source, target))
            connection.execute(_CARRY_TOMBSTONES, {"source": from_, "target": to})

    def collections(self) -> Sequence[CollectionInfo]:
        with self._database.reading() as connection:
            aliases: dict[int, list[str]] = {}
            for alias, number in connection.execute("SELECT name, collection_id FROM aliases ORDER BY name"):
                aliases.setdefault(number, []).append(alias)
            return [
                CollectionInfo(
                    name=name,
                    aliases=tuple(aliases.get(number, ())),
                    projects=projects,
                    documents=documents,
                    created_at=created_at,
                )
                for number, name, created_at, projects, documents in connection.execute(_COLLECTIONS)
            ]

    def resolve(self, name: str) -> str | None:
        with self._database.reading() as connection:
            found = resolved(connection, name)
        return found and found.name

    def foreign_fields(self, collection: str) -> Sequence[str] | None:
        with self._database.reading() as connection:
            existing(connection, collection, self._database.path)
        return None  # no other program writes to our file

    def put_search_preset(self, name: str) -> None:
        raise Invalid(f"search presets are stored on a Typesense server, and the index is {self.location()}")

    def location(self) -> str:
        return str(self._database.path)

    def size(self) -> int | None:
        with self._database.reading() as connection:
            (pages,), (of_bytes,) = (
                connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
            )
        return int(pages * of_bytes)

    @contextmanager
    def exclusive(self, collection: str) -> Iterator[None]:
        path = self._database.path
        names = dict.fromkeys((checked(collection), self.resolve(collection) or collection))
        with ExitStack() as rights:
            for name in names:
                busy = f"another run is at work on the collection {name} in {path}: wait for it to end"
                rights.enter_context(exclusive(path.with_name(f"{path.name}.{name}.lock"), busy))
            yield

    def _drop(self, connection: sqlite3.Connection, number: int) -> None:
        for statement in _DROP:
            connection.execute(statement, (number,))
        remove_search_index(self._database.path, number)

    def _point(self, connection: sqlite3.Connection, alias: str, collection: str) -> None:
        number = self._itself(connection, collection)
        found = resolved(connection, checked(alias))
        if found and found.name == alias:
            raise Invalid(f"there is a collection {alias}: an alias can't have its name")
        connection.execute(_POINT, (alias, number))

    def _itself(self, connection: sqlite3.Connection, collection: str) -> int:
        """Return the number of a collection that is named by its own name."""
        found = existing(connection, collection, self._database.path)
        if found.name != collection:
            raise Invalid(f"{collection} is an alias of {found.name}: name the collection itself")
        return found.number


def _carry_enrichments(connection: sqlite3.Connection, source: int, target: int, after: str) -> str | None:
    """Carry the enrichments of the next projects after a name over; return the last one's name, None for no more."""
    names = [name for (name,) in connection.execute(_HELD, (target, after, _AT_ONCE))]
    adopt_enrichments(connection, source, target, names)
    return names[-1] if names else None
