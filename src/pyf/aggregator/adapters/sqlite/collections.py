"""Lookup of collections inside the transaction that uses them, so that no alias changes in between."""

import sqlite3
from pathlib import Path
from typing import NamedTuple

from ...domain.errors import NotFound
from ..encoding import replace_surrogates

_RESOLVE_NAME = """
    SELECT id, name FROM collections WHERE name = :name
    UNION ALL
    SELECT id, collections.name FROM aliases JOIN collections ON id = collection_id WHERE aliases.name = :name
"""


class CollectionRef(NamedTuple):
    """Id and name of a collection."""

    id: int
    name: str


def find_collection(connection: sqlite3.Connection, name: str) -> CollectionRef | None:
    """Return the collection of a name or alias, None if it does not exist."""
    row = connection.execute(_RESOLVE_NAME, {"name": replace_surrogates(name)}).fetchone()
    return row and CollectionRef(*row)


def require_collection(connection: sqlite3.Connection, name: str, path: Path) -> CollectionRef:
    """Return the collection of a name or alias; raise `NotFound` if it does not exist."""
    collection = find_collection(connection, name)
    if collection is None:
        raise NotFound(f"there is no collection {name} in {path}")
    return collection


def allocate_change(connection: sqlite3.Connection) -> int:
    """Return a number above all allocated before, in any collection."""
    connection.execute("UPDATE last_change SET number = number + 1")
    (number,) = connection.execute("SELECT number FROM last_change").fetchone()
    return int(number)
