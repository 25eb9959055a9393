"""Numbers writes, so that the later of two is known, and search indexes can follow them.

Writes projects so that whoever stops in the middle leaves what the next run finds and mends.

A document is kept under its own id, `{name}-{version}`, unless another project's document has that already: `a-1.0-2`
may be of `a` or of `a-1.0`. The one that comes second is kept under one that tells whose it is.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from threading import Lock
from typing import Any

from msgspec import UNSET, Struct
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
from .package_states import get_normalized_name
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
from .tombstones import Tombstones


class WriteSequence:
    """Growing numbers: the time in microseconds, or one more than the last where the clock has not moved on.

    Several machines number by their clocks; before they write, they raise their numbers above a collection's.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._last = 0
        self._lock = Lock()

    def raise_above(self, number: int) -> None:
        """Have all further numbers be above this one."""
        with self._lock:
            self._last = max(self._last, number)

    def next(self, *, above: int = 0) -> int:
        """Return a number above this one, and above all that were given before."""
        with self._lock:
            self._last = max(self._last + 1, above + 1, int(self._now() * 1_000_000))
            return self._last


# Projects whose present documents are looked at and written over in one step.
_BATCH = 100

# Seconds after which the numbers that other machines have given are looked at again.
_RAISE_INTERVAL = 60.0

# The documents of a project by id.
DocumentsById = Mapping[str, Json]


class _Numbered(Struct, frozen=True):
    """A document with the number of the write that made its content."""

    id: str
    name_normalized: str
    revision: int = 0


_NUMBERED = Decoder(_Numbered)


