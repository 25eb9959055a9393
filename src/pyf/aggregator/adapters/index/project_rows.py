"""Writes one project's rows in SQLite, all of them or none, and numbers the change for whoever follows."""

import sqlite3
from collections.abc import Sequence

from msgspec import UNSET, Struct
from msgspec.json import encode

from ...domain.collection import Holding, Tombstone
from ...domain.schema import Owner
from ...ports import ProjectDocuments, Rejection
from .catalogue import next_change
from .encoding import encoded, holding, initial_fields, owner_of, refusal, storable

_PUT_DOCUMENT = """
    INSERT INTO documents (collection_id, name, version, id, is_newest, fields) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (collection_id, name, version) DO UPDATE
    SET id = excluded.id, is_newest = excluded.is_newest, fields = excluded.fields
    WHERE fields != excluded.fields
"""
_DROP_OTHER_DOCUMENTS = """
    DELETE FROM documents WHERE collection_id = ? AND name = ? AND version NOT IN (SELECT value FROM json_each(?))
"""
_PUT_PROJECT = """
    INSERT INTO projects
    (collection_id, name, change, last_serial, composed_with, status_checked, project_status, releases)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (collection_id, name) DO UPDATE
    SET change = excluded.change, last_serial = excluded.last_serial, composed_with = excluded.composed_with,
        status_checked = excluded.status_checked, project_status = excluded.project_status,
        releases = excluded.releases
"""
_ENRICHMENT_OF_HELD = """
    SELECT fields FROM projects LEFT JOIN enrichments
    ON enrichments.collection_id = projects.collection_id AND enrichments.name = projects.name AND owner = ?
    WHERE projects.collection_id = ? AND projects.name = ? AND releases > 0
"""
_PUT_ENRICHMENT = """
    INSERT INTO enrichments (collection_id, name, owner, change, fields) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (collection_id, name, owner) DO UPDATE SET change = excluded.change, fields = excluded.fields
"""
_LATER_ENRICHMENTS = """
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
    """A project as its rows hold it: its holding, None for no documents, and (version, id, is newest, JSON) of each.

    `health` is the JSON of its score, "" for none, `initial` that of owners who may not have written yet.
    """

    name: str
    holding: Holding | None
    documents: tuple[tuple[str, str, bool, str], ...]
    health: str = ""
    initial: tuple[tuple[Owner, str], ...] = ()

    @property
    def size(self) -> int:
        """The length of its JSON, in characters."""
        return sum(len(json) for *_, json in self.documents)


def rows_of(project: ProjectDocuments, rejections: list[Rejection]) -> ProjectRows:
    """Return the rows of a project; a document that can't be held is added to `rejections` instead."""
    name = storable(project.name_normalized)
    accepted = {}
    for document in project.documents:
        if reason := refusal(document):
            rejections.append(Rejection(id=document.id, reason=reason))
        else:
            accepted[storable(document.version)] = document
    return ProjectRows(
        name=name,
        holding=holding(name, accepted.values()) if accepted else None,
        documents=tuple(
            (version, storable(document.id), document.is_newest, encoded(document).decode())
            for version, document in accepted.items()
        ),
        health=encoded(project.health).decode() if project.health is not UNSET else "",
        initial=tuple((owner_of(value), encoded(value).decode()) for value in initial_fields(project.initial)),
    )


def put_project(connection: sqlite3.Connection, collection: int, project: ProjectRows) -> None:
    """Make the documents of a project exactly these, and lift its tombstone; what is there already is not rewritten."""
    if project.holding is None:
        take_out(connection, collection, project.name)
        return
    _put_documents(connection, collection, project, project.holding)
    if project.health:
        enrich(connection, collection, project.name, Owner.HEALTH, project.health)
    if project.initial:
        rows = [(collection, project.name, owner, json) for owner, json in project.initial]
        if connection.executemany(_PUT_INITIAL, rows).rowcount:
            _touch(connection, collection, project.name)


