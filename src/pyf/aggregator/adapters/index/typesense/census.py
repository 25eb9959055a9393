"""Counts and names the projects of collections, those that older programs have made included."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.json import decode

from ....domain.project import normalized
from ..batches import batches
from .collections import Found
from .limits import ALL_FACET_VALUES, SEARCHES_PER_REQUEST
from .lines import export_of
from .schema import Json
from .server import Server


def counts(server: Server, found: Iterable[Found]) -> dict[str, int]:
    """Return the number of packages of collections by name; one that is gone meanwhile is left out."""
    numbers: dict[str, int] = {}
    searches: dict[str, Json] = {}
    for collection in found:
        if "is_newest" in collection.fields:
            # Newest releases, of which every package has one; groups of documents the engine miscounts.
            searches[collection.name] = {"filter_by": "is_newest:=true"}
        elif collection.is_facet("name"):
            # Reading all documents of an older program takes seconds.
            searches[collection.name] = {"facet_by": "name", "max_facet_values": ALL_FACET_VALUES}
        else:
            numbers[collection.name] = len(names_in(server, collection))
    for names in batches(searches, SEARCHES_PER_REQUEST):
        numbers |= _counted(server, {name: searches[name] for name in names})
    return numbers


def names_in(server: Server, found: Found) -> set[str]:
    """Return the normalised names of the projects that a collection holds."""
    query = {"include_fields": "name,name_normalized"}
    return server.read(export_of(found.name), query, lambda lines: {name_of(flat) for flat in map(decode, lines)})


def _counted(server: Server, searches: Mapping[str, Json]) -> dict[str, int]:
    if not searches:  # the server would take the request for a broken one
        return {}
    body: Any = {"searches": [{"collection": name, "q": "*", "per_page": 0, **each} for name, each in searches.items()]}
    answer: Any = server.ask(lambda client: client.multi_search.perform(body, {}))
    return {
        name: _count_names(result["facet_counts"][0]) if result["facet_counts"] else result["found"]
        for name, result in zip(searches, answer["results"], strict=True)
        if "found" in result
    }


def _count_names(facet: Json) -> int:
    return len({normalized(count["value"]) for count in facet["counts"]})


def name_of(flat: Mapping[str, Any]) -> str:
    """Return the normalised name of the project that a document is of, whoever has made it."""
    return str(flat.get("name_normalized") or normalized(flat["name"]))
