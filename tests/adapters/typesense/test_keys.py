"""Test keys on a server beyond their contract: what the server opens to them, and which program created them."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from pyf.aggregator.adapters import typesense
from pyf.aggregator.adapters.api_keys import generate_key
from pyf.aggregator.adapters.typesense import Server, Typesense, TypesenseApiKeys
from pyf.aggregator.domain.errors import Invalid, NotFound
from pyf.aggregator.ports.index import SEARCH_ACTION
from support.builders import build_state
from support.typesense_fake import ADMIN_KEY, LocalTypesense

STATE = build_state()


@pytest.fixture
def ports(local: LocalTypesense) -> Iterator[Typesense]:
    """A server with `plone-1` behind `plone`, `plone-private`, `v6.1`, and `site` behind an alias of another name."""
    with closing(Server([local.url], ADMIN_KEY, retry_timeout=1)) as server:
        ports = typesense.build_ports(server)
        ports.admin.create("plone-1", STATE, alias="plone")
        for name in ("plone-private", "v6.1", "v6-1", "site-3", "bare"):
            ports.admin.create(name, STATE)
        ports.admin.set_alias("packages", "site-3")
        ports.admin.set_alias("everything", "bare")
        yield ports


def find_searchable_names(local: LocalTypesense, key: str) -> list[str]:
    """Return the names that the server lets a key search."""
    names = [*local.store.collections, *local.store.aliases]
    with httpx.Client(base_url=local.url, headers={"X-TYPESENSE-API-KEY": key}) as client:
        answers = {name: client.get(f"/collections/{name}/documents/search", params={"q": "*"}) for name in names}
    assert {answer.status_code for answer in answers.values()} <= {200, 401}
    return sorted(name for name, answer in answers.items() if answer.status_code == 200)


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        ("plone", ["plone", "plone-1"]),
        ("plone-1", ["plone-1"]),
        ("v6.1", ["v6.1"]),
        ("packages", ["packages", "site-3"]),
        ("everything", ["bare", "everything"]),
    ],
)
def test_key_opens_alias_and_its_collection(
    local: LocalTypesense, ports: Typesense, name: str, opened: list[str]
) -> None:
    new_key = ports.keys.create([name], description="")

    assert find_searchable_names(local, new_key.value) == opened


@pytest.mark.parametrize(("alias", "fresh"), [("plone", "plone-2"), ("packages", "site-4")])
def test_key_survives_recreate(local: LocalTypesense, ports: Typesense, alias: str, fresh: str) -> None:
    new_key = ports.keys.create([alias], description="")
    ports.admin.create(fresh, STATE, alias=alias)

    assert {alias, fresh} <= set(find_searchable_names(local, new_key.value))
    assert ports.keys.is_allowed(new_key.value, SEARCH_ACTION, fresh)


def test_foreign_key_is_listed_and_grants_nothing(local: LocalTypesense, ports: Typesense) -> None:
    ports.keys.create(["plone"], description="ours")
    payload = {
        "description": "theirs",
        "actions": [SEARCH_ACTION],
        "collections": ["plone.*"],
        "value": "their-own-value",
    }
    headers = {"X-TYPESENSE-API-KEY": ADMIN_KEY}
    number = httpx.post(f"{local.url}/keys", json=payload, headers=headers).json()["id"]

    theirs = ports.keys.list_keys()[-1]

    assert (theirs.id, theirs.prefix, theirs.collections) == (number, "thei", ("plone.*",))
    assert not ports.keys.is_allowed("their-own-value", SEARCH_ACTION, "plone")
    ports.keys.delete(number)
    assert [key.description for key in ports.keys.list_keys()] == ["ours"]


def test_deleted_key_opens_nothing(local: LocalTypesense, ports: Typesense) -> None:
    new_key = ports.keys.create(["plone"], description="")
    httpx.delete(f"{local.url}/keys/{new_key.key.id}", headers={"X-TYPESENSE-API-KEY": ADMIN_KEY})

    assert not ports.keys.is_allowed(new_key.value, SEARCH_ACTION, "plone")
    with pytest.raises(NotFound, match=f"no key {new_key.key.id}"):
        ports.keys.delete(new_key.key.id)


def test_stored_key_hashes_contain_no_value_and_are_hidden(local: LocalTypesense, ports: Typesense) -> None:
    new_key = ports.keys.create(["plone"], description="")

    (kept,) = local.store.collection("_pyf_keys").documents.values()
    assert new_key.value not in str(kept)
    assert kept["id"] == str(new_key.key.id)
    assert all(not collection.name.startswith("_") for collection in ports.admin.list_collections())
    ports.keys.delete(new_key.key.id)
    assert not local.store.collection("_pyf_keys").documents


class ForgetfulServer(Server):
    """Loses the response to the first request that creates a key, so that it is sent again."""

    def __init__(self, url: str) -> None:
        super().__init__([url], ADMIN_KEY, retry_timeout=5, event_hooks={"response": [self.drop_response]})
        self._losses = 1

    def drop_response(self, response: httpx.Response) -> None:
        if self._losses and response.request.url.path == "/keys" and response.request.method == "POST":
            self._losses -= 1
            raise httpx.ReadError("the answer is lost")


@pytest.mark.parametrize("value", ["", "the-right-value"])
def test_retry_after_lost_response_returns_created_key(local: LocalTypesense, ports: Typesense, value: str) -> None:
    with closing(ForgetfulServer(local.url)) as server:
        new_key = TypesenseApiKeys(server, ports.admin.resolve).create(["plone"], description="once", value=value)

    assert [key.id for key in ports.keys.list_keys()] == [new_key.key.id]
    assert ports.keys.is_allowed(new_key.value, SEARCH_ACTION, "plone")


def test_duplicate_key_value_is_rejected_after_lost_responses(local: LocalTypesense, ports: Typesense) -> None:
    value = generate_key()
    ports.keys.create(["plone"], description="first", value=value)

    with closing(ForgetfulServer(local.url)) as server, pytest.raises(Invalid, match="that value already"):
        TypesenseApiKeys(server, ports.admin.resolve).create(["plone"], description="second", value=value)

    assert [key.description for key in ports.keys.list_keys()] == ["first"]
