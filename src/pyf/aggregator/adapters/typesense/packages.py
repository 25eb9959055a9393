"""Write packages so that a run that stops halfway leaves what the next run finds and completes.

The server has no transactions. It applies the documents of one request in their order, and the newest release comes
last: a package without a newest release, or with a document of serial 0, is incomplete and is read again.

A document has the id `{name}-{version}`, unless a document of another package has that id: `a-1.0-2` may belong to `a`
or to `a-1.0`. The second one gets an id that names its package.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from threading import Lock
from typing import Any

from msgspec import Struct
from msgspec.json import Decoder, decode

from ...domain.batching import split_into_batches
from ...domain.documents.schema import Owner, ProjectFields, RegistryFields
from ...domain.errors import Invalid
from ...domain.relevance import Lexicon
from ...ports import ProjectDocuments, Rejection
from ..encoding import get_rejection_reason, list_owner_fields, replace_surrogates
from .bulk import (
    RejectedDocument,
    build_export_path,
    delete_documents,
    import_documents,
    is_name,
    read_documents,
    read_documents_by_id,
)
from .client import Server
from .package_states import Tombstones, get_normalized_name
from .schema import HELPER_FIELDS, REVISION, WRITE_NUMBER, Json
from .serialization import (
    OwnerWrite,
    add_helper_fields,
    build_collision_id,
    build_document,
    build_initial_writes,
    build_owner_patch,
    build_owner_write,
    build_replace_patch,
    build_search_fields,
    find_latest_writes,
    get_canonical_id,
    list_fields_for_update,
    parse_registry_fields,
)


class WriteSequence:
    """Numbers of writes, so that the later of two is known and search indexes can follow them.

    A number is the time in microseconds, or one more than the last number if the clock has not moved on. Machines
    number by their own clocks; before they write, they raise their numbers above those of the collection.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._last = 0
        self._lock = Lock()

    def raise_above(self, number: int) -> None:
        """Make all further numbers higher than this one."""
        with self._lock:
            self._last = max(self._last, number)

    def next(self, *, above: int = 0) -> int:
        """Return a number that is higher than this one and all earlier ones."""
        with self._lock:
            self._last = max(self._last + 1, above + 1, int(self._now() * 1_000_000))
            return self._last


# Packages that are read and written in one step.
_BATCH = 100

# Seconds after which the numbers of other machines are read again.
_RAISE_INTERVAL = 60.0

# The documents of a package by id.
DocumentsById = Mapping[str, Json]


class _Numbered(Struct, frozen=True):
    """A document with the number of the write that made its content."""

    id: str
    name_normalized: str
    revision: int = 0


_NUMBERED = Decoder(_Numbered)


