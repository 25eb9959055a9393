"""SQLite index files for tests, and the errors of unusable ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.domain.errors import AggregatorError
from support.builders import PLONE, build_project, build_state

EMPTY_STATE = build_state()

# About three megabytes.
LARGE_PROJECTS = [build_project(f"project-{number}", description=f"{number:09} " * 10_000) for number in range(30)]


@contextmanager
def open_index(path: Path, *, patience: float = 60.0) -> Iterator[tuple[SqliteIndex, SqliteAdmin]]:
    database = Database(path, busy_timeout=patience)
    try:
        yield SqliteIndex(database), SqliteAdmin(database)
    finally:
        database.close()


def read_error(path: Path, expected: type[AggregatorError], *, patience: float = 60.0) -> str:
    """Open an unusable file and return the error message, which must be one line with the path."""
    with open_index(path, patience=patience) as (_, admin), pytest.raises(expected) as error:
        admin.create(PLONE, EMPTY_STATE)
    line = str(error.value)
    assert str(path) in line
    assert "\n" not in line
    return line
