"""Read the collections of a Typesense server for the search indexes of this machine.

Every document carries the number of its last write. An index is current if the server has as many documents as the
index has read, as many with the latest number, and none with a higher one. That is one small request per search;
decision record 0001 explains why it misses nothing.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.json import Decoder, decode, encode

from ...domain.documents.document import Document
from ...domain.documents.project import ProjectStatus
from ...domain.errors import Unavailable
from ...domain.relevance import PopularityScale, build_popularity_scale
from ..fulltext.indexed_package import build_indexed_package, parse_older_release
from ..fulltext.source import ChangedPackages, CollectionMoved, PackageRecord, Position, TooManyChanges, WriteNumbers
from .bulk import build_export_path, read_documents
from .client import Server
from .collections import Collections
from .package_states import Tombstones
from .schema import HELPER_FIELDS, WRITE_NUMBER, Json
from .serialization import find_latest_writes, parse_registry_fields, to_enrichments

# How far below the latest number a simultaneous write of another machine may be numbered, in microseconds.
# Writers raise their numbers above those of the collection every minute, and a write may be repeated for a minute.
_OVERLAP = 300 * 1_000_000
# Seconds until the overlap is compared again, doubled each time until a newer write comes.
_RECHECK = 10.0

# Fields of a document that no search index needs.
_LEFT_OUT = ",".join(("urls", "health_score_breakdown", "history", *HELPER_FIELDS))

# Packages that are read at once, and how often changes are read before the next search goes on with them.
_BATCH = 250
_ROUNDS = 3
# Above this number of changed packages, if they are also half of all, one export is faster than reading them by name.
_MANY = 2_000


class _Row(Struct, frozen=True):
    name_normalized: str = ""
    written: int = 0


class _Spooled(Struct, frozen=True):
    """The fields of a document that the spool is ordered and counted by."""

    name_normalized: str
    written: int = 0
    download_last_month: int | None = None
    is_newest: bool = False
    project_status: str = ""


class _Counts(NamedTuple):
    """The number of a collection's documents, of those with one write number, and of those with a higher one."""

    documents: int
    exact: int
    newer: int

    def agree_with(self, position: Position) -> bool:
        """Return whether an index at a position has read these documents."""
        return self == (position.document_count, position.latest_count, 0)


class _Overlap(NamedTuple):
    """When writes with numbers below the latest one were checked, and the seconds until the next check."""

    number: int
    checked: float
    pause: float


_ROW, _SPOOLED = Decoder(_Row), Decoder(_Spooled)

# Values for required fields that are left out.
_MISSING: Json = {"urls": ()}


