"""Ports of the index: documents, collections and aliases, API keys, the cache of non-members, and the search engine."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import UNSET, Struct, UnsetType

from ..domain.collection import CollectionInfo, CollectionState, ProjectState, Tombstone
from ..domain.documents.document import Document, Enrichments
from ..domain.documents.schema import HealthFields, HistoryFields, ProjectFields, RegistryFields
from ..domain.search import Hit, SearchQuery, SearchResults, Suggestion


class ProjectDocuments(Struct, frozen=True, kw_only=True):
    """All documents of one project, by normalized name; they replace the stored ones.

    Attributes:
        health: The score of the documents, written in the same step, so that a crash can't leave documents without it;
            Unset leaves the stored score.
        history: The history with that score, written in the same step, too.
        initial: Enrichments of another collection. If the index has none of an owner, they are written in the same
            step, and count as older than all others.
    """

    name_normalized: str
    documents: tuple[RegistryFields, ...]
    health: HealthFields | UnsetType = UNSET
    history: HistoryFields | UnsetType = UNSET
    initial: Enrichments = Enrichments()

    @property
    def derived(self) -> tuple[HealthFields | HistoryFields, ...]:
        """What follows from the documents and is written with them."""
        return tuple(value for value in (self.health, self.history) if value is not UNSET)


class Rejection(Struct, frozen=True, kw_only=True):
    """A document that the engine rejected, and why."""

    id: str
    reason: str


class PackageIndex(Protocol):
    """The documents of collections. `collection` is a collection's name or an alias, resolved at each call.

    A call on a missing collection raises `NotFound`. After a call returns, its changes are on disk; an interrupted call
    has changed each project completely or not at all.
    """

    def put(self, collection: str, projects: Sequence[ProjectDocuments]) -> Sequence[Rejection]:
        """Replace the documents of each project by the given ones; fields of other owners stay.

        A rejected document does not affect the others. A tombstone of the project is deleted.
        """

    def remove(self, collection: str, tombstones: Sequence[Tombstone]) -> int:
        """Remove projects with all of their fields, and store the tombstones; return how many projects existed.

        Tombstones have the normalized name. A missing project gets one, too, unless it has one already.
        """

    def update(self, collection: str, fields: Mapping[str, ProjectFields | Sequence[ProjectFields]]) -> int:
        """Replace the fields of one or more owners in all documents of packages, by normalized name.

        Missing packages are ignored. Returns how many packages were updated.
        """

    def get_packages(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[Document]]:
        """Return all documents of the existing ones of these packages (normalized names), newest first."""

    def get_project_documents(self, collection: str, name: str) -> Sequence[Document]:
        """Return the documents of one project, newest first (by `is_newest`, then `version_sortable`).

        Any spelling of the name is accepted; a missing project gives an empty sequence.
        """

    def get_documents(self, collection: str, names: Iterable[str]) -> Mapping[str, Sequence[RegistryFields]]:
        """Return the registry's fields of the existing ones of these projects (normalized names)."""

    def get_enrichments(self, collection: str, names: Iterable[str]) -> Mapping[str, Enrichments]:
        """Return the enrichments of the existing ones of these projects (normalized names)."""

    def iter_project_states(self, collection: str) -> Iterator[ProjectState]:
        """Yield the stored state of each project, ordered by normalized name.

        Concurrent writes may or may not be included.
        """

    def read_fingerprints(self, collection: str) -> Mapping[str, int]:
        """Return a fingerprint of each package by normalized name, equal for equal documents in any collection.

        It covers the fields of all owners. Fingerprints of different processes can't be compared.
        """

    def export(self, collection: str) -> Iterator[Document]:
        """Yield every document, ordered by normalized name and `version_sortable`, in constant memory."""

    def get_tombstone(self, collection: str, name: str) -> Tombstone | None:
        """Return the tombstone of a removed project, None if there is none."""

    def iter_tombstones(self, collection: str) -> Iterator[Tombstone]:
        """Yield all tombstones, ordered by name, in constant memory."""

    def get_state(self, collection: str) -> CollectionState:
        """Return the state of the collection."""

    def set_state(self, collection: str, state: CollectionState) -> None:
        """Replace the state of the collection."""