def _put_documents(connection: sqlite3.Connection, collection: int, project: ProjectRows, held: Holding) -> None:
    before = connection.total_changes
    connection.executemany(_PUT_DOCUMENT, ((collection, project.name, *document) for document in project.documents))
    versions = encode([version for version, *_ in project.documents]).decode()
    connection.execute(_DROP_OTHER_DOCUMENTS, (collection, project.name, versions))
    if connection.total_changes == before:
        return
    connection.execute(
        _PUT_PROJECT,
        (
            collection,
            project.name,
            next_change(connection),
            held.last_serial,
            held.composed_with,
            held.status_checked,
            held.project_status,
            held.releases,
        ),
    )
    connection.execute("DELETE FROM tombstones WHERE collection_id = ? AND name = ?", (collection, project.name))


def copy_package(connection: sqlite3.Connection, source: int, target: int, name: str) -> None:
    """Make the rows of a package in the target equal to those of the source."""
    take_out(connection, target, name)
    if connection.execute(_COPY_PROJECT, (target, next_change(connection), source, name)).rowcount:
        connection.execute(_COPY_DOCUMENTS, (target, source, name))
        connection.execute(_COPY_ENRICHMENTS, (target, source, name))
        connection.execute("DELETE FROM tombstones WHERE collection_id = ? AND name = ?", (target, name))


def take_out(connection: sqlite3.Connection, collection: int, name: str) -> bool:
    """Delete what belongs to a project; tell whether it was there."""
    row = (collection, name)
    held = "SELECT 1 FROM projects WHERE collection_id = ? AND name = ? AND releases > 0"
    if connection.execute(held, row).fetchone() is None:
        return False
    connection.execute("DELETE FROM documents WHERE collection_id = ? AND name = ?", row)
    connection.execute("DELETE FROM enrichments WHERE collection_id = ? AND name = ?", row)
    connection.execute("UPDATE projects SET releases = 0 WHERE collection_id = ? AND name = ?", row)
    _touch(connection, collection, name)
    return True


def bury(connection: sqlite3.Connection, collection: int, tombstone: Tombstone) -> bool:
    """Delete what belongs to a project and leave its tombstone; tell whether it was there."""
    name = storable(tombstone.name)
    was_there = take_out(connection, collection, name)
    connection.execute(
        f"INSERT OR {'REPLACE' if was_there else 'IGNORE'} INTO tombstones "  # noqa: S608 - ours
        "(collection_id, name, removed_at, reason) VALUES (?, ?, ?, ?)",
        (collection, name, tombstone.removed_at, storable(tombstone.reason)),
    )
    return was_there


def enrich(connection: sqlite3.Connection, collection: int, name: str, owner: Owner, json: str) -> bool:
    """Replace one owner's fields of a project; tell whether it was there."""
    row = connection.execute(_ENRICHMENT_OF_HELD, (owner, collection, name)).fetchone()
    if row is None:
        return False
    connection.execute(_PUT_ENRICHMENT, (collection, name, owner, next_change(connection), json))
    if row[0] != json:
        _touch(connection, collection, name)
    return True


def adopt_enrichments(connection: sqlite3.Connection, source: int, target: int, names: Sequence[str]) -> None:
    """Copy the enrichments of these projects, all of which `target` holds, where `source` has the later ones."""
    asked = {"source": source, "target": target, "names": encode(names).decode(), "derived": Owner.HEALTH}
    for name, owner, change, json in connection.execute(_LATER_ENRICHMENTS, asked).fetchall():
        connection.execute(_PUT_ENRICHMENT, (target, name, owner, change, json))
        _touch(connection, target, name)


def _touch(connection: sqlite3.Connection, collection: int, name: str) -> None:
    """Note that a project changed."""
    connection.execute(
        "UPDATE projects SET change = ? WHERE collection_id = ? AND name = ?",
        (next_change(connection), collection, name),
    )
