"""The ports through which a search index reads a collection from its storage engine."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from ...domain.relevance import PopularityScale
from .indexed_package import IndexedPackage


class Position(Struct, frozen=True, kw_only=True):
    """The latest write to the collection that an index contains.

    Attributes:
        number: The number of the latest write that is in the index.
        package: The package of that write; "" if the source does not need it.
        document_count: The number of documents that the index has read; 0 if the source does not need it.
        latest_count: The number of these documents with that write number; 0 if the source does not need it.
    """

    number: int
    package: str = ""
    document_count: int = 0
    latest_count: int = 0


class PackageRecord(Struct, frozen=True, kw_only=True):
    """A package that its source has read.

    Attributes:
        name: The normalized name.
        entry: The package to index; None for a quarantined or removed package, which must not be found.
        numbers: The write number of each of its documents; empty if the source does not need them.
    """

    name: str
    entry: IndexedPackage | None = None
    numbers: tuple[int, ...] = ()


class ChangedPackages(Struct, frozen=True, kw_only=True):
    """A batch of changed or removed packages, and the position after it."""

    records: Sequence[PackageRecord]
    position: Position


class WriteNumbers(Protocol):
    """The write numbers of all documents that an index has read."""

    def get_since(self, number: int) -> dict[str, list[int]]:
        """Return the numbers from `number` on, sorted, by package."""

    def get_latest(self) -> int:
        """Return the highest number, 0 for none."""

    def count(self, number: int = 0) -> int:
        """Return the number of documents with this number or a higher one."""

    def filter_known(self, names: Iterable[str]) -> set[str]:
        """Return the packages of which the index has read documents."""


class PackageReader(Protocol):
    """One state of a whole collection, to fill an index from.

    Reading and parsing are separate, because other processes parse.

    Attributes:
        names: The packages to read, sorted.
        position: Every write up to it is in this state.
        parse: Builds the record of a package from its stored form; can be pickled.
    """

    names: Sequence[str]
    position: Position
    popularity: PopularityScale
    parse: Callable[[Any], PackageRecord]

    def read(self, names: Sequence[str]) -> Iterable[tuple[str, Any]]:
        """Yield packages by name, each with its stored form; packages removed meanwhile may be left out."""


class CollectionSource(Protocol):
    """A collection at the time of one search.

    Attributes:
        folder_name: Names the folder of the collection's index.
        identity: Differs between collections with the same folder name.
    """

    folder_name: str
    identity: str

    def is_current(self, position: Position) -> bool:
        """Return whether an index at this position has every write that was complete when the search began."""

    def has_reached(self, position: Position) -> bool:
        """Return whether the collection has ever been at this position; False if an older copy has replaced it."""

    def confirms(self, position: Position) -> bool:
        """Return whether the position's write belongs to this collection, as far as the source can check."""

    def open_reader(self) -> AbstractContextManager[PackageReader]:
        """Open one state of the whole collection."""

    def read_changes(self, position: Position, numbers: WriteNumbers) -> Iterator[ChangedPackages]:
        """Yield the packages that have changed since a position; each batch is indexed before the next one is read.

        Raises `TooManyChanges` before the first batch.
        """


class PackageSource(Protocol):
    """The storage of the collections to search.

    Attributes:
        folder: The folder of their indexes.
    """

    folder: Path

    def open_collection(self, name: str) -> CollectionSource:
        """Return a collection by its name or an alias; raises `NotFound`."""

    def list_folder_names(self) -> set[str] | None:
        """Return the folder names of all collections; None if folders are deleted with their collections."""


class TooManyChanges(Exception):
    """So many packages have changed that a rebuild is faster than an update."""


class CollectionMoved(Exception):
    """An alias was changed to another collection: open the collection again."""
