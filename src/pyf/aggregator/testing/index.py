"""Fakes of the index and of the API keys: the shortest definition of their behavior."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock

from msgspec.json import decode

from ..adapters.api_keys import KeyHash, generate_key, get_prefix, grants, hash_key, validate_key
from ..adapters.encoding import (
    build_document,
    build_fingerprint,
    build_initial_fields,
    build_project_state,
    decode_enrichments,
    decode_registry_fields,
    encode_json,
    get_owner,
    get_rejection_reason,
    list_owner_fields,
    replace_surrogates,
    sort_newest_first,
    sort_oldest_first,
)
from ..domain.collection import CollectionInfo, CollectionState, ProjectState, Tombstone, validate_collection_name
from ..domain.documents.document import Document, Enrichments
from ..domain.documents.project import normalize_name
from ..domain.documents.schema import Owner, ProjectFields, RegistryFields
from ..domain.errors import Invalid, NotFound, Unavailable
from ..ports import NewKey, ProjectDocuments, Rejection
from ..ports.index import SEARCH_ACTION, ApiKey


@dataclass
class _StoredProject:
    """The JSON of the documents by version, and of each enrichment with the number of its write."""

    documents: dict[str, bytes]
    enrichments: dict[Owner, tuple[int, bytes]] = field(default_factory=dict)

    @property
    def enrichment_json(self) -> dict[Owner, bytes]:
        return {owner: json for owner, (_, json) in self.enrichments.items()}

    @property
    def registry_documents(self) -> list[RegistryFields]:
        return [decode_registry_fields(json) for json in self.documents.values()]


@dataclass
class _StoredCollection:
    created_at: int
    state: bytes
    projects: dict[str, _StoredProject] = field(default_factory=dict)
    tombstones: dict[str, Tombstone] = field(default_factory=dict)


class FakeIndex:
    """A fake of `PackageIndex` and `IndexAdmin`; threads may share it.

    Values are stored as JSON, as in every other engine, so that callers can't change them later.
    """

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._collections: dict[str, _StoredCollection] = {}
        self._aliases: dict[str, str] = {}
        self._locked: set[str] = set()
        self._write_count = 0
        self._lock = RLock()

    def put(self, collection: str, projects: Sequence[ProjectDocuments]) -> Sequence[Rejection]:
        rejections = []
        with self._lock:
            stored_collection = self._require_collection(collection)
            for project in projects:
                name, documents = replace_surrogates(project.name_normalized), {}
                for fields in project.documents:
                    if reason := get_rejection_reason(fields):
                        rejections.append(Rejection(id=fields.id, reason=reason))
                    else:
                        documents[replace_surrogates(fields.version)] = encode_json(fields)
                if documents:
                    stored_project = stored_collection.projects.setdefault(name, _StoredProject({}))
                    stored_project.documents = documents
                    for derived in project.derived:
                        self._write_enrichment(stored_project, derived)
                    for value in build_initial_fields(project.initial):
                        stored_project.enrichments.setdefault(get_owner(value), (0, encode_json(value)))
                    stored_collection.tombstones.pop(name, None)
                else:
                    stored_collection.projects.pop(name, None)
        return rejections

    def remove(self, collection: str, tombstones: Sequence[Tombstone]) -> int:
        with self._lock:
            stored_collection = self._require_collection(collection)
            removed = 0
            for tombstone in tombstones:
                existed = stored_collection.projects.pop(tombstone.name, None) is not None
                removed += existed
                if existed or tombstone.name not in stored_collection.tombstones:
                    stored_collection.tombstones[tombstone.name] = tombstone
        return removed

    def update(self, collection: str, fields: Mapping[str, ProjectFields | Sequence[ProjectFields]]) -> int:
        with self._lock:
            projects = self._require_collection(collection).projects
            updates = [(projects[name], values) for name, values in fields.items() if name in projects]
            for project, values in updates:
                for value in list_owner_fields(values):
                    self._write_enrichment(project, value)
        return len(updates)

    def get_packages(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[Document]]:
        found = {name: self.get_project_documents(collection, name) for name in names}
        return {name: documents for name, documents in found.items() if documents}

    def get_project_documents(self, collection: str, name: str) -> Sequence[Document]:
        with self._lock:
            project = self._require_collection(collection).projects.get(normalize_name(name), _StoredProject({}))
            return [_build_document(fields, project) for fields in sort_newest_first(project.registry_documents)]

    def get_documents(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[RegistryFields]]:
        with self._lock:
            projects = self._require_collection(collection).projects
            return {name: sort_newest_first(projects[name].registry_documents) for name in names if name in projects}

    def get_enrichments(self, collection: str, names: Iterable[str]) -> Mapping[str, Enrichments]:
        with self._lock:
            projects = self._require_collection(collection).projects
            return {name: decode_enrichments(projects[name].enrichment_json) for name in names if name in projects}

    def iter_project_states(self, collection: str) -> Iterator[ProjectState]:
        for name, project in self._iterate_projects(collection):
            yield build_project_state(name, project.registry_documents)

    def read_fingerprints(self, collection: str) -> Mapping[str, int]:
        with self._lock:
            projects = self._require_collection(collection).projects
            return {name: build_fingerprint(p.documents.values(), p.enrichment_json) for name, p in projects.items()}

    def export(self, collection: str) -> Iterator[Document]:
        for _, project in self._iterate_projects(collection):
            yield from [_build_document(fields, project) for fields in sort_oldest_first(project.registry_documents)]

    def get_tombstone(self, collection: str, name: str) -> Tombstone | None:
        with self._lock:
            return self._require_collection(collection).tombstones.get(normalize_name(name))

    def iter_tombstones(self, collection: str) -> Iterator[Tombstone]:
        with self._lock:
            entries = sorted(self._require_collection(collection).tombstones.items())
        yield from (tombstone for _, tombstone in entries)

    def get_state(self, collection: str) -> CollectionState:
        with self._lock:
            return decode(self._require_collection(collection).state, type=CollectionState)

    def set_state(self, collection: str, state: CollectionState) -> None:
        with self._lock:
            self._require_collection(collection).state = encode_json(state)

    def create(self, collection: str, state: CollectionState, *, alias: str = "") -> None:
        with self._lock:
            if validate_collection_name(collection) in self._collections or collection in self._aliases:
                raise Invalid(f"there is a collection or an alias {collection} already")
            if alias:
                self._validate_alias(alias, target=collection)
                self._aliases[alias] = collection
            self._collections[collection] = _StoredCollection(int(self._now()), encode_json(state))

    def drop(self, collection: str) -> None:
        with self._lock:
            self._require_not_alias(collection)
            del self._collections[collection]
            self._aliases = {alias: name for alias, name in self._aliases.items() if name != collection}

    def set_alias(self, alias: str, collection: str) -> None:
        with self._lock:
            self._require_not_alias(collection)
            self._validate_alias(alias, target=collection)
            self._aliases[alias] = collection

    def drop_alias(self, alias: str) -> None:
        with self._lock:
            if self._aliases.pop(alias, None) is None:
                raise NotFound(f"there is no alias {alias}")

    @property
    def replaces_atomically(self) -> bool:
        return True

    def replace_with_alias(self, collection: str, successor: str) -> None:
        with self._lock:
            self._require_not_alias(successor)
            current = self.resolve(validate_collection_name(collection))
            if collection == successor or current not in (None, collection, successor):
                raise Invalid(f"{collection} is an alias of {current}: use the name of the collection")
            if current == collection:
                self.copy_enrichments(collection, successor)
                self.drop(collection)
            self._aliases[collection] = successor

    def copy_enrichments(self, source: str, target: str) -> None:
        with self._lock:
            target_collection, source_collection = self._require_collection(target), self._require_collection(source)
            for name in target_collection.projects.keys() & source_collection.projects.keys():
                target_enrichments = target_collection.projects[name].enrichments
                for owner, entry in source_collection.projects[name].enrichments.items():
                    if owner is not Owner.HEALTH:
                        target_enrichments[owner] = max(entry, target_enrichments.get(owner, entry))
            self.copy_tombstones(source, target)

    def copy_packages(self, source: str, target: str, names: Iterable[str]) -> Sequence[Rejection]:
        with self._lock:
            ours, theirs = self._require_collection(target), self._require_collection(source)
            for name in names:
                ours.projects.pop(name, None)
                if name in theirs.projects:
                    project = theirs.projects[name]
                    ours.projects[name] = _StoredProject(dict(project.documents), dict(project.enrichments))
                    ours.tombstones.pop(name, None)
        return ()

    def copy_foreign_settings(self, source: str, target: str, *, with_values: bool) -> Sequence[str]:
        return ()  # no other program writes here

    def copy_tombstones(self, source: str, target: str) -> None:
        with self._lock:
            ours, theirs = self._require_collection(target), self._require_collection(source)
            for name, tombstone in theirs.tombstones.items():
                if name not in ours.projects:
                    ours.tombstones.setdefault(name, tombstone)

    def list_collections(self) -> Sequence[CollectionInfo]:
        with self._lock:
            return [
                CollectionInfo(
                    name=name,
                    aliases=tuple(sorted(alias for alias, target in self._aliases.items() if target == name)),
                    projects=len(stored.projects),
                    documents=sum(len(project.documents) for project in stored.projects.values()),
                    created_at=stored.created_at,
                )
                for name, stored in sorted(self._collections.items())
            ]

    def resolve(self, name: str) -> str | None:
        with self._lock:
            return name if name in self._collections else self._aliases.get(name)

    def list_foreign_fields(self, collection: str) -> Sequence[str] | None:
        with self._lock:
            self._require_collection(collection)
        return None

    def put_search_preset(self, name: str) -> None:
        raise Invalid(f"search presets are stored on a Typesense server, and the index is {self.get_location()}")

    def get_location(self) -> str:
        return "memory"

    def verify(self) -> Sequence[str]:
        return ()

    def get_size(self) -> int | None:
        return None

    @contextmanager
    def lock(self, collection: str) -> Iterator[None]:
        with self._lock:
            names = {validate_collection_name(collection), self.resolve(collection) or collection}
            if names & self._locked:
                raise Unavailable(f"collection {collection} is locked by another run: wait for it to finish")
            self._locked |= names
        try:
            yield
        finally:
            with self._lock:
                self._locked -= names

    def _write_enrichment(self, project: _StoredProject, value: ProjectFields) -> None:
        self._write_count += 1
        project.enrichments[get_owner(value)] = (self._write_count, encode_json(value))

    def _require_collection(self, name: str) -> _StoredCollection:
        real_name = self.resolve(name)
        if real_name is None:
            raise NotFound(f"there is no collection {name}")
        return self._collections[real_name]

    def _iterate_projects(self, collection: str) -> Iterator[tuple[str, _StoredProject]]:
        """Yield a collection's projects by name; each one is read when it is yielded."""
        with self._lock:
            names = sorted(self._require_collection(collection).projects)
            real_name = self.resolve(collection) or collection
        for name in names:
            with self._lock:
                # If a rebuild has replaced the collection, continue with its successor.
                current_name = real_name if real_name in self._collections else collection
                project = self._require_collection(current_name).projects.get(name)
            if project is not None:
                yield name, project

    def _require_not_alias(self, collection: str) -> None:
        if collection not in self._collections:
            self._require_collection(collection)
            raise Invalid(f"{collection} is an alias of {self._aliases[collection]}: use the name of the collection")

    def _validate_alias(self, alias: str, *, target: str) -> None:
        if validate_collection_name(alias) in self._collections or alias == target:
            raise Invalid(f"there is a collection {alias}: an alias can't have its name")