class PackageStore:
    """The packages of all collections; every call names a collection, never an alias."""

    def __init__(self, server: Server, numbers: WriteSequence, tombstones: Tombstones, lexicon: Lexicon) -> None:
        self._server = server
        self._numbers = numbers
        self._tombstones = tombstones
        self._lexicon = lexicon
        self._raised: dict[str, float] = {}

    def put(self, collection: str, projects: Iterable[ProjectDocuments]) -> list[Rejection]:
        """Make the documents of each package exactly the given ones, except those that the server rejects.

        A rejected document stays as it was; by its old serial the next run finds it and tries again.
        """
        rejections: list[Rejection] = []
        self._raise_numbers(collection)
        for batch in split_into_batches(projects, _BATCH):
            for distinct in _split_repetitions(batch):
                rejections += self._put(collection, distinct)
        return rejections

    def update(self, collection: str, fields: Mapping[str, ProjectFields | Sequence[ProjectFields]]) -> int:
        """Replace fields of owners in all documents of packages; return how many packages exist."""
        updated: set[str] = set()
        self._raise_numbers(collection)
        for names in split_into_batches(fields, _BATCH):
            new = {
                name: dict(build_owner_write(value, self._numbers.next()) for value in list_owner_fields(fields[name]))
                for name in names
            }
            updated |= self.update_owners(collection, new)
        return len(updated)

    def update_owners(self, collection: str, new: Mapping[str, Mapping[Owner, OwnerWrite]]) -> set[str]:
        """Write fields of owners into all documents of packages; return the packages that exist."""
        owners = {owner for of_package in new.values() for owner in of_package}
        stored = self.read_for_update(collection, new, owners)
        changes: list[Json] = []
        for name, documents in stored.items():
            number = self._next_number(documents)
            for identifier, flat in documents.items():
                change: Json = {"id": identifier, WRITE_NUMBER: number, REVISION: number}
                for owner, write in new[name].items():
                    change |= build_owner_patch(flat, owner, write)
                changes.append(change)
        for rejected in import_documents(self._server, collection, changes, "update"):
            if rejected.code != HTTPStatus.NOT_FOUND:  # the release was removed meanwhile
                raise Invalid(f"{self._server.address} rejects the fields of {rejected.id}: {rejected.reason}")
        return set(stored)

    def list_ids(self, collection: str, names: Iterable[str]) -> dict[str, list[str]]:
        """Return the ids of the documents of the packages that exist."""
        found: dict[str, list[str]] = {}
        for batch, lines in read_documents(
            self._server, collection, names, {"include_fields": "id,name,name_normalized"}
        ):
            for flat in map(decode, lines):
                if flat["name_normalized"] in batch:
                    found.setdefault(flat["name_normalized"], []).append(flat["id"])
        return found

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Delete documents."""
        delete_documents(self._server, collection, ids)

    def read_for_update(
        self, collection: str, names: Iterable[str], owners: Iterable[Owner] = tuple(Owner)
    ) -> dict[str, DocumentsById]:
        """Return the fields of each document that must be known to replace the fields of these owners."""
        found: dict[str, dict[str, Json]] = {}
        query = {"include_fields": ",".join(list_fields_for_update(owners))}
        for batch, lines in read_documents(self._server, collection, names, query):
            for flat in map(decode, lines):
                if flat["name_normalized"] in batch:
                    found.setdefault(flat["name_normalized"], {})[flat["id"]] = flat
        return dict(found)

    def read_fingerprints(self, collection: str) -> dict[str, int]:
        """Return a number for each package by the revisions of its documents, which copies keep."""

        def gather(lines: Iterable[bytes]) -> dict[str, set[tuple[str, int]]]:
            found: dict[str, set[tuple[str, int]]] = {}
            for row in map(_NUMBERED.decode, lines):
                found.setdefault(row.name_normalized, set()).add((row.id, row.revision))
            return found

        query = {"include_fields": ",".join(_Numbered.__struct_fields__)}
        found = self._server.read_lines(build_export_path(collection), query, gather)
        return {name: hash(frozenset(numbers)) for name, numbers in found.items()}

    def copy(self, source: str, target: str, names: Iterable[str]) -> list[Rejection]:
        """Make packages of the target equal to those of the source; helper fields are rebuilt."""
        self._raise_numbers(target)
        return [
            rejection for batch in split_into_batches(names, _BATCH) for rejection in self._copy(source, target, batch)
        ]

    def _copy(self, source: str, target: str, names: Sequence[str]) -> list[Rejection]:
        gone = {identifier for of_package in self.list_ids(target, names).values() for identifier in of_package}
        documents: list[Json] = []
        for batch, lines in read_documents(self._server, source, names, {"exclude_fields": ",".join(HELPER_FIELDS)}):
            packages: dict[str, list[tuple[Json, RegistryFields]]] = {}
            for line in lines:
                registry = parse_registry_fields(line, source)
                packages.setdefault(registry.name_normalized, []).append((decode(line), registry))
            for package in packages.values():
                package.sort(key=lambda release: release[1].is_newest)
            for name in sorted(batch & packages.keys()):
                releases = [registry for _, registry in packages[name]]
                number = {WRITE_NUMBER: self._numbers.next()}
                documents += [
                    add_helper_fields(flat | number, build_search_fields(registry, releases, self._lexicon))
                    for flat, registry in packages[name]
                ]
        self._tombstones.delete(target, {document["name_normalized"] for document in documents})
        rejected = import_documents(self._server, target, documents, "upsert")
        delete_documents(self._server, target, sorted(gone.difference(document["id"] for document in documents)))
        return [Rejection(id=document.id, reason=document.reason) for document in rejected]

    def _put(self, collection: str, projects: Sequence[ProjectDocuments]) -> list[Rejection]:
        stored = self.read_for_update(collection, [project.name_normalized for project in projects])
        rejections: list[Rejection] = []
        created: list[Json] = []
        replaced: list[Json] = []
        superfluous: list[str] = []
        unfinished: list[tuple[Json, int]] = []
        alive: list[str] = []
        for project in projects:
            accepted = list(_list_accepted(project, rejections))
            documents = stored.get(replace_surrogates(project.name_normalized), {})
            new, changed = self._build_changes(project, accepted, documents)
            gone = sorted(documents.keys() - {line["id"] for line in changed})
            if changed and len(new) + len(changed) + len(gone) > 1:
                # Until the package is complete, one of its documents has the serial 0.
                first = (new + changed)[0]
                unfinished.append((first, first["last_serial"]))
                first["last_serial"] = 0
            created += new
            replaced += changed
            superfluous += gone
            alive += [project.name_normalized] if new + changed else []
        # Before the documents: once these are complete, no run reads the package again.
        self._tombstones.delete(collection, alive)
        rejected = self._create(collection, created) + import_documents(self._server, collection, replaced, "emplace")
        delete_documents(self._server, collection, superfluous)
        own_ids = {line["id"]: get_canonical_id(line) for line in created + replaced}
        rejected_ids = {document.id for document in rejected}
        finished: Iterable[Json] = ({"id": line["id"], "last_serial": serial} for line, serial in unfinished)
        finished = (line for line in finished if line["id"] not in rejected_ids)
        import_documents(self._server, collection, finished, "update")
        return rejections + [Rejection(id=own_ids[document.id], reason=document.reason) for document in rejected]

    def _create(self, collection: str, lines: Sequence[Json]) -> list[RejectedDocument]:
        """Create documents, under another id if a document of another package has theirs."""
        rejected = import_documents(self._server, collection, lines, "create")
        taken = {document.id for document in rejected if document.code == HTTPStatus.CONFLICT}
        if not taken:
            return rejected
        names_by_id = {
            flat["id"]: get_normalized_name(flat)
            for flat in read_documents_by_id(
                self._server, collection, taken, {"include_fields": "id,name,name_normalized"}
            )
        }
        again = [line for line in lines if line["id"] in taken]
        for line in again:
            # A document of the same package was written by another process, or by a first attempt of this request.
            if names_by_id.get(line["id"], line["name_normalized"]) != line["name_normalized"]:
                line["id"] = build_collision_id(line["id"], line["name_normalized"])
        remaining = [document for document in rejected if document.id not in taken]
        return remaining + import_documents(self._server, collection, again, "emplace")

    def _build_changes(
        self, project: ProjectDocuments, documents: Sequence[RegistryFields], stored: DocumentsById
    ) -> tuple[list[Json], list[Json]]:
        """Return new documents, and the patches of stored ones; the newest release comes last."""
        writes = build_initial_writes(project.initial) | find_latest_writes(stored.values())
        writes |= [build_owner_write(value, self._numbers.next()) for value in project.derived]
        number = self._next_number(stored)
        ids = {get_canonical_id(stored[identifier]): identifier for identifier in sorted(stored, reverse=True)}
        new: list[Json] = []
        changed: list[Json] = []
        for document in sorted(documents, key=lambda document: document.is_newest):
            identifier = ids.get(replace_surrogates(document.id))
            added = build_search_fields(document, documents, self._lexicon) | {WRITE_NUMBER: number, REVISION: number}
            if identifier is None:
                new.append(add_helper_fields(build_document(document, writes), added))
            else:
                changed.append(build_replace_patch(stored[identifier], document, writes) | added | {"id": identifier})
        return new, changed

    def _raise_numbers(self, collection: str) -> None:
        """Make all further numbers higher than those of the collection, whatever the clock of this machine shows."""
        now = time.monotonic()
        if now - self._raised.get(collection, -_RAISE_INTERVAL) < _RAISE_INTERVAL:
            return
        self._raised[collection] = now
        search: Any = {"q": "*", "sort_by": f"{WRITE_NUMBER}:desc", "per_page": 1, "include_fields": WRITE_NUMBER}
        response: Any = self._server.request(lambda client: client.collections[collection].documents.search(search))
        for hit in response["hits"]:
            self._numbers.raise_above(hit["document"].get(WRITE_NUMBER, 0))

    def _next_number(self, stored: DocumentsById) -> int:
        """Return the number of a write over these documents of a package, higher than theirs."""
        return self._numbers.next(above=max((flat.get(WRITE_NUMBER, 0) for flat in stored.values()), default=0))


def _list_accepted(project: ProjectDocuments, rejections: list[Rejection]) -> Iterator[RegistryFields]:
    """Yield the documents that can be stored, each version once; add the others to `rejections`."""
    accepted: dict[str, RegistryFields] = {}
    for document in project.documents:
        reason = get_rejection_reason(document)
        if not is_name(project.name_normalized) or document.name_normalized != project.name_normalized:
            reason = f"{project.name_normalized!r} is not the normalized name of a package"
        if reason:
            rejections.append(Rejection(id=document.id, reason=reason))
        else:
            accepted[replace_surrogates(document.id)] = document
    yield from accepted.values()


def _split_repetitions(projects: Iterable[ProjectDocuments]) -> Iterator[list[ProjectDocuments]]:
    """Split packages so that none comes twice in a group: the second one replaces the first."""
    group: dict[str, ProjectDocuments] = {}
    for project in projects:
        if project.name_normalized in group:
            yield list(group.values())
            group = {}
        group[project.name_normalized] = project
    if group:
        yield list(group.values())
