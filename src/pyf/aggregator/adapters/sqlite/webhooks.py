"""The record of what each receiver of webhooks knows, in the index's SQLite file."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from msgspec.json import Decoder, encode

from ...domain.batching import split_into_batches
from ...domain.webhooks import KnownPackage, WebhookMessage
from ...ports.webhooks import PackageRecord, ReceiverStatus
from ..encoding import replace_surrogates
from .database import Database, hold_file_lock, to_json_array

_NAME_BATCH = 10_000

_TABLES = ("webhook_receivers", "webhook_collections", "webhook_packages")

_SELECT_STATUS = """
    SELECT delivered, failed, (SELECT coalesce(sum(waiting), 0) FROM webhook_collections WHERE receiver = :receiver),
    failures, failed_at, retry_at, error FROM webhook_receivers WHERE receiver = :receiver
"""
_SELECT_KNOWN = """
    SELECT name, announced FROM webhook_packages
    WHERE receiver = ? AND collection = ? AND name IN (SELECT value FROM json_each(?))
"""
_UPSERT_PACKAGE = """
    INSERT INTO webhook_packages (receiver, collection, name, fingerprint, announced) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint, announced = excluded.announced
"""
_UPSERT_MESSAGE = """
    INSERT INTO webhook_collections (receiver, collection, message_id, body) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET message_id = excluded.message_id, body = excluded.body
"""
_FAIL = """
    UPDATE webhook_receivers SET failed = failed + 1, failures = failures + 1, failed_at = ?, retry_at = ?, error = ?
    WHERE receiver = ?
"""
_ACCEPT = (
    "UPDATE webhook_receivers SET delivered = delivered + 1, failures = 0, retry_at = 0, error = '' WHERE receiver = ?"
)

_PACKAGE = Decoder(KnownPackage)


class SqliteWebhookStore:
    """The port `WebhookStore` on a SQLite file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lock(self) -> AbstractContextManager[None]:
        path = self._database.path
        message = "another process is delivering webhooks: wait for it to finish"
        return hold_file_lock(path.with_name(f"{path.name}.webhooks.lock"), message)

    def list_receivers(self) -> Sequence[str]:
        with self._database.reading() as connection:
            return [name for (name,) in connection.execute("SELECT receiver FROM webhook_receivers ORDER BY receiver")]

    def list_collections(self) -> Sequence[str]:
        query = "SELECT DISTINCT collection FROM webhook_collections ORDER BY collection"
        with self._database.reading() as connection:
            return [name for (name,) in connection.execute(query)]

    def drop(self, *, receiver: str = "", collection: str = "") -> None:
        with self._database.writing() as connection:
            for table in _TABLES if receiver else _TABLES[1:]:
                column = "receiver" if receiver else "collection"
                connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (receiver or collection,))  # noqa: S608

    def get_status(self, receiver: str) -> ReceiverStatus:
        with self._database.reading() as connection:
            row = connection.execute(_SELECT_STATUS, {"receiver": receiver}).fetchone()
        return (
            ReceiverStatus(**dict(zip(ReceiverStatus.__struct_fields__, row, strict=True))) if row else ReceiverStatus()
        )

    def list_fingerprints(self, receiver: str, collection: str) -> Mapping[str, str] | None:
        key = (receiver, collection)
        with self._database.reading() as connection:
            if not _has_collection(connection, key):
                return None
            query = "SELECT name, fingerprint FROM webhook_packages WHERE receiver = ? AND collection = ?"
            return dict(connection.execute(query, key))

    def get_known_packages(self, receiver: str, collection: str, names: Iterable[str]) -> Mapping[str, KnownPackage]:
        packages: dict[str, KnownPackage] = {}
        for batch in split_into_batches(names, _NAME_BATCH):
            with self._database.reading() as connection:
                rows = connection.execute(_SELECT_KNOWN, (receiver, collection, to_json_array(batch)))
                packages |= {name: _PACKAGE.decode(json) for name, json in rows}
        return packages

    def get_message(self, receiver: str, collection: str) -> WebhookMessage | None:
        query = "SELECT message_id, body FROM webhook_collections WHERE receiver = ? AND collection = ?"
        with self._database.reading() as connection:
            row = connection.execute(query, (receiver, collection)).fetchone()
        return WebhookMessage(id=row[0], body=row[1]) if row and row[0] else None

    def record(
        self,
        receiver: str,
        collection: str,
        packages: Mapping[str, PackageRecord | None],
        message: WebhookMessage | None = None,
    ) -> None:
        key = (receiver, collection)
        removed = [(*key, name) for name, record in packages.items() if record is None]
        rows = [
            (*key, name, record.fingerprint, encode(record.package).decode())
            for name, record in packages.items()
            if record is not None
        ]
        with self._database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO webhook_receivers (receiver) VALUES (?)", (receiver,))
            connection.execute("INSERT OR IGNORE INTO webhook_collections (receiver, collection) VALUES (?, ?)", key)
            connection.executemany(_UPSERT_PACKAGE, rows)
            connection.executemany(
                "DELETE FROM webhook_packages WHERE receiver = ? AND collection = ? AND name = ?", removed
            )
            if message is not None:
                connection.execute(_UPSERT_MESSAGE, (*key, message.id, message.body))

    def accept(self, receiver: str, collection: str) -> None:
        with self._database.writing() as connection:
            connection.execute(_UPSERT_MESSAGE, (receiver, collection, "", b""))
            connection.execute(_ACCEPT, (receiver,))

    def fail(self, receiver: str, error: str, *, failed_at: int, retry_at: int) -> None:
        with self._database.writing() as connection:
            connection.execute(_FAIL, (failed_at, retry_at, replace_surrogates(error), receiver))

    def set_waiting(self, receiver: str, collection: str, count: int) -> None:
        query = "UPDATE webhook_collections SET waiting = ? WHERE receiver = ? AND collection = ? AND waiting != ?"
        with self._database.writing() as connection:
            connection.execute(query, (count, receiver, collection, count))


def _has_collection(connection: sqlite3.Connection, key: tuple[str, str]) -> bool:
    query = "SELECT 1 FROM webhook_collections WHERE receiver = ? AND collection = ?"
    return connection.execute(query, key).fetchone() is not None
