"""The limits of a server are what `limits` says: a request at the edge is taken, one beyond it is refused."""

import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import httpx
import pytest

from pyf.aggregator.adapters import typesense
from pyf.aggregator.adapters.typesense import Server
from pyf.aggregator.adapters.typesense.bulk import build_export_path, build_name_filters
from pyf.aggregator.adapters.typesense.limits import (
    ALL_FACET_VALUES,
    FILTER_IN_URL,
    FILTER_OPERATIONS,
    HITS_PER_PAGE,
    SEARCH_QUERY_STRING,
    SEARCHES_PER_REQUEST,
)
from support.builders import build_project, build_state
from support.typesense_fake import ADMIN_KEY, LocalTypesense

LIVE = os.environ.get("TYPESENSE_TEST_URL", ""), os.environ.get("TYPESENSE_TEST_KEY", "")
PACKAGES = HITS_PER_PAGE + 1


class Searched:
    """A collection with one package more than fits on a page, and requests to it."""

    def __init__(self, url: str, key: str, collection: str, server: Server) -> None:
        self.collection, self.server = collection, server
        self._client = httpx.Client(base_url=url, headers={"X-TYPESENSE-API-KEY": key})

    def search(self, **parameters: Any) -> Any:
        (result,) = self.search_many([parameters]).json()["results"]
        return result

    def search_many(self, searches: list[dict[str, Any]]) -> httpx.Response:
        common = {"collection": self.collection, "q": "*"}
        return self._client.post("/multi_search", json={"searches": [common | search for search in searches]})

    def get(self, parameters: str) -> httpx.Response:
        return self._client.get(f"/collections/{self.collection}/documents/search?{parameters}")

    def close(self) -> None:
        self._client.close()


@pytest.fixture(scope="module", params=["fake", *(["live"] if all(LIVE) else [])])
def searched(request: pytest.FixtureRequest) -> Iterator[Searched]:
    collection = f"test-{uuid4().hex[:8]}"
    with LocalTypesense() as local:
        url, key = LIVE if request.param == "live" else (local.url, ADMIN_KEY)
        with closing(Server([url], key)) as server:
            ports = typesense.build_ports(server)
            ports.admin.create(collection, build_state())
            ports.index.put(collection, [build_project(f"package-{number}") for number in range(PACKAGES)])
            with closing(Searched(url, key, collection, server)) as searched:
                yield searched
            ports.admin.drop(collection)


def test_hits_of_a_page(searched: Searched) -> None:
    assert len(searched.search(per_page=HITS_PER_PAGE)["hits"]) == HITS_PER_PAGE
    assert searched.search(per_page=HITS_PER_PAGE + 1)["code"] == 422


def test_per_page_wins_over_limit(searched: Searched) -> None:
    assert len(searched.search(per_page=2, limit=5)["hits"]) == 2
    assert not searched.search(per_page=0, limit=5)["hits"]


def test_searches_of_a_request(searched: Searched) -> None:
    search = {"per_page": 0}
    assert len(searched.search_many([search] * SEARCHES_PER_REQUEST).json()["results"]) == SEARCHES_PER_REQUEST
    assert searched.search_many([search] * (SEARCHES_PER_REQUEST + 1)).status_code == 400


def test_operations_of_a_filter(searched: Searched) -> None:
    def build_filter(conditions: int) -> str:
        return " && ".join(f"version_major:<{number + 1000}" for number in range(conditions))

    conditions = (FILTER_OPERATIONS + 1) // 2
    assert searched.search(filter_by=build_filter(conditions), per_page=0)["found"] == PACKAGES
    assert "too many operations" in searched.search(filter_by=build_filter(conditions + 1), per_page=0)["error"]


def test_characters_of_a_search_by_get(searched: Searched) -> None:
    query = "query_by=name&q="
    remaining = SEARCH_QUERY_STRING - len(f"?{query}")

    assert searched.get(query + "a" * remaining).status_code == 200
    assert searched.get(query + "a" * (remaining + 1)).status_code == 400


def test_values_of_a_facet(searched: Searched) -> None:
    result = searched.search(facet_by="name", max_facet_values=ALL_FACET_VALUES, per_page=0)

    assert len(result["facet_counts"][0]["counts"]) == PACKAGES


def test_names_in_a_filter_of_an_export(searched: Searched) -> None:
    names = [f"package-{number}" for number in range(PACKAGES)]

    found = [
        searched.server.read_lines(build_export_path(searched.collection), {"filter_by": filter_by}, list)
        for _, filter_by in build_name_filters(names)
    ]

    assert max(len(filter_by) for _, filter_by in build_name_filters(names)) <= FILTER_IN_URL
    assert sum(map(len, found)) == PACKAGES
