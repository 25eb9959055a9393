"""Each limit of the server at its edge: the last accepted value and the first rejected one.

With TYPESENSE_TEST_URL, the same tests run on a real server.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pyf.aggregator.adapters.typesense.bulk import build_name_filters
from pyf.aggregator.adapters.typesense.limits import (
    ALL_FACET_VALUES,
    FILTER_IN_URL,
    FILTER_OPERATIONS,
    HITS_PER_PAGE,
    SEARCH_QUERY_STRING,
    SEARCHES_PER_REQUEST,
)
from support.typesense_fake import ADMIN_KEY, LocalTypesense

SCHEMA = {
    "name": "things",
    "fields": [
        {"name": "name", "type": "string", "facet": True},
        {"name": "name_normalized", "type": "string"},
        {"name": "size", "type": "int64"},
        {"name": "small", "type": "int32", "optional": True},
    ],
}


@pytest.fixture(scope="module")
def server() -> Iterator[httpx.Client]:
    """A client of a server with 300 things of 300 names."""
    with LocalTypesense() as local:
        collection = local.store.create(dict(SCHEMA))
        headers = {"X-TYPESENSE-API-KEY": ADMIN_KEY}
        with httpx.Client(base_url=local.url, headers=headers, timeout=60) as client:
            lines = (
                json.dumps({"id": str(number), "size": number, **build_names(f"n{number}")}) for number in range(300)
            )
            client.post(f"/collections/{collection.name}/documents/import", content="\n".join(lines))
            yield client


def build_names(name: str) -> dict[str, str]:
    return {"name": name, "name_normalized": name}


def search(server: httpx.Client, **parameters: Any) -> httpx.Response:
    return server.get("/collections/things/documents/search", params={"q": "*", **parameters})


def test_hits_of_one_page(server: httpx.Client) -> None:
    most, more = (search(server, per_page=count) for count in (HITS_PER_PAGE, HITS_PER_PAGE + 1))

    assert len(most.json()["hits"]) == HITS_PER_PAGE
    assert (more.status_code, more.json()["message"]) == (422, "Only upto 250 hits can be fetched per page.")


def test_limit_and_per_page_are_one_parameter_of_which_per_page_wins(server: httpx.Client) -> None:
    counts = [
        len(search(server, **parameters).json()["hits"])
        for parameters in ({"limit": 3}, {"per_page": 2, "limit": 3}, {"per_page": 0, "limit": 3})
    ]

    assert counts == [3, 2, 0]


@pytest.mark.parametrize("path", ["search", "export"])
@pytest.mark.parametrize("operator", ["&&", "||"])
def test_operations_of_a_filter(server: httpx.Client, path: str, operator: str) -> None:
    """Conditions and the operators between them count alike, so their number is odd."""
    conditions = FILTER_OPERATIONS // 2
    most, more = (
        server.get(
            f"/collections/things/documents/{path}",
            params={"q": "*", "filter_by": f" {operator} ".join(["size:>=0"] * count)},
        )
        for count in (conditions, conditions + 1)
    )

    assert most.status_code == 200
    assert more.status_code == 400
    assert "`filter_by` has too many operations. Maximum allowed: 100." in more.json()["message"]


def test_parentheses_and_values_of_a_filter_are_no_operations(server: httpx.Client) -> None:
    names = ",".join(f"`n{number}`" for number in range(300))

    assert search(server, filter_by=f"((name:=[{names}]))", per_page=1).json()["found"] == 300


def test_filter_operators_have_equal_precedence(server: httpx.Client) -> None:
    found = search(server, filter_by="size:=1 || size:=2 && size:=3", per_page=1).json()["found"]

    assert found == 0


def test_searches_of_one_request(server: httpx.Client) -> None:
    one = {"collection": "things", "q": "*", "per_page": 0}
    most, more = (
        server.post("/multi_search", json={"searches": [one] * count})
        for count in (SEARCHES_PER_REQUEST, SEARCHES_PER_REQUEST + 1)
    )

    assert len(most.json()["results"]) == SEARCHES_PER_REQUEST
    assert (more.status_code, more.json()["message"]) == (
        400,
        "Number of multi searches exceeds `limit_multi_searches` parameter.",
    )


def test_length_of_a_searchs_query_string(server: httpx.Client) -> None:
    beginning = "?query_by=name&q="
    most, more = (
        server.get(f"/collections/things/documents/search{beginning}{'x' * (length - len(beginning))}")
        for length in (SEARCH_QUERY_STRING, SEARCH_QUERY_STRING + 1)
    )

    assert (most.status_code, more.status_code) == (200, 400)
    assert "exceeds max allowed length of 4000" in more.json()["message"]


def test_length_of_other_query_strings_has_no_limit(server: httpx.Client) -> None:
    values = ",".join(["n1"] * (SEARCH_QUERY_STRING // 3))

    answer = server.get("/collections/things/documents/export", params={"filter_by": f"name:=[{values}]"})

    assert (answer.status_code, answer.json()["name"]) == (200, "n1")


def test_fields_of_an_order(server: httpx.Client) -> None:
    most, more = (search(server, sort_by=",".join(["size:asc"] * count)) for count in (3, 4))

    assert most.status_code == 200
    assert (more.status_code, more.json()["message"]) == (400, "Only upto 3 sort fields are allowed.")


@pytest.mark.parametrize(("limit", "status"), [(0, 400), (1, 200), (99, 200), (100, 400)])
def test_hits_of_one_group(server: httpx.Client, limit: int, status: int) -> None:
    assert search(server, group_by="name", group_limit=limit).status_code == status


def test_values_of_a_facet_have_no_limit(server: httpx.Client) -> None:
    (counted,) = search(server, facet_by="name", max_facet_values=ALL_FACET_VALUES, per_page=0).json()["facet_counts"]

    assert len(counted["counts"]) == 300


def test_long_facet_value_is_truncated(server: httpx.Client) -> None:
    server.post("/collections/things/documents", json={"id": "long", "size": 1000, **build_names("y" * 256)})
    answer = search(server, facet_by="name", filter_by="size:=1000", per_page=0).json()
    server.delete("/collections/things/documents/long")

    assert [count["value"] for count in answer["facet_counts"][0]["counts"]] == ["y" * 255]


@pytest.mark.parametrize(("number", "is_found"), [(2**31 - 1, True), (2**31, False)])
def test_number_beyond_32_bits_is_stored_and_not_found(server: httpx.Client, number: int, is_found: bool) -> None:
    written = server.post(
        "/collections/things/documents",
        params={"action": "upsert"},
        json={"id": "0", "size": 0, "small": number, **build_names("n0")},
    )
    answer = search(server, filter_by="small:>2000000000")

    assert written.json()["small"] == number
    assert bool(answer.json()["found"]) == is_found


def test_names_in_the_filters_of_an_export(server: httpx.Client) -> None:
    filters = [filter_by for _, filter_by in build_name_filters(f"n{number}" for number in range(1500))]

    answers = [server.get("/collections/things/documents/export", params={"filter_by": text}) for text in filters]

    assert len(filters) > 1
    assert max(map(len, filters)) <= FILTER_IN_URL
    assert {answer.status_code for answer in answers} == {200}
    assert len({line for answer in answers for line in answer.text.split("\n") if line}) == 300
