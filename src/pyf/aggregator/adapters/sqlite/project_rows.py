"""Rows of one project in SQLite; every change of a project gets a new number, which the search index follows."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import astuple

from ...domain.collection import ProjectState, Tombstone
from ...domain.documents.schema import Owner, ProjectFields
from ...ports import ProjectDocuments, Rejection
from ..encoding import (
    build_initial_fields,
    build_project_state,
    encode_json,
    get_owner,
    get_rejection_reason,
    replace_surrogates,
)
from .database import allocate_changes, to_json_array

_PUT_DOCUMENT = """
    INSERT INTO documents (collection_id, name, version, id, is_newest, fields) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (collection_id, name, version) DO UPDATE
    SET id = excluded.id, is_newest = excluded.is_newest, fields = excluded.fields
    WHERE fields != excluded.fields
"""
_DELETE_OTHER_DOCUMENTS = """
    DELETE FROM documents WHERE collection_id = ? AND name = ? AND version NOT IN (SELECT value FROM json_each(?))
"""
_PUT_PROJECT = """
    INSERT INTO projects
    (collection_id, change, name, last_serial, composed_with, status_checked, project_status, releases)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (collection_id, name) DO UPDATE
    SET change = excluded.change, last_serial = excluded.last_serial, composed_with = excluded.composed_with,
        status_checked = excluded.status_checked, project_status = excluded.project_status,
        releases = excluded.releases
"""
_SELECT_EXISTING = """
    SELECT name FROM projects WHERE collection_id = ? AND name IN (SELECT value FROM json_each(?))
"""
# Of the projects that exist, which have none.
_DELETE_TOMBSTONES = """
    DELETE FROM tombstones WHERE collection_id = ?1 AND name IN (SELECT value FROM json_each(?2)) AND name IN
    (SELECT name FROM projects WHERE collection_id = ?1 AND releases > 0)
"""
_SELECT_ENRICHMENTS = """
    SELECT projects.name, owner, fields FROM projects LEFT JOIN enrichments
    ON enrichments.collection_id = projects.collection_id AND enrichments.name = projects.name
    WHERE projects.collection_id = ? AND projects.name IN (SELECT value FROM json_each(?)) AND releases > 0
"""
_PUT_ENRICHMENT = """
    INSERT INTO enrichments (collection_id, name, owner, change, fields) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (collection_id, name, owner) DO UPDATE SET change = excluded.change, fields = excluded.fields
"""
_SELECT_LATER_ENRICHMENTS = """
    SELECT theirs.name, theirs.owner, theirs.change, theirs.fields FROM enrichments AS theirs
    LEFT JOIN enrichments AS ours
    ON ours.collection_id = :target AND ours.name = theirs.name AND ours.owner = theirs.owner
    WHERE theirs.collection_id = :source AND theirs.name IN (SELECT value FROM json_each(:names))
    AND theirs.owner != :derived
    AND (ours.change IS NULL OR ours.change < theirs.change)
"""


_PUT_INITIAL = """
    INSERT OR IGNORE INTO enrichments (collection_id, name, owner, change, fields) VALUES (?, ?, ?, 0, ?)
"""
_COPY_DOCUMENTS = """
    INSERT INTO documents (collection_id, name, version, id, is_newest, fields)
    SELECT ?, name, version, id, is_newest, fields FROM documents WHERE collection_id = ? AND name = ?
"""
_COPY_ENRICHMENTS = """
    INSERT INTO enrichments (collection_id, name, owner, change, fields)
    SELECT ?, name, owner, change, fields FROM enrichments WHERE collection_id = ? AND name = ?
"""
_COPY_PROJECT = """
    INSERT OR REPLACE INTO projects
    (collection_id, name, change, last_serial, composed_with, status_checked, project_status, releases)
    SELECT ?, name, ?, last_serial, composed_with, status_checked, project_status, releases
    FROM projects WHERE collection_id = ? AND name = ? AND releases > 0