class TypesenseSource:
    """The port `PackageSource` on a Typesense server.

    Attributes:
        folder: Contains the indexes of the server's collections; its parent contains those of other servers.
        unexplained: By collection, a position whose counts differ from those of the server although all was read.
    """

    def __init__(
        self,
        server: Server,
        collections: Collections,
        tombstones: Tombstones,
        parent: Path,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.server = server
        self._collections = collections
        self.tombstones = tombstones
        self._now = now
        self._real_names: dict[str, str] = {}
        self._overlaps: dict[str, _Overlap] = {}
        self.unexplained: dict[str, tuple[Position, _Counts]] = {}
        self.folder = parent / _to_folder_name(server.address)

    def open_collection(self, name: str) -> "TypesenseCollection":
        if name not in self._real_names:
            found = self._collections.require_native(name)
            if WRITE_NUMBER not in found.field_names:
                found = self._collections.require_writable(name)
            self._real_names[name] = found.name
        return TypesenseCollection(self, name, self._real_names[name])

    def forget(self, name: str) -> None:
        """Look the name up again at the next search, because its alias may have moved."""
        self._real_names.pop(name, None)

    def list_folder_names(self) -> set[str]:
        listed: list[Any] = self.server.request(
            lambda client: client.api_call.get("/collections", list, as_json=True, params={"exclude_fields": "fields"})
        )
        return {collection["name"] for collection in listed}

    def is_overlap_due(self, collection: str, number: int) -> bool:
        """Return whether writes with numbers below the latest one may have come since the last check."""
        now, end = self._now(), number / 1_000_000 + _OVERLAP / 1_000_000
        overlap = self._overlaps.get(collection)
        if overlap is None or overlap.number != number:
            self.note_reading(collection, number)
            return overlap is None and now < end  # otherwise the changes have just been read
        if overlap.checked >= end or now < overlap.checked + overlap.pause:
            return False
        self._overlaps[collection] = _Overlap(number, now, overlap.pause * 2)
        return True

    def note_reading(self, collection: str, number: int) -> None:
        """Note that writes up to this number have just been read."""
        self._overlaps[collection] = _Overlap(number, self._now(), _RECHECK)


class TypesenseCollection:
    """The port `CollectionSource` on a Typesense server, for one search: it sends each request once."""

    def __init__(self, source: TypesenseSource, name: str, real_name: str) -> None:
        self._source = source
        self._server = source.server
        self._name = name
        self._current: dict[Position, bool] = {}
        self.folder_name = real_name
        self.identity = real_name

    def is_current(self, position: Position) -> bool:
        if position not in self._current:
            counts = self._count(position.number)
            # A server may count documents that it does not list; all listed ones were compared.
            is_same = counts.agree_with(position) or self._source.unexplained.get(self.folder_name) == (
                position,
                counts,
            )
            self._current[position] = is_same and not self._source.is_overlap_due(self.folder_name, position.number)
        return self._current[position]

    def has_reached(self, position: Position) -> bool:
        return True  # an older copy of the collection has fewer documents with the latest number

    def confirms(self, position: Position) -> bool:
        return True

    @contextmanager
    def open_reader(self) -> Iterator["_Reader"]:
        number = self._read_latest()
        self._source.note_reading(self.folder_name, number)
        with closing(sqlite3.connect("")) as spool:  # a temporary file, which SQLite deletes with the connection
            self._server.read_lines(
                build_export_path(self.folder_name),
                {"exclude_fields": _LEFT_OUT},
                lambda lines: _fill_spool(spool, lines),
            )
            yield _Reader(spool, self.folder_name, number)

    def read_changes(self, position: Position, numbers: WriteNumbers) -> Iterator[ChangedPackages]:
        since = max(position.number - _OVERLAP, 0)
        for round_number in range(_ROUNDS):
            changed = self._list_changed(since, numbers)
            if not round_number and len(changed) > max(_MANY, numbers.count() // 2):
                raise TooManyChanges
            for start in range(0, len(changed), _BATCH):
                records = list(self._read_packages(changed[start : start + _BATCH]))
                # The position stays until all is read: an index that stops in between reads the changes again.
                yield ChangedPackages(records=records, position=position)
            latest_number = numbers.get_latest()
            position = Position(
                number=latest_number,
                document_count=numbers.count(),
                latest_count=numbers.count(latest_number),
            )
            if changed:
                yield ChangedPackages(records=(), position=position)
            counts = self._count(latest_number)
            if counts.agree_with(position):
                return
            if counts.newer:
                continue  # documents were written meanwhile
            if not since:
                self._source.unexplained[self.folder_name] = (position, counts)
                return
            since = 0  # documents were deleted without a trace: compare all

    def _list_changed(self, since: int, numbers: WriteNumbers) -> list[str]:
        """Return the packages whose documents with this number or a higher one differ from those of the index."""
        query = {"include_fields": f"name_normalized,{WRITE_NUMBER}"}
        if since:
            query["filter_by"] = f"{WRITE_NUMBER}:>={since}"
        present: dict[str, list[int]] = {}
        for row in self._server.read_lines(
            build_export_path(self.folder_name), query, lambda lines: [_ROW.decode(line) for line in lines]
        ):
            present.setdefault(row.name_normalized, []).append(row.written)
        known = numbers.get_since(since)
        names = present.keys() | known.keys()
        changed = {name for name in names if sorted(present.get(name, ())) != known.get(name, [])}
        if since:
            removed = self._source.tombstones.list_since(self.folder_name, since // 1_000_000)
            changed |= numbers.filter_known(tombstone.name for tombstone in removed)
        return sorted(changed)

    def _read_packages(self, names: Sequence[str]) -> Iterator[PackageRecord]:
        for batch, lines in read_documents(self._server, self.folder_name, names, {"exclude_fields": _LEFT_OUT}):
            packages: dict[str, list[bytes]] = {name: [] for name in sorted(batch)}
            for line in lines:
                name = _ROW.decode(line).name_normalized
                if name in packages:  # the server ignores punctuation when it compares names
                    packages[name].append(line)
            for name, documents in packages.items():
                yield _parse_package(self.folder_name, (name, documents))

    def _read_latest(self) -> int:
        """Return the highest number of the collection."""
        (result,) = self._search({"sort_by": f"{WRITE_NUMBER}:desc", "per_page": 1, "include_fields": WRITE_NUMBER})
        return max((hit["document"].get(WRITE_NUMBER, 0) for hit in result["hits"]), default=0)

    def _count(self, number: int) -> _Counts:
        """Count the collection's documents, those with this number, and those with a higher one."""
        exact, newer = self._search(
            {"filter_by": f"{WRITE_NUMBER}:={number}", "per_page": 0},
            {"filter_by": f"{WRITE_NUMBER}:>{number}", "per_page": 0},
        )
        return _Counts(newer["out_of"], exact["found"], newer["found"])

    def _search(self, *searches: Json) -> list[Json]:
        """Search by the name that may be an alias; raises `CollectionMoved` if it leads elsewhere now."""
        body: Any = {"searches": [{"collection": self._name, "q": "*", **search} for search in searches]}
        response: Any = self._server.request(lambda client: client.multi_search.perform(body, {}))
        results: list[Json] = response["results"]
        for result in results:
            if "error" in result and result.get("code") != HTTPStatus.NOT_FOUND:
                raise Unavailable(f"{self._server.address} can't search {self._name}: {result['error']}")
            if "error" in result or result["request_params"]["collection_name"] != self.folder_name:
                self._source.forget(self._name)
                raise CollectionMoved
        return results


class _Reader:
    """The port `PackageReader` on a spooled export; the export itself is unordered."""

    def __init__(self, spool: sqlite3.Connection, collection: str, number: int) -> None:
        self._spool = spool
        self.parse: Callable[[Any], PackageRecord] = partial(_parse_package, collection)
        self.names: Sequence[str] = [
            name for (name,) in spool.execute("SELECT DISTINCT name FROM documents ORDER BY name")
        ]
        counts = spool.execute("SELECT count(*), count(*) FILTER (WHERE written >= ?) FROM documents", (number,))
        (document_count, latest_count) = counts.fetchone()
        self.position = Position(number=number, document_count=document_count, latest_count=latest_count)
        downloads = spool.execute("SELECT downloads FROM documents WHERE downloads IS NOT NULL")
        self.popularity: PopularityScale = build_popularity_scale(count for (count,) in downloads)

    def read(self, names: Sequence[str]) -> Iterable[tuple[str, tuple[str, list[bytes]]]]:
        query = "SELECT name, json FROM documents WHERE name IN (SELECT value FROM json_each(?))"
        packages: dict[str, tuple[str, list[bytes]]] = {}
        for name, json in self._spool.execute(query, (encode(list(names)).decode(),)):
            packages.setdefault(name, (name, []))[1].append(json)
        return packages.items()


def _fill_spool(spool: sqlite3.Connection, lines: Iterable[bytes]) -> None:
    spool.execute("DROP TABLE IF EXISTS documents")  # from an export that broke off
    spool.execute("CREATE TABLE documents (name TEXT, written INTEGER, downloads INTEGER, json BLOB)")
    spool.executemany("INSERT INTO documents VALUES (?, ?, ?, ?)", (_to_spool_row(line) for line in lines))
    spool.execute("CREATE INDEX documents_by_name ON documents (name)")


def _to_spool_row(line: bytes) -> tuple[str, int, int | None, bytes]:
    document = _SPOOLED.decode(line)
    is_counted = document.is_newest and document.project_status != ProjectStatus.QUARANTINED
    return document.name_normalized, document.written, document.download_last_month if is_counted else None, line


def _parse_package(collection: str, package: tuple[str, Sequence[bytes]]) -> PackageRecord:
    """Build the record of a package from its name and the JSON of its documents."""
    name, lines = package
    documents = [decode(line) for line in lines]
    numbers = tuple(document.get(WRITE_NUMBER, 0) for document in documents)
    if not documents:
        return PackageRecord(name=name)
    newest = max(documents, key=lambda flat: (flat["is_newest"], flat["version_sortable"], flat["version"]))
    registry = parse_registry_fields(encode(_MISSING | newest), collection)
    if registry.project_status == ProjectStatus.QUARANTINED:
        return PackageRecord(name=name, numbers=numbers)
    # Enrichments come from all documents: an interrupted write has not reached every document.
    release = Document.from_parts(registry, to_enrichments(find_latest_writes(documents)))
    older = (parse_older_release(line) for line, flat in zip(lines, documents, strict=True) if flat is not newest)
    return PackageRecord(name=name, numbers=numbers, entry=build_indexed_package(release, older))


def _to_folder_name(address: str) -> str:
    """Return a folder name for a server: readable and unique."""
    return f"{re.sub('[^a-zA-Z0-9.]+', '-', address)[:60]}-{sha256(address.encode()).hexdigest()[:8]}"
