"""API keys in the index's SQLite file, stored as hashes."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence

from msgspec.json import decode

from ...domain.errors import Invalid, NotFound
from ...ports import NewKey
from ...ports.index import SEARCH_ACTION, ApiKey
from ..api_keys import KeyHash, generate_key, get_prefix, grants, hash_key, validate_key
from ..encoding import replace_surrogates
from .database import Database, find_collection, to_json_array

# SQLite's largest integer.
_MAX_INT64 = 2**63 - 1

_INSERT_KEY = """
    INSERT INTO api_keys (description, prefix, actions, collections, salt, digest) VALUES (?, ?, ?, ?, ?, ?)
"""
_SELECT_KEYS = "SELECT id, description, prefix, actions, collections, salt, digest FROM api_keys ORDER BY id"


class SqliteApiKeys:
    """The port `ApiKeys` on a SQLite file."""

    def __init__(self, database: Database, *, generate_value: Callable[[], str] = generate_key) -> None:
        self._database = database
        self._generate_value = generate_value

    def create(
        self,
        collections: Sequence[str],
        *,
        description: str,
        actions: Sequence[str] = (SEARCH_ACTION,),
        value: str = "",
    ) -> NewKey:
        value = validate_key(value or self._generate_value())
        key_hash, prefix, description = hash_key(value), get_prefix(value), replace_surrogates(description)
        lists = (to_json_array(actions), to_json_array(collections))
        with self._database.writing() as connection:
            if any(other_hash.matches(value) for _, other_hash in _read_keys(connection)):
                raise Invalid("there is a key of that value already: choose another one")
            row = (description, prefix, *lists, key_hash.salt, key_hash.digest)
            key_id = connection.execute(_INSERT_KEY, row).lastrowid or 0
        key = ApiKey(
            id=key_id,
            description=description,
            prefix=prefix,
            actions=tuple(actions),
            collections=tuple(collections),
        )
        return NewKey(key=key, value=value)

    def list_keys(self) -> Sequence[ApiKey]:
        with self._database.reading() as connection:
            return [key for key, _ in _read_keys(connection)]

    def delete(self, key_id: int) -> None:
        with self._database.writing() as connection:
            is_in_range = abs(key_id) <= _MAX_INT64
            if not is_in_range or not connection.execute("DELETE FROM api_keys WHERE id = ?", (key_id,)).rowcount:
                raise NotFound(f"there is no key {key_id}")

    def is_allowed(self, value: str, action: str, collection: str) -> bool:
        with self._database.reading() as connection:

            def resolve(name: str) -> str | None:
                ref = find_collection(connection, name)
                return ref and ref.name

            matching_keys = [key for key, key_hash in _read_keys(connection) if key_hash.matches(value)]
            return any(grants(key, action, collection, resolve) for key in matching_keys)


def _read_keys(connection: sqlite3.Connection) -> Iterator[tuple[ApiKey, KeyHash]]:
    for key_id, description, prefix, actions, collections, salt, digest in connection.execute(_SELECT_KEYS):
        key = ApiKey(
            id=key_id,
            description=description,
            prefix=prefix,
            actions=decode(actions, type=tuple[str, ...]),
            collections=decode(collections, type=tuple[str, ...]),
        )
        yield key, KeyHash(salt, digest)