class IndexAdmin(Protocol):
    """Collections and aliases of an index. Names are unique over both."""

    def create(self, collection: str, state: CollectionState, *, alias: str = "") -> None:
        """Create an empty collection, and with `alias` point that alias to it in the same step.

        Raises:
            Invalid: A collection or alias of that name exists, or `alias` is a collection.
        """

    def drop(self, collection: str) -> None:
        """Delete a collection with its state.

        Raises:
            Invalid: The name is an alias.
            NotFound: Neither a collection nor an alias has the name.
        """

    def set_alias(self, alias: str, collection: str) -> None:
        """Create or move an alias, atomically; raises `NotFound` for a missing collection."""

    def drop_alias(self, alias: str) -> None:
        """Remove an alias; its collection stays. Raises `NotFound` for a name that is not an alias."""

    @property
    def replaces_atomically(self) -> bool:
        """Whether `replace_with_alias` is atomic; if not, readers of the name get `NotFound` for a moment."""

    def replace_with_alias(self, collection: str, successor: str) -> None:
        """Delete a collection, and make its name an alias of its successor.

        If this is atomic, it includes `copy_enrichments`. An interrupted call can be repeated: the name may also be
        free, or already point to `successor`.

        Raises:
            NotFound: The successor does not exist.
            Invalid: One of the names is an alias of another collection.
        """

    def copy_enrichments(self, source: str, target: str) -> None:
        """Copy enrichments and tombstones from one collection to another; can be repeated.

        Enrichments of the target's projects are copied if those of `source` were written later, and tombstones of
        projects that the target does not have. Scores are not copied, because they follow from the documents.
        """

    def copy_packages(self, source: str, target: str, names: Collection[str]) -> Sequence[Rejection]:
        """Make packages of the target, by normalized name, equal to those of the source, with the fields of all owners.

        A package that the source does not have is removed. For `copy_enrichments` both have the same age afterwards.
        """

    def copy_foreign_settings(self, source: str, target: str, *, with_values: bool) -> Sequence[str]:
        """Copy the additions of other programs to a collection; return a notice for each one that is not copied.

        Args:
            with_values: Whether `copy_packages` copies the documents, and with them the values of foreign fields.
        """

    def copy_tombstones(self, source: str, target: str) -> None:
        """Copy the tombstones of packages that the target does not have; its own tombstones stay."""

    def list_collections(self) -> Sequence[CollectionInfo]:
        """Return all collections of packages by name; other collections on the same server are left out."""

    def resolve(self, name: str) -> str | None:
        """Return the name of the collection with a name or an alias, None if there is none."""

    def list_foreign_fields(self, collection: str) -> Sequence[str] | None:
        """Return the fields of a collection that only another program knows, None if this program created it.

        Documents of a collection of another program, such as an older program with this schema, can't be read or
        written. Its projects can be listed, and `copy_enrichments` can copy from it.

        Raises:
            Invalid: The collection does not contain packages.
        """

    def put_search_preset(self, name: str) -> None:
        """Store search parameters under a name, for clients that use the engine directly.

        Raises:
            Invalid: The engine has no such clients.
        """

    def get_location(self) -> str:
        """Return the location of the index for display: a file or a URL, without secrets."""

    def verify(self) -> Sequence[str]:
        """Check the stored data, and return a line for each damage; may take minutes for a large index."""

    def get_size(self) -> int | None:
        """Return the size of the index in bytes, including caches; None if unknown."""

    def lock(self, collection: str) -> AbstractContextManager[None]:
        """Lock a collection for runs that rewrite it; raises `Unavailable` while another run has the lock.

        The lock ends with its process, however that ends.
        """