class PackageStore:
    """The documents of projects, in whatever collection, which is named by its own name."""

    def __init__(self, server: Server, stamps: WriteSequence, tombstones: Tombstones, lexicon: Lexicon) -> None:
        self._server = server
        self._stamps = stamps
        self._tombstones = tombstones
        self._lexicon = lexicon
        self._raised: dict[str, float] = {}

    def put(self, collection: str, projects: Iterable[ProjectDocuments]) -> list[Rejection]:
        """Make the documents of each project exactly the given ones, but for those that are refused.

        What the server refuses stays as it was: with its old serial the next run finds it and tries again.
        """
        rejections: list[Rejection] = []
        self._raise_numbers(collection)
        for some in split_into_batches(projects, _BATCH):
            for distinct in _split_repetitions(some):
                rejections += self._put(collection, distinct)
        return rejections

    def update(self, collection: str, fields: Mapping[str, ProjectFields | Sequence[ProjectFields]]) -> int:
        """Replace fields of owners in all documents of packages; return how many packages were there."""
        updated: set[str] = set()
        self._raise_numbers(collection)
        for names in split_into_batches(fields, _BATCH):
            new = {
                name: dict(build_owner_write(value, self._stamps.next()) for value in list_owner_fields(fields[name]))
                for name in names
            }
            updated |= self.update_owners(collection, new)
        return len(updated)

    def update_owners(self, collection: str, new: Mapping[str, Mapping[Owner, OwnerWrite]]) -> set[str]:
        """Write what other owners say of projects into all of their documents; return the projects that are there."""
        owners = {owner for of_package in new.values() for owner in of_package}
        held = self.read_for_update(collection, new, owners)
        changes: list[Json] = []
        for name, documents in held.items():
            number = self._next_number(documents)
            for identifier, flat in documents.items():
                change: Json = {"id": identifier, WRITE_NUMBER: number, REVISION: number}
                for owner, write in new[name].items():
                    change |= build_owner_patch(flat, owner, write)
                changes.append(change)
        for each in import_documents(self._server, collection, changes, "update"):
            if each.code != HTTPStatus.NOT_FOUND:  # else the release has left meanwhile
                raise Invalid(f"{self._server.address} does not take the fields of {each.id}: {each.reason}")
        return set(held)

    def list_ids(self, collection: str, names: Iterable[str]) -> dict[str, list[str]]:
        """Return the ids of the documents of those of the projects that are there."""
        found: dict[str, list[str]] = {}
        for some, lines in read_documents(
            self._server, collection, names, {"include_fields": "id,name,name_normalized"}
        ):
            for flat in map(decode, lines):
                if flat["name_normalized"] in some:
                    found.setdefault(flat["name_normalized"], []).append(flat["id"])
        return found

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Delete documents."""
        delete_documents(self._server, collection, ids)

    def read_for_update(
        self, collection: str, names: Iterable[str], owners: Iterable[Owner] = tuple(Owner)
    ) -> dict[str, DocumentsById]:
        """Return of the packages that are there what has to be known of each document to write over these owners'."""
        found: dict[str, dict[str, Json]] = {}
        query = {"include_fields": ",".join(list_fields_for_update(owners))}
        for some, lines in read_documents(self._server, collection, names, query):
            for flat in map(decode, lines):
                if flat["name_normalized"] in some:
                    found.setdefault(flat["name_normalized"], {})[flat["id"]] = flat
        return dict(found)

    def fingerprints(self, collection: str) -> dict[str, int]:
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
        """Make packages of the target equal to those of the source; helper fields are built anew."""
        self._raise_numbers(target)
        return [
            rejection for some in split_into_batches(names, _BATCH) for rejection in self._copy(source, target, some)
        ]

    def _copy(self, source: str, target: str, names: Sequence[str]) -> list[Rejection]:
        gone = {identifier for of_package in self.list_ids(target, names).values() for identifier in of_package}
        documents: list[Json] = []
        for some, lines in read_documents(self._server, source, names, {"exclude_fields": ",".join(HELPER_FIELDS)}):
            packages: dict[str, list[tuple[Json, RegistryFields]]] = {}
            for line in lines:
                registry = parse_registry_fields(line, source)
                packages.setdefault(registry.name_normalized, []).append((decode(line), registry))
            for name in sorted(some & packages.keys()):
                releases = [registry for _, registry in packages[name]]
                number = {WRITE_NUMBER: self._stamps.next()}
                documents += [
                    add_helper_fields(flat | number, build_search_fields(registry, releases, self._lexicon))
                    for flat, registry in packages[name]
                ]
        self._tombstones.delete(target, {document["name_normalized"] for document in documents})
        refused = import_documents(self._server, target, documents, "upsert")
        delete_documents(self._server, target, sorted(gone.difference(document["id"] for document in documents)))
        return [Rejection(id=each.id, reason=each.reason) for each in refused]

    def _put(self, collection: str, projects: Sequence[ProjectDocuments]) -> list[Rejection]:
        held = self.read_for_update(collection, [project.name_normalized for project in projects])
        rejections: list[Rejection] = []
        created: list[Json] = []
        replaced: list[Json] = []
        superfluous: list[str] = []
        unfinished: list[tuple[Json, int]] = []
        alive: list[str] = []
        for project in projects:
            accepted = list(_list_accepted(project, rejections))
            there = held.get(replace_surrogates(project.name_normalized), {})
            new, changed = self._build_changes(project, accepted, there)
            gone = sorted(there.keys() - {line["id"] for line in changed})
            if new + changed and bool(new) + bool(changed) + bool(gone) > 1:
                # More than one request: a reader of the unfinished package has to read it again.
                first = (new + changed)[0]
                unfinished.append((first, first["last_serial"]))
                first["last_serial"] = 0
            created += new
            replaced += changed
            superfluous += gone
            alive += [project.name_normalized] if new + changed else []
        # Before the documents, after which nobody would look at the project again.
        self._tombstones.delete(collection, alive)
        refused = self._create(collection, created) + import_documents(self._server, collection, replaced, "emplace")
        delete_documents(self._server, collection, superfluous)
        own_ids = {line["id"]: get_canonical_id(line) for line in created + replaced}
        not_there = {each.id for each in refused}
        finished: Iterable[Json] = ({"id": line["id"], "last_serial": serial} for line, serial in unfinished)
        import_documents(self._server, collection, (each for each in finished if each["id"] not in not_there), "update")
        return rejections + [Rejection(id=own_ids[each.id], reason=each.reason) for each in refused]

    def _create(self, collection: str, lines: Sequence[Json]) -> list[RejectedDocument]:
        """Write documents that were not there a moment ago, under another id where that of theirs is taken."""
        refused = import_documents(self._server, collection, lines, "create")
        taken = {each.id for each in refused if each.code == HTTPStatus.CONFLICT}
        if not taken:
            return refused
        by_whom = {
            flat["id"]: get_normalized_name(flat)
            for flat in read_documents_by_id(
                self._server, collection, taken, {"include_fields": "id,name,name_normalized"}
            )
        }
        again = [line for line in lines if line["id"] in taken]
        for line in again:
            # Of the same project it is what another process has just written, or our first attempt at this.
            if by_whom.get(line["id"], line["name_normalized"]) != line["name_normalized"]:
                line["id"] = build_collision_id(line["id"], line["name_normalized"])
        return [each for each in refused if each.id not in taken] + import_documents(
            self._server, collection, again, "emplace"
        )

    def _build_changes(
        self, project: ProjectDocuments, documents: Sequence[RegistryFields], there: DocumentsById
    ) -> tuple[list[Json], list[Json]]:
        """Return what has to be sent of documents that are new, and of those that are held."""
        others = build_initial_writes(project.initial) | find_latest_writes(there.values())
        if project.health is not UNSET:
            others |= [build_owner_write(project.health, self._stamps.next())]
        number = self._next_number(there)
        ids = {get_canonical_id(there[identifier]): identifier for identifier in sorted(there, reverse=True)}
        new: list[Json] = []
        changed: list[Json] = []
        for document in documents:
            identifier = ids.get(replace_surrogates(document.id))
            added = build_search_fields(document, documents, self._lexicon) | {WRITE_NUMBER: number, REVISION: number}
            if identifier is None:
                new.append(add_helper_fields(build_document(document, others), added))
            else:
                changed.append(build_replace_patch(there[identifier], document, others) | added | {"id": identifier})
        return new, changed

    def _raise_numbers(self, collection: str) -> None:
        """Have all further numbers be above those of the collection, whatever the clock of this machine shows."""
        now = time.monotonic()
        if now - self._raised.get(collection, -_RAISE_INTERVAL) < _RAISE_INTERVAL:
            return
        self._raised[collection] = now
        search: Any = {"q": "*", "sort_by": f"{WRITE_NUMBER}:desc", "per_page": 1, "include_fields": WRITE_NUMBER}
        answer: Any = self._server.request(lambda client: client.collections[collection].documents.search(search))
        for hit in answer["hits"]:
            self._stamps.raise_above(hit["document"].get(WRITE_NUMBER, 0))

    def _next_number(self, held: DocumentsById) -> int:
        """Return the number of a write over these documents of a package, above those that they have."""
        return self._stamps.next(above=max((flat.get(WRITE_NUMBER, 0) for flat in held.values()), default=0))


def _list_accepted(project: ProjectDocuments, rejections: list[Rejection]) -> Iterator[RegistryFields]:
    """Yield the documents that can be held, each version once; note why others can't."""
    accepted: dict[str, RegistryFields] = {}
    for document in project.documents:
        reason = get_rejection_reason(document)
        if not is_name(project.name_normalized) or document.name_normalized != project.name_normalized:
            reason = f"{project.name_normalized!r} is not the normalised name of a project"
        if reason:
            rejections.append(Rejection(id=document.id, reason=reason))
        else:
            accepted[replace_surrogates(document.id)] = document
    yield from accepted.values()


def _split_repetitions(projects: Iterable[ProjectDocuments]) -> Iterator[list[ProjectDocuments]]:
    """Part projects so that none comes twice in one part: the second time is to replace the first."""
    some: dict[str, ProjectDocuments] = {}
    for project in projects:
        if project.name_normalized in some:
            yield list(some.values())
            some = {}
        some[project.name_normalized] = project
    if some:
        yield list(some.values())