def _build_document(registry: RegistryFields, project: _StoredProject) -> Document:
    return build_document(registry, project.enrichment_json)


class FakeApiKeys:
    """A fake of `ApiKeys`; `resolve` is the method of the index whose collections the keys give access to."""

    def __init__(
        self, resolve: Callable[[str], str | None], *, generate_value: Callable[[], str] = generate_key
    ) -> None:
        self._resolve = resolve
        self._generate_value = generate_value
        self._keys: dict[int, tuple[ApiKey, KeyHash]] = {}
        self._last_id = 0
        self._lock = RLock()

    def create(
        self,
        collections: Sequence[str],
        *,
        description: str,
        actions: Sequence[str] = (SEARCH_ACTION,),
        value: str = "",
    ) -> NewKey:
        value = validate_key(value or self._generate_value())
        with self._lock:
            if any(key_hash.matches(value) for _, key_hash in self._keys.values()):
                raise Invalid("there is a key of that value already: choose another one")
            self._last_id += 1
            key = ApiKey(
                id=self._last_id,
                description=description,
                prefix=get_prefix(value),
                actions=tuple(actions),
                collections=tuple(collections),
            )
            self._keys[key.id] = key, hash_key(value)
        return NewKey(key=key, value=value)

    def list_keys(self) -> Sequence[ApiKey]:
        with self._lock:
            return [key for key, _ in self._keys.values()]

    def delete(self, key_id: int) -> None:
        with self._lock:
            if self._keys.pop(key_id, None) is None:
                raise NotFound(f"there is no key {key_id}")

    def is_allowed(self, value: str, action: str, collection: str) -> bool:
        with self._lock:
            keys = [key for key, key_hash in self._keys.values() if key_hash.matches(value)]
        return any(grants(key, action, collection, self._resolve) for key in keys)
