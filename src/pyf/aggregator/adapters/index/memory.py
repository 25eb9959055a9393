"""Keeps documents in memory, for tests and for looking at things: the shortest statement of what an index does."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock

from msgspec import UNSET
from msgspec.json import decode

from ...domain.collection import CollectionInfo, CollectionState, Holding, Tombstone
from ...domain.document import Document, Enrichments
from ...domain.errors import Invalid, NotFound, Unavailable
from ...domain.project import normalized
from ...domain.schema import Owner, ProjectFields, RegistryFields
from ...ports import ProjectDocuments, Rejection
from .encoding import (
    document,
    encoded,
    enrichments,
    fingerprint,
    holding,
    initial_fields,
    newest_first,
    oldest_first,
    owner_of,
    refusal,
    registry_fields,
    storable,
)
from .names import checked


@dataclass
class _Project:
    """The JSON of the documents by version, and of each other owner's fields with the number of its writing."""

    documents: dict[str, bytes]
    others: dict[Owner, tuple[int, bytes]] = field(default_factory=dict)

    @property
    def json_of_others(self) -> dict[Owner, bytes]:
        return {owner: json for owner, (_, json) in self.others.items()}

    @property
    def registry(self) -> list[RegistryFields]:
        return [registry_fields(json) for json in self.documents.values()]


@dataclass
class _Collection:
    created_at: int
    state: bytes
    projects: dict[str, _Project] = field(default_factory=dict)
    tombstones: dict[str, Tombstone] = field(default_factory=dict)


