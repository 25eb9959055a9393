"""Keeps keys in the SQLite file of the index, hashed: who reads the file can't use them."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence

from msgspec.json import decode, encode

from ...domain.api_key import SEARCH, ApiKey
from ...domain.errors import Invalid, NotFound
from ...ports import NewKey
from .catalogue import resolved
from .database import Database
from .encoding import storable
from .key_scope import opens
from .key_values import Hashed, checked_value, guessed_by_nobody, hashed, prefix_of

# The largest number that SQLite gives, and takes.
_INT64 = 2**63 - 1

_INSERT = """
    INSERT INTO api_keys (description, prefix, actions, collections, salt, digest) VALUES (?, ?, ?, ?, ?, ?)
"""
_KEYS = "SELECT id, description, prefix, actions, collections, salt, digest FROM api_keys ORDER BY id"


class SqliteApiKeys:
    """The port `ApiKeys` on a SQLite file."""

    def __init__(self, database: Database, *, new_value: Callable[[], str] = guessed_by_nobody) -> None:
        self._database = database
        self._new_value = new_value

    def create(
        self, collections: Sequence[str], *, description: str, actions: Sequence[str] = (SEARCH,), value: str = ""
    ) -> NewKey:
        value = checked_value(value or self._new_value())
        kept, prefix, description = hashed(value), prefix_of(value), storable(description)
        lists = (encode(list(actions)).decode(), encode(list(collections)).decode())
        with self._database.writing() as connection:
            if any(other.is_of(value) for _, other in _keys(connection)):
                raise Invalid("there is a key of that value already: choose another one")
            row = (description, prefix, *lists, kept.salt, kept.digest)
            number = connection.execute(_INSERT, row).lastrowid or 0
        key = ApiKey(
            id=number,
            description=description,
            prefix=prefix,
            actions=tuple(actions),
            collections=tuple(collections),
        )
        return NewKey(key=key, value=value)

    def all(self) -> Sequence[ApiKey]:
        with self._database.reading() as connection:
            return [key for key, _ in _keys(connection)]

    def delete(self, number: int) -> None:
        with self._database.writing() as connection:
            known = abs(number) <= _INT64
            if not known or not connection.execute("DELETE FROM api_keys WHERE id = ?", (number,)).rowcount:
                raise NotFound(f"there is no key {number}")

    def allows(self, value: str, action: str, collection: str) -> bool:
        with self._database.reading() as connection:

            def resolve(name: str) -> str | None:
                found = resolved(connection, name)
                return found and found.name

            found = [key for key, kept in _keys(connection) if kept.is_of(value)]
            return any(opens(key, action, collection, resolve) for key in found)


def _keys(connection: sqlite3.Connection) -> Iterator[tuple[ApiKey, Hashed]]:
    for number, description, prefix, actions, collections, salt, digest in connection.execute(_KEYS):
        key = ApiKey(
            id=number,
            description=description,
            prefix=prefix,
            actions=decode(actions, type=tuple[str, ...]),
            collections=decode(collections, type=tuple[str, ...]),
        )
        yield key, Hashed(salt, digest)
