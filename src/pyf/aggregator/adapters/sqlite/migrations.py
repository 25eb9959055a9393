"""The tables of the file, and the steps from every earlier form of it to the present one.

A released step is never changed: a change of the tables is a new step at the end, and so is a value that documents
written earlier lack. The number of steps is the file's `user_version`.
"""

import sqlite3
from collections.abc import Sequence

from ...domain.errors import Invalid, Unavailable

# Says that a SQLite file is ours ("pyfa"), so that another program's is never written to.
APPLICATION_ID = 0x70796661

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # Numbers are not used again: a collection of the same name is another one to whoever follows the changes.
        """CREATE TABLE collections (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            created_at INTEGER NOT NULL,
            state TEXT NOT NULL)""",
        """CREATE TABLE aliases (
            name TEXT NOT NULL PRIMARY KEY,
            collection_id INTEGER NOT NULL REFERENCES collections (id)) WITHOUT ROWID""",
        # A project's holding, worked out whenever its documents change. One that left keeps its row, with no
        # releases, so that whoever follows the changes hears of it.
        """CREATE TABLE projects (
            collection_id INTEGER NOT NULL,
            name TEXT NOT NULL,
            change INTEGER NOT NULL,
            last_serial INTEGER NOT NULL,
            composed_with INTEGER NOT NULL,
            status_checked INTEGER NOT NULL,
            project_status TEXT NOT NULL,
            releases INTEGER NOT NULL,
            PRIMARY KEY (collection_id, name)) WITHOUT ROWID""",
        "CREATE UNIQUE INDEX projects_by_change ON projects (collection_id, change)",
        """CREATE TABLE documents (
            collection_id INTEGER NOT NULL,
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            id TEXT NOT NULL,
            is_newest INTEGER NOT NULL,
            fields TEXT NOT NULL,
            PRIMARY KEY (collection_id, name, version))""",
        "CREATE INDEX documents_by_id ON documents (collection_id, id)",
        # One row an owner and project, not a release: a registry write has no way to touch it.
        """CREATE TABLE enrichments (
            collection_id INTEGER NOT NULL,
            name TEXT NOT NULL,
            owner TEXT NOT NULL,
            change INTEGER NOT NULL,
            fields TEXT NOT NULL,
            PRIMARY KEY (collection_id, name, owner))""",
        """CREATE TABLE tombstones (
            collection_id INTEGER NOT NULL,
            name TEXT NOT NULL,
            removed_at INTEGER NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (collection_id, name)) WITHOUT ROWID""",
        "CREATE TABLE last_change (number INTEGER NOT NULL)",
        "INSERT INTO last_change VALUES (0)",
        """CREATE TABLE rendered (
            fingerprint TEXT NOT NULL PRIMARY KEY,
            last_used INTEGER NOT NULL,
            size INTEGER NOT NULL,
            content BLOB NOT NULL)""",
        "CREATE INDEX rendered_by_use ON rendered (last_used, size)",
        "CREATE TABLE filters (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE)",
        """CREATE TABLE verdicts (
            filter_id INTEGER NOT NULL REFERENCES filters (id),
            name TEXT NOT NULL,
            serial INTEGER NOT NULL,
            PRIMARY KEY (filter_id, name)) WITHOUT ROWID""",
    ),
    (
        # What hosts have said about repositories, for all collections together.
        """CREATE TABLE repositories (
            key TEXT NOT NULL PRIMARY KEY,
            learned_at INTEGER NOT NULL,
            learned TEXT NOT NULL) WITHOUT ROWID""",
    ),
    (
        # Numbers are not used again: who deletes a key by its number must not hit a later one.
        """CREATE TABLE api_keys (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            description TEXT NOT NULL,
            prefix TEXT NOT NULL,
            actions TEXT NOT NULL,
            collections TEXT NOT NULL,
            salt BLOB NOT NULL,
            digest BLOB NOT NULL)""",
    ),
)


def get_version(connection: sqlite3.Connection) -> int:
    """Return how many steps the file has seen."""
    return _read_number(connection, "PRAGMA user_version")


def is_current(connection: sqlite3.Connection, migrations: Sequence[tuple[str, ...]]) -> bool:
    """Tell whether the file has seen all of `steps`; raises `Invalid` for one that is not ours or is newer."""
    if _read_number(connection, "PRAGMA application_id") != APPLICATION_ID:
        if _read_number(connection, "SELECT count(*) FROM sqlite_master"):
            raise Invalid("it is a SQLite database of another program")
        return False
    if get_version(connection) > len(migrations):
        raise Invalid("it was written by a newer version of this program: update the program")
    return get_version(connection) == len(migrations)


def migrate(connection: sqlite3.Connection, migrations: Sequence[tuple[str, ...]]) -> None:
    """Take the steps that the file has not seen; the caller holds the right to write, so it is all or nothing."""
    if is_current(connection, migrations):
        return
    for migration in migrations[get_version(connection) :]:
        for statement in migration:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(migrations)}")


def enable_wal(connection: sqlite3.Connection) -> None:
    """Switch a file to a write-ahead log, which it then keeps."""
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise Unavailable("its file system can't share it between processes (no write-ahead log)")


def _read_number(connection: sqlite3.Connection, query: str) -> int:
    (number,) = connection.execute(query).fetchone()
    return int(number)