class MemoryIndex:
    """The ports `PackageIndex` and `IndexAdmin` in memory; threads may share it.

    What it holds is JSON, as in every other engine: nobody can change it through a value that they gave or were
    given.
    """

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._collections: dict[str, _Collection] = {}
        self._aliases: dict[str, str] = {}
        self._rewritten: set[str] = set()
        self._writes = 0
        self._lock = RLock()

    def put(self, collection: str, projects: Sequence[ProjectDocuments]) -> Sequence[Rejection]:
        rejections = []
        with self._lock:
            held = self._existing(collection)
            for project in projects:
                name, documents = storable(project.name_normalized), {}
                for each in project.documents:
                    if reason := refusal(each):
                        rejections.append(Rejection(id=each.id, reason=reason))
                    else:
                        documents[storable(each.version)] = encoded(each)
                if documents:
                    stored = held.projects.setdefault(name, _Project({}))
                    stored.documents = documents
                    if project.health is not UNSET:
                        self._write(stored, project.health)
                    for value in initial_fields(project.initial):
                        stored.others.setdefault(owner_of(value), (0, encoded(value)))
                    held.tombstones.pop(name, None)
                else:
                    held.projects.pop(name, None)
        return rejections

    def remove(self, collection: str, tombstones: Sequence[Tombstone]) -> int:
        with self._lock:
            held = self._existing(collection)
            removed = 0
            for tombstone in tombstones:
                was_there = held.projects.pop(tombstone.name, None) is not None
                removed += was_there
                if was_there or tombstone.name not in held.tombstones:
                    held.tombstones[tombstone.name] = tombstone
        return removed

    def update(self, collection: str, fields: Mapping[str, ProjectFields]) -> int:
        with self._lock:
            projects = self._existing(collection).projects
            there = [(projects[name], value) for name, value in fields.items() if name in projects]
            for project, value in there:
                self._write(project, value)
        return len(there)

    def documents(self, collection: str, name: str) -> Sequence[Document]:
        with self._lock:
            project = self._existing(collection).projects.get(normalized(name), _Project({}))
            return [_document(each, project) for each in newest_first(project.registry)]

    def held(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[RegistryFields]]:
        with self._lock:
            projects = self._existing(collection).projects
            return {name: newest_first(projects[name].registry) for name in names if name in projects}

    def enrichments(self, collection: str, names: Iterable[str]) -> Mapping[str, Enrichments]:
        with self._lock:
            projects = self._existing(collection).projects
            return {name: enrichments(projects[name].json_of_others) for name in names if name in projects}

    def holdings(self, collection: str) -> Iterator[Holding]:
        for name, project in self._projects(collection):
            yield holding(name, project.registry)

    def fingerprints(self, collection: str) -> Mapping[str, int]:
        with self._lock:
            projects = self._existing(collection).projects
            return {name: fingerprint(p.documents.values(), p.json_of_others) for name, p in projects.items()}

    def export(self, collection: str) -> Iterator[Document]:
        for _, project in self._projects(collection):
            yield from [_document(each, project) for each in oldest_first(project.registry)]

    def tombstone(self, collection: str, name: str) -> Tombstone | None:
        with self._lock:
            return self._existing(collection).tombstones.get(normalized(name))

    def tombstones(self, collection: str) -> Iterator[Tombstone]:
        with self._lock:
            found = sorted(self._existing(collection).tombstones.items())
        yield from (tombstone for _, tombstone in found)

    def state(self, collection: str) -> CollectionState:
        with self._lock:
            return decode(self._existing(collection).state, type=CollectionState)

    def remember(self, collection: str, state: CollectionState) -> None:
        with self._lock:
            self._existing(collection).state = encoded(state)

    def create(self, collection: str, state: CollectionState, *, alias: str = "") -> None:
        with self._lock:
            if checked(collection) in self._collections or collection in self._aliases:
                raise Invalid(f"there is a collection or an alias {collection} already")
            if alias:
                self._check_alias(alias, of=collection)
                self._aliases[alias] = collection
            self._collections[collection] = _Collection(int(self._now()), encoded(state))

    def drop(self, collection: str) -> None:
        with self._lock:
            self._check_is_itself(collection)
            del self._collections[collection]
            self._aliases = {alias: name for alias, name in self._aliases.items() if name != collection}

    def point(self, alias: str, collection: str) -> None:
        with self._lock:
            self._check_is_itself(collection)
            self._check_alias(alias, of=collection)
            self._aliases[alias] = collection

    @property
    def supersedes_at_once(self) -> bool:
        return True

    def supersede(self, collection: str, successor: str) -> None:
        with self._lock:
            self._check_is_itself(successor)
            there = self.resolve(checked(collection))
            if collection == successor or there not in (None, collection, successor):
                raise Invalid(f"{collection} is an alias of {there}: name the collection itself")
            if there == collection:
                self.carry_over(collection, successor)
                self.drop(collection)
            self._aliases[collection] = successor

    def carry_over(self, source: str, target: str) -> None:
        with self._lock:
            ours, theirs = self._existing(target), self._existing(source)
            for name in ours.projects.keys() & theirs.projects.keys():
                others = ours.projects[name].others
                for owner, written in theirs.projects[name].others.items():
                    if owner is not Owner.HEALTH:
                        others[owner] = max(written, others.get(owner, written))
            self.copy_tombstones(source, target)

    def copy_packages(self, source: str, target: str, names: Iterable[str]) -> Sequence[Rejection]:
        with self._lock:
            ours, theirs = self._existing(target), self._existing(source)
            for name in names:
                ours.projects.pop(name, None)
                if name in theirs.projects:
                    project = theirs.projects[name]
                    ours.projects[name] = _Project(dict(project.documents), dict(project.others))
                    ours.tombstones.pop(name, None)
        return ()

    def copy_foreign_settings(self, source: str, target: str, *, with_values: bool) -> Sequence[str]:
        return ()  # no other program writes here

    def copy_tombstones(self, source: str, target: str) -> None:
        with self._lock:
            ours, theirs = self._existing(target), self._existing(source)
            for name, tombstone in theirs.tombstones.items():
                if name not in ours.projects:
                    ours.tombstones.setdefault(name, tombstone)

    def collections(self) -> Sequence[CollectionInfo]:
        with self._lock:
            return [
                CollectionInfo(
                    name=name,
                    aliases=tuple(sorted(alias for alias, target in self._aliases.items() if target == name)),
                    projects=len(held.projects),
                    documents=sum(len(project.documents) for project in held.projects.values()),
                    created_at=held.created_at,
                )
                for name, held in sorted(self._collections.items())
            ]

    def resolve(self, name: str) -> str | None:
        with self._lock:
            return name if name in self._collections else self._aliases.get(name)

    def foreign_fields(self, collection: str) -> Sequence[str] | None:
        with self._lock:
            self._existing(collection)
        return None

    def put_search_preset(self, name: str) -> None:
        raise Invalid(f"search presets are stored on a Typesense server, and the index is {self.location()}")

    def location(self) -> str:
        return "memory"

    def size(self) -> int | None:
        return None

    @contextmanager
    def exclusive(self, collection: str) -> Iterator[None]:
        with self._lock:
            names = {checked(collection), self.resolve(collection) or collection}
            if names & self._rewritten:
                raise Unavailable(f"another run is at work on the collection {collection}: wait for it to end")
            self._rewritten |= names
        try:
            yield
        finally:
            with self._lock:
                self._rewritten -= names

    def _write(self, project: _Project, value: ProjectFields) -> None:
        self._writes += 1
        project.others[owner_of(value)] = (self._writes, encoded(value))

    def _existing(self, name: str) -> _Collection:
        real_name = self.resolve(name)
        if real_name is None:
            raise NotFound(f"there is no collection {name}")
        return self._collections[real_name]

    def _projects(self, collection: str) -> Iterator[tuple[str, _Project]]:
        """Yield a collection's projects by name, as each one is when its turn comes."""
        with self._lock:
            names = sorted(self._existing(collection).projects)
            real_name = self.resolve(collection) or collection
        for name in names:
            with self._lock:
                # Of a collection that a rebuild has replaced, its successor.
                at = real_name if real_name in self._collections else collection
                project = self._existing(at).projects.get(name)
            if project is not None:
                yield name, project

    def _check_is_itself(self, collection: str) -> None:
        if collection not in self._collections:
            self._existing(collection)
            raise Invalid(f"{collection} is an alias of {self._aliases[collection]}: name the collection itself")

    def _check_alias(self, alias: str, *, of: str) -> None:
        if checked(alias) in self._collections or alias == of:
            raise Invalid(f"there is a collection {alias}: an alias can't have its name")


def _document(registry: RegistryFields, project: _Project) -> Document:
    return document(registry, project.json_of_others)
