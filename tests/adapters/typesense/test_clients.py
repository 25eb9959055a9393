"""The requests that existing clients of this schema make, through the official client and with a key of their own."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from typesense import Client, exceptions

from pyf.aggregator.adapters import typesense
from pyf.aggregator.adapters.typesense import Server
from support.builders import build_project, build_state
from support.typesense_fake import ADMIN_KEY, LocalTypesense

PLONE_6, PLONE_5 = "Plone 6.0", "Plone 5.2"


@pytest.fixture
def local() -> Iterator[LocalTypesense]:
    """A server with the collection `packages`, behind an alias, as this program fills it; and another one."""
    common: Any = {"classifiers": ("Framework :: Plone",), "python_versions": ("Python 3.12",)}
    projects = [
        build_project(
            "plone.api", "1.9", "1.10", "2.0a1", summary="An easy API", framework_versions=(PLONE_6,), **common
        ),
        build_project("Products.CMFPlone", "6.0", summary="The CMS", framework_versions=(PLONE_5,), **common),
        build_project("plone.old", "1.0", framework_versions=("Plone 4.3",), **common),
        build_project("Django", "5.0", framework_versions=(PLONE_6,), description="secret"),
    ]
    with LocalTypesense() as local, closing(Server([local.url], ADMIN_KEY)) as server:
        ports = typesense.build_ports(server)
        ports.admin.create("packages-1", build_state(), alias="packages")
        ports.admin.create("packages-private", build_state())
        ports.index.put("packages", projects)
        yield local


def open_client(local: LocalTypesense, key: str) -> Client:
    return Client({"nodes": [local.url], "api_key": key, "num_retries": 0})


@pytest.fixture
def create_search_only_key(local: LocalTypesense) -> Iterator[Client]:
    """A client with a key that may search `packages`."""
    admin = open_client(local, ADMIN_KEY)
    key = admin.keys.create({"description": "search", "actions": ["documents:search"], "collections": ["packages"]})
    new_key = open_client(local, key["value"])
    yield new_key
    admin.api_call.close()
    new_key.api_call.close()


def build_listing_params(q: str) -> Any:
    return {
        "searches": [
            {
                "collection": "packages",
                "q": q,
                "query_by": "name,keywords,summary,description",
                "exclude_fields": "description",
                "group_by": "name_sortable",
                "group_limit": 1,
                "per_page": 100,
                "sort_by": "_text_match:desc,name_sortable:asc,version_sortable:desc",
                "facet_by": "framework_versions,python_versions",
                "filter_by": "framework_versions:=['Plone 6.0','Plone 5.2'] && classifiers:=['Framework :: Plone']",
            }
        ]
    }


def test_group_by_name_returns_newest_releases(create_search_only_key: Client) -> None:
    answer: Any = create_search_only_key.multi_search.perform(build_listing_params("*"), {})

    (result,) = answer["results"]
    newest_versions = [[hit["document"] for hit in group["hits"]] for group in result["grouped_hits"]]
    assert [[(d["name"], d["version"]) for d in group] for group in newest_versions] == [
        [("plone.api", "1.10")],
        [("Products.CMFPlone", "6.0")],
    ]
    assert (result["found"], result["found_docs"]) == (2, 4)
    assert "description" not in newest_versions[0][0]
    counts = {f["field_name"]: {c["value"]: c["count"] for c in f["counts"]} for f in result["facet_counts"]}
    assert counts == {"framework_versions": {PLONE_6: 1, PLONE_5: 1}, "python_versions": {"Python 3.12": 2}}


@pytest.mark.parametrize(
    ("q", "name"), [("api", "plone.api"), ("cms", "Products.CMFPlone"), ("plone.api", "plone.api")]
)
def test_term_filter_finds_documents(create_search_only_key: Client, q: str, name: str) -> None:
    answer: Any = create_search_only_key.multi_search.perform(build_listing_params(q), {})

    (result,) = answer["results"]
    assert [group["group_key"] for group in result["grouped_hits"]] == [[name]]


def test_lookup_by_name_returns_newest_first(create_search_only_key: Client) -> None:
    query: Any = {"q": "plone.api", "query_by": "name", "sort_by": "version_sortable:desc"}

    answer: Any = create_search_only_key.collections["packages"].documents.search(query)

    assert [hit["document"]["version"] for hit in answer["hits"]] == ["1.10", "1.9", "2.0a1"]


def test_search_only_key_can_only_search_its_collection(local: LocalTypesense, create_search_only_key: Client) -> None:
    """The recording has the same of a real server: `test_typesense_fake` compares them."""
    documents = create_search_only_key.collections["packages"].documents
    refused: list[Any] = [
        lambda: create_search_only_key.collections["packages"].retrieve(),
        lambda: create_search_only_key.collections.retrieve(),
        lambda: create_search_only_key.collections["packages-1"].documents.search({"q": "*"}),
        lambda: create_search_only_key.collections["packages-private"].documents.search({"q": "*"}),
        lambda: documents.create({"id": "x"}),
        lambda: documents.export(),
        lambda: documents.delete({"filter_by": "version_major:>0"}),
        lambda: create_search_only_key.collections["packages"].delete(),
        lambda: create_search_only_key.aliases.retrieve(),
        lambda: create_search_only_key.keys.retrieve(),
        lambda: create_search_only_key.multi_search.perform(
            {"searches": [{"collection": "packages", "q": "*"}, {"collection": "packages-private", "q": "*"}]}, {}
        ),
    ]

    assert documents.search({"q": "*"})["found"] == 6
    for act in refused:
        with pytest.raises(exceptions.RequestUnauthorized):
            act()


def test_key_survives_replaced_collection(local: LocalTypesense, create_search_only_key: Client) -> None:
    with closing(Server([local.url], ADMIN_KEY)) as server:
        ports = typesense.build_ports(server)
        ports.admin.create("packages-2", build_state())
        ports.index.put("packages-2", [build_project("only.this", "1.0")])
        ports.admin.set_alias("packages", "packages-2")
        ports.admin.drop("packages-1")

    assert create_search_only_key.collections["packages"].documents.search({"q": "*"})["found"] == 1


def test_request_with_key_in_header_is_answered(local: LocalTypesense) -> None:
    query = {"q": "*", "sort_by": "upload_timestamp:desc", "filter_by": "is_newest:=true", "per_page": "0"}

    answer = httpx.get(
        f"{local.url}/collections/packages/documents/search", params=query, headers={"X-TYPESENSE-API-KEY": ADMIN_KEY}
    )

    assert answer.json()["found"] == 4
