"""Migration of older files, and rejection of newer ones."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.adapters.sqlite.migrations import MIGRATIONS
from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.ports import ProjectDocuments
from support.builders import PLONE, build_fields, build_project
from support.sqlite_files import EMPTY_STATE, open_index, read_error


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pyf.sqlite3"


NEXT = (*MIGRATIONS, ("ALTER TABLE collections ADD COLUMN note TEXT NOT NULL DEFAULT 'none yet'",))
BROKEN = (*NEXT, ("ALTER TABLE collections ADD COLUMN other TEXT", "a mistake"))


def insert_note(database: Database) -> str:
    with database.reading() as connection:
        return str(connection.execute("SELECT note FROM collections").fetchone()[0])


def test_migrate_keeps_stored_data(path: Path) -> None:
    with open_index(path) as (index, admin):
        admin.create(PLONE, EMPTY_STATE)
        index.put(PLONE, [build_project("a")])

    later = Database(path, migrations=NEXT)

    assert insert_note(later) == "none yet"
    assert len(SqliteIndex(later).get_project_documents(PLONE, "a")) == 1
    later.close()


def test_failed_migration_changes_nothing(path: Path) -> None:
    with open_index(path) as (_, admin):
        admin.create(PLONE, EMPTY_STATE)
    broken = Database(path, migrations=BROKEN)

    with pytest.raises(sqlite3.OperationalError), broken.reading():
        pass

    with open_index(path) as (index, _):
        assert index.get_state(PLONE) == EMPTY_STATE


def test_newer_file_is_rejected(path: Path) -> None:
    newer = Database(path, migrations=NEXT)
    with newer.reading():
        pass
    newer.close()

    assert "newer version of this program" in read_error(path, Invalid)


def test_migration_by_newer_program_is_noticed(path: Path) -> None:
    with open_index(path) as (index, admin):
        admin.create(PLONE, EMPTY_STATE)
        newer = Database(path, migrations=NEXT)
        assert insert_note(newer) == "none yet"
        newer.close()

        with pytest.raises(Invalid, match="newer version of this program"):
            index.get_state(PLONE)


WRITTEN_BY_THE_FIRST_VERSION = """
{"id":"plone.api-1.0","identifier":"plone.api-1.0","name":"plone.api","name_sortable":"plone.api",
"name_normalized":"plone-api","version":"1.0","version_raw":"1.0","version_major":1,"version_minor":0,
"version_bugfix":0,"version_postfix":"","version_sortable":"1.0001.0000.0000.0000.0000","is_newest":true,
"author":"","author_email":"","maintainer":"","maintainer_email":"","summary":"written by the first version",
"description":"","description_content_type":"","title":"T","license":"","license_expression":"",
"classifiers":[],"keywords":[],"framework_versions":[],"python_versions":[],"requires_dist":[],
"requires_python":"","home_page":"","docs_url":"","bugtrack_url":"","package_url":"","project_url":"",
"release_url":"","platform":"","project_urls":{},"urls":[],"upload_timestamp":5,"yanked":false,
"yanked_reason":"","project_status":"active","maintainers":[],"vulnerabilities":[],"status_checked":0,
"last_serial":1,"composed_with":1}
"""


def test_document_of_first_version_is_readable(path: Path) -> None:
    """A new document field needs a migration that sets it in older documents."""
    with open_index(path) as (index, admin):
        admin.create(PLONE, EMPTY_STATE)
        index.put(PLONE, [ProjectDocuments(name_normalized="plone-api", documents=(build_fields("plone.api"),))])
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE documents SET fields = ?", (WRITTEN_BY_THE_FIRST_VERSION,))
            connection.commit()

        (document,) = index.get_project_documents(PLONE, "plone-api")

    assert (document.registry.version, document.registry.title) == ("1.0", "T")
