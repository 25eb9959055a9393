"""What a search index needs of the engine that keeps a collection."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from ....domain.relevance import Popularity
from .indexed_package import IndexedPackage


class Position(Struct, frozen=True, kw_only=True):
    """How far an index has followed the writes to its collection.

    Attributes:
        number: The number of the latest write that is in the index.
        package: The package of that write; "" where the source does not need it.
        document_count: How many documents the index has read; 0 where the source does not need it.
        latest_count: How many of these documents have that number; 0 where the source does not need it.
    """

    number: int
    package: str = ""
    document_count: int = 0
    latest_count: int = 0


class PackageRecord(Struct, frozen=True, kw_only=True):
    """A package as its source has just read it.

    Attributes:
        name: The normalized name.
        entry: What is indexed; None for a package that must not be found, a quarantined or a removed one.
        numbers: The write number of each of its documents; empty where the source does not need them.
    """

    name: str
    entry: IndexedPackage | None = None
    numbers: tuple[int, ...] = ()


class ChangedPackages(Struct, frozen=True, kw_only=True):
    """Some packages that have changed, removed ones included, and the position after them."""

    records: Sequence[PackageRecord]
    position: Position


class WriteNumbers(Protocol):
    """The write numbers of all documents that an index has read."""

    def get_since(self, number: int) -> dict[str, list[int]]:
        """Return the numbers from `number` on, sorted, by package."""

    def get_latest(self) -> int:
        """Return the highest number, 0 for none."""

    def count(self, number: int = 0) -> int:
        """Return how many documents have this number or a higher one."""

    def filter_known(self, names: Iterable[str]) -> set[str]:
        """Return those packages that the index has read documents of."""


class PackageReader(Protocol):
    """One state of a whole collection, to fill an index from.

    Attributes:
        names: The packages to read, sorted.
        position: A position up to which every write is in what is read.
    """

    names: Sequence[str]
    position: Position
    popularity: Popularity

    def read(self, names: Sequence[str]) -> Iterable[PackageRecord]:
        """Read some of the packages; those that are gone meanwhile may be left out."""


class CollectionSource(Protocol):
    """A collection as it is at one search.

    Attributes:
        folder_name: Names the folder of the collection's index.
        identity: Differs for another collection that has the same folder name.
    """

    folder_name: str
    identity: str

    def is_current(self, position: Position) -> bool:
        """Tell whether an index at this position has every write that had ended when the search began."""

    def has_reached(self, position: Position) -> bool:
        """Tell whether the collection has ever been at this position; False where an older copy has replaced it."""

    def confirms(self, position: Position) -> bool:
        """Tell whether the position's write is still this collection's, as far as that can be told."""

    def open_reader(self) -> AbstractContextManager[PackageReader]:
        """Open one state of the whole collection."""

    def read_changes(self, position: Position, numbers: WriteNumbers) -> Iterator[ChangedPackages]:
        """Yield the packages that have changed since a position; each part is in the index before the next is read.

        Raises `TooManyChanges` before the first part.
        """


class PackageSource(Protocol):
    """Where the collections are that are searched.

    Attributes:
        folder: The folder that holds their indexes.
    """

    folder: Path

    def open_collection(self, name: str) -> CollectionSource:
        """Return a collection by its name or an alias; raises `NotFound`."""

    def list_folder_names(self) -> set[str] | None:
        """Return the folder names of all collections, None where folders are removed with their collections."""


class TooManyChanges(Exception):
    """So much of a collection has changed that an index is rebuilt sooner than it follows."""


class CollectionMoved(Exception):
    """An alias leads to another collection than a moment ago: open the collection again."""
