"""The server that stands in for Typesense answers as a recorded one did, wherever it claims to."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.typesense_fake import ADMIN_KEY, LocalTypesense

Json = dict[str, Any]

# What it does not claim to answer as the real one: by name of the exchange, with the reason.
TEXT_SEARCH = "how well several words match is not told by any recorded formula"
UNSUPPORTED = {
    "search: phrase": TEXT_SEARCH,
    "search: nested field": "no field here is inside another",
    "search: facets": "values of the same count are in no order that could be foretold",
    "search: facet_query": "nobody here looks for values of a facet",
    "search: scoped key (embedded filter_by author:=`Plone Foundation`)": "nobody here makes keys of keys",
    "cors: preflight": "browsers do not come here",
}
UNSUPPORTED_KINDS = ("synonym", "override", "preset", "stopwords", "search: through a synonym", "search: curated")
UNSUPPORTED_AFTER = 186  # what follows is about fields that the server finds out by itself


def is_supported(exchange: Json) -> bool:
    name = exchange["name"]
    return not (
        name in UNSUPPORTED
        or name.startswith((*UNSUPPORTED_KINDS, "search: with a preset"))
        or UNSUPPORTED_AFTER <= exchange["n"] < 193
    )


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> list[Json]:
    lines = (shared_data / "typesense" / "exchanges.jsonl").read_text("utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


@pytest.fixture
def server() -> Iterator[LocalTypesense]:
    with LocalTypesense() as server:
        yield server


def normalize_body(body: str) -> list[Any]:
    """Return what a body says, line by line, without what differs from one server and moment to the next."""
    return [normalize_value(json.loads(line)) for line in body.split("\n") if line]


def normalize_value(value: Any) -> Any:
    if isinstance(value, list):
        return [normalize_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    varying = ("created_at", "search_time_ms", "value_prefix")
    kept = {key: normalize_value(each) for key, each in value.items() if key not in varying}
    if str(kept.get("error", "")).startswith("Bad JSON"):
        kept["error"] = "Bad JSON"
    return kept


def test_every_claimed_exchange_is_as_recorded(server: LocalTypesense, recorded: list[Json]) -> None:
    keys = {"admin": ADMIN_KEY, "bad": "wrong"}
    different = []

    with httpx.Client(base_url=server.url) as client:
        for exchange in filter(is_supported, recorded):
            headers = dict(exchange["request_headers"])
            if exchange["auth"] in keys:
                headers["X-TYPESENSE-API-KEY"] = keys[exchange["auth"]]
            answer = client.request(
                exchange["method"],
                exchange["path"],
                params=exchange["query"],
                headers=headers,
                content=(exchange["request_body"] or "").encode(),
            )
            body = answer.text
            if exchange["name"] == "key: create search-only":
                keys["search-only"] = answer.json()["value"]
                body = body.replace(keys["search-only"], json.loads(exchange["response_body"])["value"])
            if (answer.status_code, normalize_body(body)) != (
                exchange["status"],
                normalize_body(exchange["response_body"]),
            ):
                different.append((exchange["n"], exchange["name"], answer.status_code, body[:600]))

    assert not different


def test_what_is_not_claimed_is_recorded_at_all(recorded: list[Json]) -> None:
    """A name that is in the list by mistake would hide nothing, and claim that it does."""
    names = {exchange["name"] for exchange in recorded}

    assert UNSUPPORTED.keys() <= names
    assert sum(map(is_supported, recorded)) == 165


def test_the_search_only_key_can_search_its_collection_and_nothing_else(
    server: LocalTypesense, recorded: list[Json]
) -> None:
    refused = [exchange for exchange in recorded if exchange["auth"] == "search-only" and exchange["status"] == 401]

    assert [each["name"] for each in refused] == [
        "collection: retrieve with the search-only key",
        "document: create with the search-only key",
        "search: another collection with the search-only key",
        "search: with the deleted key",
    ]
    assert all(map(is_supported, refused))
