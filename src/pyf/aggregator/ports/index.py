"""Where documents are kept, the collections they are kept in, and what was judged not to belong.

Finding projects: what looks through an index for whom somebody means.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import UNSET, Struct, UnsetType

from ..domain.collection import CollectionInfo, CollectionState, ProjectState, Tombstone
from ..domain.documents.document import Document, Enrichments
from ..domain.documents.schema import HealthFields, ProjectFields, RegistryFields
from ..domain.search import Facet, Hit, SearchQuery, SearchResults, Suggestion


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

    def update(self, collection: str, fields: Mapping[str, ProjectFields | Sequence[ProjectFields]]) -> int:
        """Replace the fields of one or more owners in all documents of packages, by normalized name.

        A package that the collection does not hold is left out. Returns how many packages were updated.
        """

    def get_packages(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[Document]]:
        """Return all documents of the named packages (normalized), newest first, of those that are there."""

    def get_project_documents(self, collection: str, name: str) -> Sequence[Document]:
        """Return the documents of one project, newest first (by `is_newest`, then `version_sortable`).

        Any spelling of the name finds it; a project that is not there gives an empty sequence.
        """

    def get_documents(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[RegistryFields]]:
        """Return the registry's documents of the named projects (normalised), of those that are there."""

    def get_enrichments(self, collection: str, names: Iterable[str]) -> Mapping[str, Enrichments]:
        """Return what the other owners have written of the named projects (normalised), of those that are there."""

    def project_states(self, collection: str) -> Iterator[ProjectState]:
        """Yield what the collection holds of each project, ordered by normalised name.

        Writes made meanwhile, by this process or another, may or may not be seen.
        """

    def fingerprints(self, collection: str) -> Mapping[str, int]:
        """Return a number for each package by normalized name, the same for the same documents in any collection.

        It covers what all owners have written. Numbers of different processes can't be compared.
        """

    def export(self, collection: str) -> Iterator[Document]:
        """Yield every document, ordered by normalised name and `version_sortable`, in constant memory."""

    def get_tombstone(self, collection: str, name: str) -> Tombstone | None:
        """Return the tombstone of a removed project, None if there is none."""

    def tombstones(self, collection: str) -> Iterator[Tombstone]:
        """Yield all tombstones, ordered by name, in constant memory."""

    def get_state(self, collection: str) -> CollectionState:
        """Return what the collection remembers about itself."""

    def set_state(self, collection: str, state: CollectionState) -> None:
        """Replace what the collection remembers about itself."""


class IndexAdmin(Protocol):
    """Collections and aliases of an index. Names are unique over both."""

    def create(self, collection: str, state: CollectionState, *, alias: str = "") -> None:
        """Create an empty collection, and with `alias` point that alias to it in the same step.

        Raises `Invalid` where a collection or alias of that name exists, or where `alias` is a collection.
        """

    def drop(self, collection: str) -> None:
        """Delete a collection with its state. Raises `Invalid` for an alias, `NotFound` for neither."""

    def set_alias(self, alias: str, collection: str) -> None:
        """Create an alias or re-point it, atomically. Raises `NotFound` for a collection that is not there."""

    @property
    def replaces_atomically(self) -> bool:
        """Whether `supersede` is one step; where it isn't, readers of the name hear `NotFound` for a moment."""

    def replace_with_alias(self, collection: str, successor: str) -> None:
        """Delete a collection, and have its name lead to another one from then on, as an alias.

        Where this is one step, what `carry_over` would still have copied comes along in it.
        A call that was cut short may be repeated: it also takes a name that leads nowhere, or to `successor` already.
        Raises `NotFound` for a successor that is not there, and `Invalid` where either of the two is an alias of
        another collection.
        """

    def copy_enrichments(self, source: str, target: str) -> None:
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

    def list_collections(self) -> Sequence[CollectionInfo]:
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

    def get_location(self) -> str:
        """Return where the index is, for people: a file or an address, without secrets."""

    def get_size(self) -> int | None:
        """Return how many bytes are taken where the index is kept, caches included; None where nobody tells."""

    def lock(self, collection: str) -> AbstractContextManager[None]:
        """Hold the one right to rewrite a collection as a whole; raises `Unavailable` while another holds it.

        The right ends with the process that holds it, however that ends.
        """


class MembershipCache(Protocol):
    """Remembers which projects did not belong to a filter, and at which serial that was judged.

    Serial 0 stands for a candidate that nobody has judged yet.
    """

    def get_many(self, filter_key: str, names: Collection[str]) -> Mapping[str, int]:
        """Return the serials of those of `names` (normalised) that are remembered."""

    def get_all(self, filter_key: str, *, include_unevaluated: bool = False) -> Mapping[str, int]:
        """Return the serials of all that is remembered of a filter, with `unjudged` of what nobody has judged yet."""

    def set_many(self, filter_key: str, serials: Mapping[str, int]) -> None:
        """Remember that projects did not belong, by normalised name, at these serials."""

    def delete_many(self, filter_key: str, names: Collection[str]) -> None:
        """Forget projects, because they belong now."""


NO_NAMES: frozenset[str] = frozenset()


class SearchEngine(Protocol):
    """Answers questions about a collection, by its name or an alias.

    A collection that does not exist raises `NotFound`. Quarantined projects are never among what is found, nor are
    those whose normalised name is in `hidden`. No text is an error: one that means nothing finds nothing.
    """

    def search(self, collection: str, query: SearchQuery, *, hidden: frozenset[str] = NO_NAMES) -> SearchResults:
        """Return a page of what a question finds, one hit a project, ordered as asked.

        Pages of one answer neither overlap nor leave anything out while nothing is written.
        """

    def count_values(self, collection: str, facet: Facet, *, hidden: frozenset[str] = NO_NAMES) -> Mapping[str, int]:
        """Return all values that projects have of a facet, however many, and how many projects have each."""

    def suggest(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Suggestion]:
        """Return the projects whose name somebody may be typing, the likeliest first."""

    def find_similar(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        """Return the projects most like one, without itself; none where the collection does not hold it."""

    def find_dependents(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        """Return the projects whose newest release requires one (normalised), most downloaded first."""

    def get_hits(self, collection: str, names: Iterable[str], *, hidden: frozenset[str] = NO_NAMES) -> Sequence[Hit]:
        """Return the newest releases of named projects (normalised), in their order; who is not there is left out."""
