"""Count, list and summarize the packages of collections, and store their tombstones.

Tombstones live in a companion collection, by normalized package name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from msgspec import Struct, convert
from msgspec.json import Decoder, decode

from ...domain.batching import split_into_batches
from ...domain.collection import ProjectState, Tombstone
from ...domain.documents.project import ProjectStatus, normalize_name
from ...domain.errors import NotFound, Unavailable
from ..encoding import replace_surrogates
from .bulk import build_export_path, delete_documents, import_documents, is_name, quote_for_path
from .client import Server
from .collections import CollectionRef, build_tombstones_name
from .limits import ALL_FACET_VALUES, SEARCHES_PER_REQUEST
from .retry import AlreadyExists
from .schema import Json


def count_packages(server: Server, collections: Iterable[CollectionRef]) -> dict[str, int]:
    """Return the number of packages of each collection; a collection that was deleted meanwhile is left out."""
    numbers: dict[str, int] = {}
    searches: dict[str, Json] = {}
    for collection in collections:
        if "is_newest" in collection.field_names:
            # Every package has one newest release. The engine miscounts groups of documents.
            searches[collection.name] = {"filter_by": "is_newest:=true"}
        elif collection.is_facet("name"):
            # Faster than reading all documents of an older program, which takes seconds.
            searches[collection.name] = {"facet_by": "name", "max_facet_values": ALL_FACET_VALUES}
        else:
            numbers[collection.name] = len(list_package_names(server, collection))
    for names in split_into_batches(searches, SEARCHES_PER_REQUEST):
        numbers |= _search_counts(server, {name: searches[name] for name in names})
    return numbers


def list_package_names(server: Server, collection: CollectionRef) -> set[str]:
    """Return the normalized names of the packages of a collection."""
    query = {"include_fields": "name,name_normalized"}
    return server.read_lines(
        build_export_path(collection.name),
        query,
        lambda lines: {get_normalized_name(flat) for flat in map(decode, lines)},
    )


def _search_counts(server: Server, searches: Mapping[str, Json]) -> dict[str, int]:
    if not searches:  # the server rejects a request without searches
        return {}
    body: Any = {
        "searches": [{"collection": name, "q": "*", "per_page": 0, **search} for name, search in searches.items()]
    }
    response: Any = server.request(lambda client: client.multi_search.perform(body, {}))
    return {
        name: _count_names(result["facet_counts"][0]) if result["facet_counts"] else result["found"]
        for name, result in zip(searches, response["results"], strict=True)
        if "found" in result
    }


def _count_names(facet: Json) -> int:
    return len({normalize_name(count["value"]) for count in facet["counts"]})


def get_normalized_name(flat: Mapping[str, Any]) -> str:
    """Return the normalized package name of a document of any program."""
    return str(flat.get("name_normalized") or normalize_name(flat["name"]))


class _Row(Struct, frozen=True):
    """The fields of a document that a summary needs; documents of older programs lack some of them."""

    name: str
    name_normalized: str = ""
    version: str = ""
    version_sortable: str = ""
    is_newest: bool = False
    last_serial: int = 0
    composed_with: int = 0
    status_checked: int = 0
    project_status: str = ProjectStatus.ACTIVE.value

    @property
    def rank(self) -> tuple[bool, str, str]:
        return self.is_newest, self.version_sortable, self.version


@dataclass(slots=True)
class _Sum:
    newest: _Row
    last_serial: int
    composed_with: int
    status_checked: int
    releases: int = 1

    def add(self, row: _Row) -> None:
        self.last_serial = min(self.last_serial, row.last_serial)
        self.composed_with = min(self.composed_with, row.composed_with)
        self.status_checked = min(self.status_checked, row.status_checked)
        self.releases += 1
        if row.rank > self.newest.rank:
            self.newest = row


_ROW = Decoder(_Row)
_FIELDS = ",".join(_Row.__struct_fields__)


def list_package_states(server: Server, collection: str) -> Iterator[ProjectState]:
    """Yield a summary of each package, by normalized name.

    The server's text order ignores punctuation, so summaries are sorted here: a few values per package are in memory,
    no documents. A package without a newest release is incomplete: it has the serial 0.
    """
    sums = server.read_lines(build_export_path(collection), {"include_fields": _FIELDS}, _sum_rows)
    for name in sorted(sums):
        package = sums[name]
        yield ProjectState(
            name_normalized=name,
            last_serial=package.last_serial if package.newest.is_newest else 0,
            document_version=package.composed_with,
            status_checked=package.status_checked,
            project_status=package.newest.project_status,
            release_count=package.releases,
        )


def _sum_rows(lines: Iterable[bytes]) -> dict[str, _Sum]:
    sums: dict[str, _Sum] = {}
    for line in lines:
        row = _ROW.decode(line)
        name = row.name_normalized or normalize_name(row.name)
        if name in sums:
            sums[name].add(row)
        else:
            sums[name] = _Sum(row, row.last_serial, row.composed_with, row.status_checked)
    return sums


class _TombstoneDocument(Struct, frozen=True):
    id: str
    removed_at: int
    reason: str


_TOMBSTONE_DOCUMENT = Decoder(_TombstoneDocument)


class Tombstones:
    """The tombstones of all collections. The first tombstone of a collection creates its companion."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def get(self, collection: str, name: str) -> Tombstone | None:
        """Return the tombstone of a package, None if there is none."""
        if not name:
            return None
        path = f"/collections/{build_tombstones_name(collection)}/documents/{quote_for_path(replace_surrogates(name))}"
        try:
            found: Any = self._server.request(lambda client: client.api_call.get(path, dict, as_json=True))
        except NotFound:
            return None
        return _to_tombstone(convert(found, _TombstoneDocument))

    def put(self, collection: str, tombstones: Sequence[Tombstone]) -> None:
        """Write tombstones, and replace existing ones."""
        self._send(collection, tombstones, "upsert")

    def add(self, collection: str, tombstones: Sequence[Tombstone]) -> None:
        """Write the tombstones of packages that have none."""
        self._send(collection, tombstones, "create")

    def delete(self, collection: str, names: Iterable[str]) -> None:
        """Delete the tombstones of packages."""
        with suppress(NotFound):  # no companion, no tombstones
            delete_documents(self._server, build_tombstones_name(collection), [name for name in names if is_name(name)])

    def list_tombstones(self, collection: str) -> list[Tombstone]:
        """Return all tombstones of a collection, which are few and short."""
        try:
            return self._server.read_lines(
                build_export_path(build_tombstones_name(collection)),
                {},
                lambda lines: [_to_tombstone(_TOMBSTONE_DOCUMENT.decode(line)) for line in lines],
            )
        except NotFound:
            return []

    def list_since(self, collection: str, moment: int) -> list[Tombstone]:
        """Return the tombstones that were written at a moment (Unix seconds) or later."""
        try:
            return self._server.read_lines(
                build_export_path(build_tombstones_name(collection)),
                {"filter_by": f"removed_at:>={moment}"},
                lambda lines: [_to_tombstone(_TOMBSTONE_DOCUMENT.decode(line)) for line in lines],
            )
        except NotFound:
            return []

    def drop(self, collection: str) -> None:
        """Delete the companion of a collection."""
        with suppress(NotFound):
            self._server.request(lambda client: client.collections[build_tombstones_name(collection)].delete())

    def _send(self, collection: str, tombstones: Sequence[Tombstone], action: str) -> None:
        if not tombstones:
            return
        documents: list[Json] = [
            {"id": replace_surrogates(stone.name), "removed_at": stone.removed_at, "reason": stone.reason}
            for stone in tombstones
        ]
        try:
            rejected = import_documents(self._server, build_tombstones_name(collection), documents, action)
        except NotFound:
            self._create(build_tombstones_name(collection))
            rejected = import_documents(self._server, build_tombstones_name(collection), documents, action)
        for document in rejected:
            if document.code != HTTPStatus.CONFLICT:
                raise Unavailable(f"{self._server.address} rejects the tombstone of {document.id}: {document.reason}")

    def _create(self, companion: str) -> None:
        schema: Any = {
            "name": companion,
            "fields": [
                {"name": "removed_at", "type": "int64"},
                {"name": "reason", "type": "string", "index": False, "optional": True},
            ],
        }
        with suppress(AlreadyExists):  # another process was faster
            self._server.request(lambda client: client.collections.create(schema))


def _to_tombstone(stone: _TombstoneDocument) -> Tombstone:
    return Tombstone(name=stone.id, removed_at=stone.removed_at, reason=stone.reason)
