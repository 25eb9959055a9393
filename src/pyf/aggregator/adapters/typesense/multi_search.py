"""Asks a collection several questions in one request; one that fails counts as a request of its own that has failed."""

from collections.abc import Mapping, Sequence
from typing import Any

from typesense import Client, exceptions

from .schema import Json
from .server import Server

# Searches in one request, and hits in one answer; the server takes no more.
_AT_ONCE = 50
MOST_HITS = 250

# Everything, and no hits.
_ASKED = {"q": "*", "per_page": 0}

_CODES = {404: exceptions.ObjectNotFound, 503: exceptions.ServiceUnavailable}


def searched(server: Server, collection: str, searches: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Return the answers to several searches of a collection, in their order; raises what a failure among them means.

    A search that does not say otherwise asks for everything, and for no hits.
    """
    answers: list[Json] = []
    for start in range(0, len(searches), _AT_ONCE):
        some = [{"collection": collection, **_ASKED, **each} for each in searches[start : start + _AT_ONCE]]
        answers += server.ask(lambda client, some=some: _asked(client, some))  # type: ignore[misc]
    return answers


def counted(server: Server, collection: str, filters: Sequence[str]) -> list[int]:
    """Return how many documents each filter lets through."""
    return [answer["found"] for answer in searched(server, collection, [{"filter_by": each} for each in filters])]


def pages(search: Mapping[str, Any], *, first: int, most: int) -> list[Json]:
    """Return the searches for the hits from the one number `first` on, as many as one answer may hold in each."""
    return [
        {**search, "offset": first + start, "limit": min(MOST_HITS, most - start)}
        for start in range(0, most, MOST_HITS)
    ]


def documents(answers: Sequence[Json]) -> list[Json]:
    """Return the documents of answers, in their order."""
    return [hit["document"] for answer in answers for hit in answer["hits"]]


def _asked(client: Client, searches: list[dict[str, Any]]) -> list[Json]:
    asked: Any = {"searches": searches}
    answer: Any = client.multi_search.perform(asked, {})
    results: list[Json] = answer["results"]
    for each in results:
        if "error" in each:
            status = int(each.get("code", 400))
            raise _CODES.get(status, exceptions.TypesenseClientError)(status, each["error"])
    return results