"""


class ProjectRows(Struct, frozen=True):
    """A project as values of its database rows.

    Attributes:
        state: None for a project without documents.
        documents: Version, id, is_newest and JSON of each.
        derived: JSON of what is written with the documents, by its owner.
        initial: JSON of enrichments to write if their owner has not written yet.
    """

    name: str
    state: ProjectState | None
    documents: tuple[tuple[str, str, bool, str], ...]
    derived: tuple[tuple[Owner, str], ...] = ()
    initial: tuple[tuple[Owner, str], ...] = ()

    @property
    def size(self) -> int:
        """The length of the documents' JSON, in characters."""
        return sum(len(json) for *_, json in self.documents)


def build_rows(project: ProjectDocuments, rejections: list[Rejection]) -> ProjectRows:
    """Return the rows of a project; append documents that cannot be stored to `rejections`."""
    name = replace_surrogates(project.name_normalized)
    accepted = {}
    for document in project.documents:
        if reason := get_rejection_reason(document):
            rejections.append(Rejection(id=document.id, reason=reason))
        else:
            accepted[replace_surrogates(document.version)] = document
    return ProjectRows(
        name=name,
        state=build_project_state(name, accepted.values()) if accepted else None,
        documents=tuple(
            (version, replace_surrogates(document.id), document.is_newest, encode_json(document).decode())
            for version, document in accepted.items()
        ),
        derived=_encode_by_owner(project.derived),
        initial=_encode_by_owner(build_initial_fields(project.initial)),
    )


def _encode_by_owner(values: Iterable[ProjectFields]) -> tuple[tuple[Owner, str], ...]:
    return tuple((get_owner(value), encode_json(value).decode()) for value in values)


def put_projects(connection: sqlite3.Connection, collection_id: int, projects: Sequence[ProjectRows]) -> None:
    """Replace the documents of projects and delete their tombstones; unchanged rows are not rewritten.

    Args:
        projects: Each name at most once.
    """
    names = to_json_array(project.name for project in projects)
    existing = {name for (name,) in connection.execute(_SELECT_EXISTING, (collection_id, names))}
    # Most are new in a fetch: few statements write all of them.
    new = [project for project in projects if project.name not in existing]
    _put_documents(connection, collection_id, new)
    changed = [
        project
        for project in projects
        if project.name in existing and _replace_documents(connection, collection_id, project)
    ]
    states = [project.state for project in (*new, *changed) if project.state]
    changes = allocate_changes(connection, len(states))
    connection.executemany(
        _PUT_PROJECT,
        ((collection_id, change, *astuple(state)) for state, change in zip(states, changes, strict=True)),
    )
    connection.execute(_DELETE_TOMBSTONES, (collection_id, names))
    derived = [(project.name, owner, json) for project in projects for owner, json in project.derived]
    write_enrichments(connection, collection_id, derived)
    for project in projects:
        rows = [(collection_id, project.name, owner, json) for owner, json in project.initial if project.state]
        if rows and connection.executemany(_PUT_INITIAL, rows).rowcount:
            _mark_changed(connection, collection_id, [project.name])


def _put_documents(connection: sqlite3.Connection, collection_id: int, projects: Iterable[ProjectRows]) -> None:
    connection.executemany(
        _PUT_DOCUMENT,
        ((collection_id, project.name, *document) for project in projects for document in project.documents),
    )


def _replace_documents(connection: sqlite3.Connection, collection_id: int, project: ProjectRows) -> bool:
    """Replace the documents of a project that exists; return whether its row must be written, too."""
    if project.state is None:
        delete_project(connection, collection_id, project.name)
        return False
    changes_before = connection.total_changes
    _put_documents(connection, collection_id, [project])
    versions = to_json_array(version for version, *_ in project.documents)
    connection.execute(_DELETE_OTHER_DOCUMENTS, (collection_id, project.name, versions))
    return connection.total_changes > changes_before


