"""Schema of the SQLite file as a list of migrations; the file's `user_version` is the number applied.

A released migration is never changed. A change of the schema is a new migration at the end, and so is a value that
earlier documents lack.
"""

import sqlite3
from collections.abc import Sequence

from ...domain.errors import Invalid, Unavailable

# Marks a SQLite file as ours ("pyfa"), so that files of other programs are never written to.
APPLICATION_ID = 0x70796661

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # Ids are never reused: the search index must see a new collection of the same name as another one.
        """CREATE TABLE collections (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            created_at INTEGER NOT NULL,
            state TEXT NOT NULL)""",
        """CREATE TABLE aliases (
            name TEXT NOT NULL PRIMARY KEY,
            collection_id INTEGER NOT NULL REFERENCES collections (id)) WITHOUT ROWID""",
        # A project's state, updated with its documents. A removed project keeps its row, with 0 releases, so that
        # the search index sees the removal.
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
        # One row per owner and project, not per release, so that registry writes never touch it.
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
        # Cached repository data, shared by all collections.
        """CREATE TABLE repositories (
            key TEXT NOT NULL PRIMARY KEY,
            learned_at INTEGER NOT NULL,
            learned TEXT NOT NULL) WITHOUT ROWID""",
    ),
    (
        # Ids are never reused: deleting a key by id must not hit a later one.
        """CREATE TABLE api_keys (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            description TEXT NOT NULL,
            prefix TEXT NOT NULL,
            actions TEXT NOT NULL,
            collections TEXT NOT NULL,
            salt BLOB NOT NULL,
            digest BLOB NOT NULL)""",
    ),
    (
        # What receivers of webhooks know. A receiver is the hash of its URL.
        """CREATE TABLE webhook_receivers (
            receiver TEXT NOT NULL PRIMARY KEY,
            delivered INTEGER NOT NULL DEFAULT 0,
            failed INTEGER NOT NULL DEFAULT 0,
            failures INTEGER NOT NULL DEFAULT 0,
            failed_at INTEGER NOT NULL DEFAULT 0,
            retry_at INTEGER NOT NULL DEFAULT 0,
            error TEXT NOT NULL DEFAULT '') WITHOUT ROWID""",
        # The message that was sent, or is about to be, and not accepted yet; "" for none.
        """CREATE TABLE webhook_collections (
            receiver TEXT NOT NULL,
            collection TEXT NOT NULL,
            message_id TEXT NOT NULL DEFAULT '',
            body BLOB NOT NULL DEFAULT x'',
            waiting INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (receiver, collection)) WITHOUT ROWID""",
        """CREATE TABLE webhook_packages (
            receiver TEXT NOT NULL,
            collection TEXT NOT NULL,
            name TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            announced TEXT NOT NULL,
            PRIMARY KEY (receiver, collection, name)) WITHOUT ROWID""",
    ),
    # No query uses it.
    ("DROP INDEX documents_by_id",),
)


def get_version(connection: sqlite3.Connection) -> int:
    """Return the number of applied migrations."""
    return _read_number(connection, "PRAGMA user_version")


def is_current(connection: sqlite3.Connection, migrations: Sequence[tuple[str, ...]]) -> bool:
    """Return whether all migrations are applied; raise `Invalid` for a newer file or one of another program."""
    if _read_number(connection, "PRAGMA application_id") != APPLICATION_ID:
        if _read_number(connection, "SELECT count(*) FROM sqlite_master"):
            raise Invalid("it is a SQLite database of another program")
        return False
    if get_version(connection) > len(migrations):
        raise Invalid("it was written by a newer version of this program: update the program")
    return get_version(connection) == len(migrations)


def migrate(connection: sqlite3.Connection, migrations: Sequence[tuple[str, ...]]) -> None:
    """Apply the missing migrations, inside the caller's write transaction."""
    if is_current(connection, migrations):
        return
    for migration in migrations[get_version(connection) :]:
        for statement in migration:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(migrations)}")


def enable_wal(connection: sqlite3.Connection) -> None:
    """Switch the file permanently to a write-ahead log."""
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise Unavailable("its file system does not support sharing between processes (no write-ahead log)")


def _read_number(connection: sqlite3.Connection, query: str) -> int:
    (number,) = connection.execute(query).fetchone()
    return int(number)
