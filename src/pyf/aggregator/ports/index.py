"""Where documents are kept, the collections they are kept in, and what was judged not to belong."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import UNSET, Struct, UnsetType

from ..domain.collection import CollectionInfo, CollectionState, Holding, Tombstone
from ..domain.document import Document, Enrichments
from ..domain.schema import HealthFields, ProjectFields, RegistryFields


class ProjectDocuments(Struct, frozen=True, kw_only=True):
    """All documents of one project, by normalised name; together they are what the index shall hold of it.

    Attributes:
        health: The score that follows from them, written in the same step, so that a crash can't leave documents
            without it; Unset leaves the score that the project has.
        initial: What the other owners have written elsewhere. Where the index has nothing of an owner, it is written
            in the same step, and counts as older than everything.
    """

    name_normalized: str
    documents: tuple[RegistryFields, ...]
    health: HealthFields | UnsetType = UNSET
    initial: Enrichments = Enrichments()


class Rejection(Struct, frozen=True, kw_only=True):
    """A document that the engine refused, and why."""

    id: str
    reason: str


class PackageIndex(Protocol):
    """Where documents are kept. `collection` is a collection's name or an alias, resolved at each call.

    A call on a collection that does not exist raises `NotFound`. What a call has returned from is on disk; a call
    that was interrupted has changed whole projects or nothing of them.
    """

    def put(self, collection: str, projects: Sequence[ProjectDocuments]) -> Sequence[Rejection]:
        """Make the documents of each project exactly the given ones; other owners' fields stay as they are.

        A rejected document does not keep the others out. A tombstone of the project is lifted.
        """

    def remove(self, collection: str, tombstones: Sequence[Tombstone]) -> int:
        """Remove projects with all that belongs to them, leaving the tombstones; return how many were there.

        Tombstones carry the normalised name. A project that is not there gets one, too, unless it has one already.
        """

    def update(self, collection: str, fields: Mapping[str, ProjectFields]) -> int:
        """Replace one owner's fields of projects, by normalised name, in all of their documents.

        A project that the collection does not hold is left out. Returns how many were updated.
        """

    def documents(self, collection: str, name: str) -> Sequence[Document]:
        """Return the documents of one project, newest first (by `is_newest`, then `version_sortable`).

        Any spelling of the name finds it; a project that is not there gives an empty sequence.
        """

    def held(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[RegistryFields]]:
        """Return the registry's documents of the named projects (normalised), of those that are there."""

    def enrichments(self, collection: str, names: Iterable[str]) -> Mapping[str, Enrichments]:
        """Return what the other owners have written of the named projects (normalised), of those that are there."""

    def holdings(self, collection: str) -> Iterator[Holding]:
        """Yield what the collection holds of each project, ordered by normalised name.

        Writes made meanwhile, by this process or another, may or may not be seen.
        """

    def fingerprints(self, collection: str) -> Mapping[str, int]:
        """Return a number for each package by normalized name, the same for the same documents in any collection.

        It covers what all owners have written. Numbers of different processes can't be compared.
        """

    def export(self, collection: str) -> Iterator[Document]:
        """Yield every document, ordered by normalised name and `version_sortable`, in constant memory."""

    def tombstone(self, collection: str, name: str) -> Tombstone | None:
        """Return the tombstone of a removed project, None if there is none."""

    def tombstones(self, collection: str) -> Iterator[Tombstone]:
        """Yield all tombstones, ordered by name, in constant memory."""

    def state(self, collection: str) -> CollectionState:
        """Return what the collection remembers about itself."""

    def remember(self, collection: str, state: CollectionState) -> None:
        """Replace what the collection remembers about itself."""


