"""Storage of API keys in the SQLite file."""

from pathlib import Path

from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.keys import SqliteApiKeys
from pyf.aggregator.adapters.sqlite.migrations import MIGRATIONS


def test_key_value_is_not_in_file(tmp_path: Path) -> None:
    database = Database(tmp_path / "pyf.sqlite3")

    made = SqliteApiKeys(database).create(["plone"], description="for the site")
    with database.reading() as connection:
        stored = repr(connection.execute("SELECT * FROM api_keys").fetchall())
    database.close()

    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert made.value[4:].encode() not in files
    assert made.value[4:] not in stored


def test_hash_of_equal_values_differs(tmp_path: Path) -> None:
    """Salted hashes resist tables of common values."""
    digests = set()
    for name in ("one", "two"):
        database = Database(tmp_path / name)
        SqliteApiKeys(database).create(["plone"], description="", value="the-right-value")
        with database.reading() as connection:
            digests.add(connection.execute("SELECT digest FROM api_keys").fetchone()[0])
        database.close()

    assert len(digests) == 2


def test_keys_in_older_file(tmp_path: Path) -> None:
    older = Database(tmp_path / "pyf.sqlite3", migrations=MIGRATIONS[:1])
    with older.reading():
        pass
    older.close()
    database = Database(tmp_path / "pyf.sqlite3")
    keys = SqliteApiKeys(database)

    made = keys.create(["plone"], description="")

    assert keys.is_allowed(made.value, "documents:search", "plone")
    database.close()
