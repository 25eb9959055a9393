"""Keeps documents in a collection of a Typesense server: the index of those who outgrow one machine."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec.json import decode

from ...domain.batching import group_names_by_documents
from ...domain.collection import CollectionState, ProjectState, Tombstone
from ...domain.documents.document import Document, Enrichments
from ...domain.documents.project import normalize_name
from ...domain.documents.schema import ProjectFields, RegistryFields
from ...ports import ProjectDocuments, Rejection
from ..encoding import sort_newest_first, sort_oldest_first
from .bulk import read_documents
from .client import Server
from .collections import CollectionRef, Collections, parse_state
from .package_states import list_package_states
from .packages import PackageStore
from .schema import HELPER_FIELDS, Json
from .serialization import NON_REGISTRY_FIELDS, find_latest_writes, parse_registry_fields, to_document, to_enrichments
from .tombstones import Tombstones

# Holdings between two looks at whether the collection is still there, and documents in one step of an export.
_STATES_BATCH = 500
_EXPORT_BATCH = 200


class TypesenseIndex:
    """The port `PackageIndex` on a Typesense server.

    Every call looks its collection up, so that work on an alias goes to the collection that it leads to at that
    moment. There are no transactions: a project that a crash has left half-written shows the serial 0, by which the
    next run finds it.
    """

    def __init__(
        self, server: Server, collections: Collections, projects: PackageStore, tombstones: Tombstones
    ) -> None:
        self._server = server
        self._collections = collections
        self._tombstones = tombstones
        self._projects = projects

    def put(self, collection: str, projects: Sequence[ProjectDocuments]) -> Sequence[Rejection]:
        return self._projects.put(self._collections.require_writable(collection).name, projects)

    def remove(self, collection: str, tombstones: Sequence[Tombstone]) -> int:
        found = self._collections.require_native(collection)
        first = {tombstone.name: tombstone for tombstone in reversed(tombstones)}
        ids = self._projects.list_ids(found.name, first)
        # Before the documents: should we be stopped in between, the next run finds them and removes them again.
        self._tombstones.put(found.name, [each for name, each in first.items() if name in ids])
        self._tombstones.add(found.name, [each for name, each in first.items() if name not in ids])
        self._projects.delete(found.name, [each for of_project in ids.values() for each in of_project])
        return len(ids)

    def update(self, collection: str, fields: Mapping[str, ProjectFields | Sequence[ProjectFields]]) -> int:
        return self._projects.update(self._collections.require_writable(collection).name, fields)

    def get_packages(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[Document]]:
        packages = self._read_packages(self._collections.require_native(collection), list(names))
        return {
            name: [documents[fields.version] for fields in sort_newest_first(d.registry for d in documents.values())]
            for name, documents in packages.items()
        }

    def get_project_documents(self, collection: str, name: str) -> Sequence[Document]:
        found = self._collections.require_native(collection)
        wanted = normalize_name(name)
        documents = self._read_packages(found, [wanted]).get(wanted, {})
        return [documents[each.version] for each in sort_newest_first(d.registry for d in documents.values())]

    def get_documents(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[RegistryFields]]:
        found = self._collections.require_native(collection)
        documents: dict[str, list[RegistryFields]] = {}
        query = {"exclude_fields": ",".join(NON_REGISTRY_FIELDS)}
        for some, lines in read_documents(self._server, found.name, names, query):
            for line in lines:
                registry = parse_registry_fields(line, found.name)
                if registry.name_normalized in some:
                    documents.setdefault(registry.name_normalized, []).append(registry)
        return {name: sort_newest_first(each) for name, each in documents.items()}

    def get_enrichments(self, collection: str, names: Iterable[str]) -> Mapping[str, Enrichments]:
        found = self._collections.require_native(collection)
        held = self._projects.read_for_update(found.name, names)
        return {name: to_enrichments(find_latest_writes(documents.values())) for name, documents in held.items()}

    def project_states(self, collection: str) -> Iterator[ProjectState]:
        real_name = self._collections.require_collection(collection).name
        remaining = iter(list_package_states(self._server, real_name))
        while page := list(islice(remaining, _STATES_BATCH)):
            # What was read at the start may be old by now, but it must not be of a collection that is gone.
            real_name = self._collections.find_same(real_name, collection).name
            yield from page

    def fingerprints(self, collection: str) -> Mapping[str, int]:
        return self._projects.fingerprints(self._collections.require_native(collection).name)

    def export(self, collection: str) -> Iterator[Document]:
        found = self._collections.require_native(collection)
        for names in group_names_by_documents(self.project_states(collection), _EXPORT_BATCH):
            found = self._collections.find_same(found.name, collection)
            held = self._read_packages(found, names)
            for name in names:
                documents = held.get(name, {})
                yield from (
                    documents[each.version] for each in sort_oldest_first(d.registry for d in documents.values())
                )

    def get_tombstone(self, collection: str, name: str) -> Tombstone | None:
        return self._tombstones.get(self._collections.require_collection(collection).name, normalize_name(name))

    def tombstones(self, collection: str) -> Iterator[Tombstone]:
        # As with holdings, memory is taken for a few words of each.
        found = self._tombstones.list_tombstones(self._collections.require_collection(collection).name)
        yield from sorted(found, key=lambda tombstone: tombstone.name)

    def get_state(self, collection: str) -> CollectionState:
        return parse_state(self._collections.require_collection(collection).schema)

    def set_state(self, collection: str, state: CollectionState) -> None:
        self._collections.set_state(self._collections.require_collection(collection), state)

    def _read_packages(self, found: CollectionRef, names: Sequence[str]) -> dict[str, dict[str, Document]]:
        """Return whole documents by project and version."""
        documents: dict[str, dict[str, Document]] = {}
        for some, lines in read_documents(self._server, found.name, names, {"exclude_fields": ",".join(HELPER_FIELDS)}):
            projects: dict[str, list[tuple[RegistryFields, Json]]] = {}
            for line in lines:
                registry = parse_registry_fields(line, found.name)
                projects.setdefault(registry.name_normalized, []).append((registry, decode(line)))
            for name in some & projects.keys():
                # Of a release that a write has missed, what the others say.
                others = to_enrichments(find_latest_writes(flat for _, flat in projects[name]))
                documents[name] = {each.version: to_document(each, others) for each, _ in projects[name]}
        return documents
