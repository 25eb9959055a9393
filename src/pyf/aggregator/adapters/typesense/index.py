"""Read and write the packages of collections on a Typesense server."""

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
from .package_states import Tombstones, list_package_states
from .packages import PackageStore
from .schema import HELPER_FIELDS, WRITTEN, Json
from .serialization import NON_REGISTRY_FIELDS, find_latest_writes, parse_registry_fields, to_enrichments

# Summaries between two checks that the collection still exists, and documents in one step of an export.
_STATES_BATCH = 500
_EXPORT_BATCH = 200


class TypesenseIndex:
    """The port `PackageIndex` on a Typesense server.

    Every call resolves its collection, so a call with an alias uses the collection that it points to at that moment.
    There are no transactions: a package that a crash has left incomplete has the serial 0, by which the next run finds
    it.
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
        # Before the documents: if a crash follows, the next run finds the documents and removes them again.
        self._tombstones.put(found.name, [stone for name, stone in first.items() if name in ids])
        self._tombstones.add(found.name, [stone for name, stone in first.items() if name not in ids])
        self._projects.delete(found.name, [identifier for package_ids in ids.values() for identifier in package_ids])
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
        return [documents[fields.version] for fields in sort_newest_first(d.registry for d in documents.values())]

    def get_documents(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[RegistryFields]]:
        found = self._collections.require_native(collection)
        documents: dict[str, list[RegistryFields]] = {}
        query = {"exclude_fields": ",".join(NON_REGISTRY_FIELDS)}
        for batch, lines in read_documents(self._server, found.name, names, query):
            for line in lines:
                registry = parse_registry_fields(line, found.name)
                if registry.name_normalized in batch:
                    documents.setdefault(registry.name_normalized, []).append(registry)
        return {name: sort_newest_first(releases) for name, releases in documents.items()}

    def get_enrichments(self, collection: str, names: Iterable[str]) -> Mapping[str, Enrichments]:
        found = self._collections.require_native(collection)
        stored = self._projects.read_for_update(found.name, names, WRITTEN)
        return {name: to_enrichments(find_latest_writes(documents.values())) for name, documents in stored.items()}

    def iter_project_states(self, collection: str) -> Iterator[ProjectState]:
        real_name = self._collections.require_collection(collection).name
        remaining = iter(list_package_states(self._server, real_name))
        while page := list(islice(remaining, _STATES_BATCH)):
            # A summary may be outdated by now, but not of a collection that was deleted.
            real_name = self._collections.find_same(real_name, collection).name
            yield from page

    def read_fingerprints(self, collection: str) -> Mapping[str, int]:
        return self._projects.read_fingerprints(self._collections.require_native(collection).name)

    def export(self, collection: str) -> Iterator[Document]:
        found = self._collections.require_native(collection)
        for names in group_names_by_documents(self.iter_project_states(collection), _EXPORT_BATCH):
            found = self._collections.find_same(found.name, collection)
            packages = self._read_packages(found, names)
            for name in names:
                documents = packages.get(name, {})
                yield from (
                    documents[fields.version] for fields in sort_oldest_first(d.registry for d in documents.values())
                )

    def get_tombstone(self, collection: str, name: str) -> Tombstone | None:
        return self._tombstones.get(self._collections.require_collection(collection).name, normalize_name(name))

    def iter_tombstones(self, collection: str) -> Iterator[Tombstone]:
        # All are in memory: a few words each.
        found = self._tombstones.list_tombstones(self._collections.require_collection(collection).name)
        yield from sorted(found, key=lambda tombstone: tombstone.name)

    def get_state(self, collection: str) -> CollectionState:
        return parse_state(self._collections.require_collection(collection).schema)

    def set_state(self, collection: str, state: CollectionState) -> None:
        self._collections.set_state(self._collections.require_collection(collection), state)

    def _read_packages(self, found: CollectionRef, names: Sequence[str]) -> dict[str, dict[str, Document]]:
        """Return whole documents by package and version."""
        documents: dict[str, dict[str, Document]] = {}
        for batch, lines in read_documents(
            self._server, found.name, names, {"exclude_fields": ",".join(HELPER_FIELDS)}
        ):
            packages: dict[str, list[tuple[RegistryFields, Json]]] = {}
            for line in lines:
                registry = parse_registry_fields(line, found.name)
                packages.setdefault(registry.name_normalized, []).append((registry, decode(line)))
            for name in batch & packages.keys():
                # From all releases: an interrupted write may have missed one.
                enrichments = to_enrichments(find_latest_writes(flat for _, flat in packages[name]))
                documents[name] = {
                    fields.version: Document.from_parts(fields, enrichments) for fields, _ in packages[name]
                }
        return documents