class IndexAdmin(Protocol):
    """Collections and aliases of an index. Names are unique over both."""

    def create(self, collection: str, state: CollectionState, *, alias: str = "") -> None:
        """Create an empty collection, and with `alias` point that alias to it in the same step.

        Raises `Invalid` where a collection or alias of that name exists, or where `alias` is a collection.
        """

    def drop(self, collection: str) -> None:
        """Delete a collection with its state. Raises `Invalid` for an alias, `NotFound` for neither."""

    def point(self, alias: str, collection: str) -> None:
        """Create an alias or re-point it, atomically. Raises `NotFound` for a collection that is not there."""

    @property
    def supersedes_at_once(self) -> bool:
        """Whether `supersede` is one step; where it isn't, readers of the name hear `NotFound` for a moment."""

    def supersede(self, collection: str, successor: str) -> None:
        """Delete a collection, and have its name lead to another one from then on, as an alias.

        Where this is one step, what `carry_over` would still have copied comes along in it.
        A call that was cut short may be repeated: it also takes a name that leads nowhere, or to `successor` already.
        Raises `NotFound` for a successor that is not there, and `Invalid` where either of the two is an alias of
        another collection.
        """

    def carry_over(self, source: str, target: str) -> None:
        """Copy what the registry does not give from one collection to another, which may be repeated.

        That is the other owners' fields of projects that `target` holds, where `source` has the later written
        ones, and the tombstones of projects that it does not hold. Scores stay: they follow from the documents.
        """

    def copy_packages(self, source: str, target: str, names: Collection[str]) -> Sequence[Rejection]:
        """Make packages of the target, by normalized name, equal to those of the source, with what all owners wrote.

        A package that the source does not hold is removed. For `carry_over` both are of the same age afterwards.
        """

    def copy_foreign_settings(self, source: str, target: str, *, with_values: bool) -> Sequence[str]:
        """Copy what other programs have added to a collection; return a notice for each thing that is not copied.

        Args:
            with_values: Whether `copy_packages` copies the documents, and with them the values of foreign fields.
        """

    def copy_tombstones(self, source: str, target: str) -> None:
        """Copy the tombstones of the packages that the target does not hold; those that it has stay."""

    def collections(self) -> Sequence[CollectionInfo]:
        """Return all collections of packages by name; others that may be on the same server are left out."""

    def resolve(self, name: str) -> str | None:
        """Return the collection that a collection's name or an alias leads to, None if there is none."""

    def foreign_fields(self, collection: str) -> Sequence[str] | None:
        """Return which fields of a collection only another program knows, None where this program has made it.

        Of a collection that another one has made, an older program of this schema above all, documents can't be read
        or written: projects can be listed, and `carry_over` takes what the registry does not give. Raises `Invalid`
        for a collection that holds no packages at all.
        """

    def put_search_preset(self, name: str) -> None:
        """Store search parameters under a name, for clients that search a collection by the engine itself.

        Raises `Invalid` for an engine that has no such clients.
        """

    def location(self) -> str:
        """Return where the index is, for people: a file or an address, without secrets."""

    def size(self) -> int | None:
        """Return how many bytes are taken where the index is kept, caches included; None where nobody tells."""

    def exclusive(self, collection: str) -> AbstractContextManager[None]:
        """Hold the one right to rewrite a collection as a whole; raises `Unavailable` while another holds it.

        The right ends with the process that holds it, however that ends.
        """


class VerdictStore(Protocol):
    """Remembers which projects did not belong to a filter, and at which serial that was judged.

    Serial 0 stands for a candidate that nobody has judged yet.
    """

    def recall(self, filter_key: str, names: Collection[str]) -> Mapping[str, int]:
        """Return the serials of those of `names` (normalised) that are remembered."""

    def remembered(self, filter_key: str, *, unjudged: bool = False) -> Mapping[str, int]:
        """Return the serials of all that is remembered of a filter, with `unjudged` of what nobody has judged yet."""

    def judge(self, filter_key: str, verdicts: Mapping[str, int]) -> None:
        """Remember that projects did not belong, by normalised name, at these serials."""

    def forget(self, filter_key: str, names: Collection[str]) -> None:
        """Forget projects, because they belong now."""