class MembershipCache(Protocol):
    """A cache of projects that do not belong to a filter, with the serial of that evaluation.

    Serial 0 marks a candidate that was not evaluated yet.
    """

    def get_many(self, filter_key: str, names: Collection[str]) -> Mapping[str, int]:
        """Return the serials of the cached ones of `names` (normalized)."""

    def get_all(self, filter_key: str, *, include_unevaluated: bool = False) -> Mapping[str, int]:
        """Return all cached serials of a filter; with `include_unevaluated` only those of unevaluated candidates."""

    def set_many(self, filter_key: str, serials: Mapping[str, int]) -> None:
        """Store by normalized name the serial at which each project was not a member."""

    def delete_many(self, filter_key: str, names: Collection[str]) -> None:
        """Delete projects that have become members."""


NO_NAMES: frozenset[str] = frozenset()


class SearchEngine(Protocol):
    """Searches in a collection, by its name or an alias.

    A missing collection raises `NotFound`. Results never contain quarantined projects or those whose normalized name is
    in `hidden`. No text is an error: a text without words finds nothing.
    """

    def search(self, collection: str, query: SearchQuery, *, hidden: frozenset[str] = NO_NAMES) -> SearchResults:
        """Return a page of results, one hit per project, in the order of the query.

        Without concurrent writes the pages of a query neither overlap nor miss a hit.
        """

    def count_values(self, collection: str, facet: str, *, hidden: frozenset[str] = NO_NAMES) -> Mapping[str, int]:
        """Return all values of a facet, with the number of projects that have each."""

    def suggest(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Suggestion]:
        """Return the projects whose name the text may be the beginning of, the most similar first."""

    def suggest_words(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[str]:
        """Return words of names and summaries that unknown words of a text misspell, the most similar first."""

    def find_similar(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        """Return the projects that are most similar to one, without itself; none for a missing project."""

    def find_dependents(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        """Return the projects whose newest release requires one (normalized name), most downloaded first."""

    def get_hits(self, collection: str, names: Iterable[str], *, hidden: frozenset[str] = NO_NAMES) -> Sequence[Hit]:
        """Return the newest releases of projects (normalized names), in their order; missing ones are left out."""


SEARCH_ACTION = "documents:search"

# Lists display this many characters of a value, so that people can distinguish keys.
PREFIX_LENGTH = 4


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key without its value.

    Attributes:
        prefix: The beginning of its value.
        collections: The exact names that it was created for; it also gives access to the collections of aliases.
    """

    id: int
    description: str
    prefix: str
    actions: tuple[str, ...]
    collections: tuple[str, ...]

    @property
    def is_search_only(self) -> bool:
        """Whether searching is the only action of the key."""
        return set(self.actions) == {SEARCH_ACTION}


class NewKey(Struct, frozen=True, kw_only=True):
    """A new key with its value, which can't be displayed again."""

    key: ApiKey
    value: str


class ApiKeys(Protocol):
    """The keys of an index.

    A key is created for exact names of collections or aliases. For an alias it also gives access to the collection
    by its own name, and follows the alias when it moves.
    """

    def create(
        self,
        collections: Sequence[str],
        *,
        description: str,
        actions: Sequence[str] = (SEARCH_ACTION,),
        value: str = "",
    ) -> NewKey:
        """Create a key for these names, with the given value or a random one.

        Raises:
            Invalid: Another key has the value, or it does not have 8 to 200 visible ASCII characters.
        """

    def list_keys(self) -> Sequence[ApiKey]:
        """Return all keys by id, including those with more actions than searching."""

    def delete(self, key_id: int) -> None:
        """Delete a key by its id; raises `NotFound` if there is none."""

    def is_allowed(self, value: str, action: str, collection: str) -> bool:
        """Return whether the key with this value allows an action on a collection, by its own name or an alias.

        The time that it takes does not depend on the value. "*" among a key's actions or collections means all.
        """
