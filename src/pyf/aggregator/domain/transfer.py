"""What a file of an exported collection consists of, line by line."""

from msgspec import Struct

from .collection import CollectionState, Tombstone
from .document import Document
from .errors import Invalid


class ExportHeader(Struct, frozen=True, kw_only=True):
    """The first line: what the collection remembers about itself."""

    state: CollectionState


class ExportTrailer(Struct, frozen=True, kw_only=True):
    """The last line: how many lines of each kind came before it, so that a file that was cut off is noticed."""

    documents: int
    tombstones: int


ExportEntry = ExportHeader | Document | Tombstone | ExportTrailer


class ExportLine(Struct, frozen=True, kw_only=True):
    """A line that was read, by its number from 1: what it says, or why it says nothing that we understand."""

    number: int
    entry: ExportEntry | Invalid
