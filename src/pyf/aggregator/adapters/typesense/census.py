"""Counts and names the projects of collections, those that older programs have made included."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.json import decode

from ...domain.batching import split_into_batches
from ...domain.documents.project import normalize_name
from .collections import Found
from .lines import export_of
from .schema import Json
from .server import Server

# Searches in one request; the server takes no more.
_SEARCHES = 50


def counts(server: Server, found: Iterable[Found]) -> dict[str, int]:
    """Return the number of projects of collections by name; one that has gone meanwhile is left out."""
    numbers: dict[str, int] = {}
    countable = []
    for each in found:
        if "is_newest" in each.fields:
            countable.append(each.name)
        elif {"name", "version"} <= each.fields:
            numbers[each.name] = len(names_in(server, each))
        else:  # somebody else's
            numbers[each.name] = 0
    for names in split_into_batches(countable, _SEARCHES):
        numbers |= _counted(server, names)
    return numbers


def names_in(server: Server, found: Found) -> set[str]:
    """Return the normalised names of the projects that a collection holds."""
    query = {"include_fields": "name,name_normalized"}
    return server.read(export_of(found.name), query, lambda lines: {name_of(flat) for flat in map(decode, lines)})


def _counted(server: Server, names: Iterable[str]) -> dict[str, int]:
    """Count newest releases, of which every project has one; groups of documents the engine miscounts."""
    searches: Any = [{"collection": name, "q": "*", "filter_by": "is_newest:=true", "per_page": 0} for name in names]
    if not searches:  # the server would take the request for a broken one
        return {}
    answer: Any = server.ask(lambda client: client.multi_search.perform({"searches": searches}, {}))
    results: list[Json] = answer["results"]
    return {
        search["collection"]: result["found"]
        for search, result in zip(searches, results, strict=True)
        if "found" in result
    }


def name_of(flat: Mapping[str, Any]) -> str:
    """Return the normalised name of the project that a document is of, whoever has made it."""
    return str(flat.get("name_normalized") or normalize_name(flat["name"]))
