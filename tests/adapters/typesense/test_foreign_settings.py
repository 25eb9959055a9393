"""A rebuild keeps what other programs have added to a collection, or names it."""

import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import httpx
import pytest

from pyf.aggregator.adapters import typesense
from pyf.aggregator.adapters.typesense import Server, Typesense
from support.builders import build_project, build_state
from support.typesense_fake import ADMIN_KEY, LocalTypesense

LIVE = os.environ.get("TYPESENSE_TEST_URL", ""), os.environ.get("TYPESENSE_TEST_KEY", "")


class Rebuild:
    """Two collections of a server: `old` with things that others have added, and `new`."""

    def __init__(self, ports: Typesense, client: httpx.Client) -> None:
        stem = f"test-{uuid4().hex[:8]}"
        self.ports, self.client = ports, client
        self.old, self.new = f"{stem}-1", f"{stem}-2"
        for name in (self.old, self.new):
            ports.admin.create(name, build_state())

    def send(self, method: str, path: str, body: Any = None) -> Any:
        response = self.client.request(method, path, json=body)
        assert response.is_success, response.text
        return response.json()

    def get(self, name: str, kind: str = "") -> Any:
        return self.send("GET", f"/collections/{name}{kind}")


@pytest.fixture(params=["double", *(["live"] if all(LIVE) else [])])
def rebuild(request: pytest.FixtureRequest) -> Iterator[Rebuild]:
    with LocalTypesense() as local:
        url, key = LIVE if request.param == "live" else (local.url, ADMIN_KEY)
        with (
            closing(Server([url], key, retry_timeout=1)) as server,
            httpx.Client(base_url=url, headers={"X-TYPESENSE-API-KEY": key}) as client,
        ):
            rebuild = Rebuild(typesense.build_ports(server), client)
            try:
                yield rebuild
            finally:
                for name in (rebuild.old, rebuild.new):
                    rebuild.ports.admin.drop(name)


def test_synonyms_overrides_and_metadata_are_copied(rebuild: Rebuild) -> None:
    synonym = {"synonyms": ["cms", "content management"]}
    override = {"rule": {"query": "cms", "match": "exact"}, "includes": [{"id": "plone-1.0", "position": 1}]}
    rebuild.send("PUT", f"/collections/{rebuild.old}/synonyms/cms", synonym)
    rebuild.send("PUT", f"/collections/{rebuild.old}/overrides/cms", override)
    rebuild.send(
        "PATCH", f"/collections/{rebuild.old}", {"metadata": {**rebuild.get(rebuild.old)["metadata"], "theirs": 1}}
    )
    state = rebuild.ports.index.get_state(rebuild.new)

    notices = rebuild.ports.admin.copy_foreign_settings(rebuild.old, rebuild.new, with_values=True)

    assert not notices
    for kind in ("/synonyms", "/overrides"):
        assert rebuild.get(rebuild.new, kind) == rebuild.get(rebuild.old, kind)
    assert rebuild.get(rebuild.new)["metadata"]["theirs"] == 1
    assert rebuild.ports.index.get_state(rebuild.new) == state


def test_fields_are_copied_with_values(rebuild: Rebuild) -> None:
    rank = {"name": "shop_rank", "type": "int32", "optional": True}
    rebuild.send("PATCH", f"/collections/{rebuild.old}", {"fields": [rank]})
    rebuild.ports.index.put(rebuild.old, [build_project("a", "1.0")])
    rebuild.send("PATCH", f"/collections/{rebuild.old}/documents/a-1.0", {"shop_rank": 7})

    notices = rebuild.ports.admin.copy_foreign_settings(rebuild.old, rebuild.new, with_values=True)
    rebuild.ports.admin.copy_packages(rebuild.old, rebuild.new, ["a"])

    assert not notices
    assert rebuild.get(rebuild.new, "/documents/a-1.0")["shop_rank"] == 7
    assert "shop_rank" in {field["name"] for field in rebuild.get(rebuild.new)["fields"]}


def test_fields_without_copied_values_are_listed(rebuild: Rebuild) -> None:
    rank = {"name": "shop_rank", "type": "int32", "optional": True}
    rebuild.send("PATCH", f"/collections/{rebuild.old}", {"fields": [rank]})

    (notice,) = rebuild.ports.admin.copy_foreign_settings(rebuild.old, rebuild.new, with_values=False)

    assert notice == (
        f"{rebuild.new} has no values of the fields shop_rank, which another program added to {rebuild.old}"
    )
