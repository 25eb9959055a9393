"""Count, list and summarize the packages of collections, those of older programs included."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct
from msgspec.json import Decoder, decode

from ...domain.batching import split_into_batches
from ...domain.collection import ProjectState
from ...domain.documents.project import ProjectStatus, normalize_name
from .bulk import build_export_path
from .client import Server
from .collections import CollectionRef
from .limits import ALL_FACET_VALUES, SEARCHES_PER_REQUEST
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