def copy_package(connection: sqlite3.Connection, source: int, target: int, name: str) -> None:
    """Make the rows of a package in the target equal to those of the source."""
    delete_project(connection, target, name)
    if connection.execute(_COPY_PROJECT, (target, *allocate_changes(connection, 1), source, name)).rowcount:
        connection.execute(_COPY_DOCUMENTS, (target, source, name))
        connection.execute(_COPY_ENRICHMENTS, (target, source, name))
        connection.execute("DELETE FROM tombstones WHERE collection_id = ? AND name = ?", (target, name))


def delete_project(connection: sqlite3.Connection, collection_id: int, name: str) -> bool:
    """Delete a project's documents and enrichments; return whether it had any."""
    row = (collection_id, name)
    query = "SELECT 1 FROM projects WHERE collection_id = ? AND name = ? AND releases > 0"
    if connection.execute(query, row).fetchone() is None:
        return False
    connection.execute("DELETE FROM documents WHERE collection_id = ? AND name = ?", row)
    connection.execute("DELETE FROM enrichments WHERE collection_id = ? AND name = ?", row)
    connection.execute("UPDATE projects SET releases = 0 WHERE collection_id = ? AND name = ?", row)
    _mark_changed(connection, collection_id, [name])
    return True


def replace_with_tombstone(connection: sqlite3.Connection, collection_id: int, tombstone: Tombstone) -> bool:
    """Delete a project and write its tombstone; return whether it had documents."""
    name = replace_surrogates(tombstone.name)
    existed = delete_project(connection, collection_id, name)
    connection.execute(
        f"INSERT OR {'REPLACE' if existed else 'IGNORE'} INTO tombstones "  # noqa: S608 - ours
        "(collection_id, name, removed_at, reason) VALUES (?, ?, ?, ?)",
        (collection_id, name, tombstone.removed_at, replace_surrogates(tombstone.reason)),
    )
    return existed


def write_enrichments(
    connection: sqlite3.Connection, collection_id: int, rows: Sequence[tuple[str, Owner, str]]
) -> set[str]:
    """Replace fields of owners (name, owner, JSON) of the projects that exist; return the names of these."""
    names: set[str] = set()
    current: dict[tuple[str, str], str] = {}
    query = (collection_id, to_json_array({name for name, *_ in rows}))
    for name, owner, json in connection.execute(_SELECT_ENRICHMENTS, query):
        names.add(name)
        current[name, owner] = json
    written = [row for row in rows if row[0] in names]
    changes = allocate_changes(connection, len(written))
    connection.executemany(
        _PUT_ENRICHMENT,
        (
            (collection_id, name, owner, change, json)
            for (name, owner, json), change in zip(written, changes, strict=True)
        ),
    )
    # Searches do not read histories, which get a new month all at once.
    changed = dict.fromkeys(
        name for name, owner, json in written if owner != Owner.HISTORY and current.get((name, owner)) != json
    )
    _mark_changed(connection, collection_id, changed)
    return names


def copy_later_enrichments(connection: sqlite3.Connection, source: int, target: int, names: Sequence[str]) -> None:
    """Copy enrichments that are newer in `source`; all these projects must exist in `target`."""
    params = {"source": source, "target": target, "names": to_json_array(names), "derived": Owner.HEALTH}
    for name, owner, change, json in connection.execute(_SELECT_LATER_ENRICHMENTS, params).fetchall():
        connection.execute(_PUT_ENRICHMENT, (target, name, owner, change, json))
        _mark_changed(connection, target, [name])


def _mark_changed(connection: sqlite3.Connection, collection_id: int, names: Collection[str]) -> None:
    """Give each project a new change number."""
    changes = allocate_changes(connection, len(names))
    connection.executemany(
        "UPDATE projects SET change = ? WHERE collection_id = ? AND name = ?",
        ((change, collection_id, name) for name, change in zip(names, changes, strict=True)),
    )
