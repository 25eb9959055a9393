"""`pyfupdater` as its users see it where the index is on a Typesense server."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import older
from shell import Ended, Shell
from typesense_double import ADMIN_KEY, LocalTypesense
from worlds import of_server


@pytest.fixture
def server() -> Iterator[LocalTypesense]:
    with LocalTypesense() as server:
        yield server


@pytest.fixture
def plone(shell: Shell, server: LocalTypesense) -> Shell:
    """A user with a collection of Plone on the server."""
    assert shell.call("-f", "-p", "plone", **of_server(server)).code == 0
    return shell


def update(shell: Shell, server: LocalTypesense, arguments: str) -> Ended:
    return shell.call(*arguments.split(), command="pyfupdater", **of_server(server))


def search(server: LocalTypesense, collection: str, key: str) -> int:
    """Return the status with which the server answers a search."""
    headers = {"X-TYPESENSE-API-KEY": key}
    query = {"q": "*"}
    return httpx.get(
        f"{server.url}/collections/{collection}/documents/search", params=query, headers=headers
    ).status_code


def bare(server: LocalTypesense) -> None:
    """Have the collection bear the name itself, as an older program of this schema would have it."""
    collection = server.store.collections.pop("plone-1")
    collection.name = "plone"
    server.store.collections["plone"] = collection
    del server.store.aliases["plone"]


def test_a_key_is_the_servers_own_until_it_is_deleted(plone: Shell, server: LocalTypesense) -> None:
    made = update(plone, server, "--add-search-only-apikey -p plone")
    value = made.out.strip()
    assert [search(server, name, value) for name in ("plone", "plone-1", "plone-private")] == [200, 200, 401]

    update(plone, server, "--recreate-collection -p plone")
    listed = update(plone, server, "-lssoa")

    assert search(server, "plone", value) == search(server, "plone-2", value) == 200
    assert value not in listed.out
    assert value[:4] in listed.out
    taken = update(plone, server, f"--add-search-only-apikey -p plone -key {value}")
    assert (taken.code, taken.error) == (2, "there is a key of that value already: choose another one")
    assert update(plone, server, "--delete-apikey 0 -f").code == 0
    assert search(server, "plone", value) == 401
    assert update(plone, server, "--delete-apikey 0 -f").error.startswith("there is no key 0")


def test_a_search_preset_is_stored_under_the_name_of_the_collection(plone: Shell, server: LocalTypesense) -> None:
    done = update(plone, server, "--add-search-preset -p plone")

    assert (done.code, done.err.splitlines()[-1]) == (0, "Clients of the server search with preset=plone now.")
    fields = {field["name"] for field in server.store.collection("plone").fields}
    preset = server.store.presets["plone"]
    assert fields.issuperset(preset["query_by"].split(",") + preset["facet_by"].split(","))
    assert len(preset["query_by"].split(",")) == len(preset["query_by_weights"].split(","))
    assert "no collection nowhere" in update(plone, server, "--add-search-preset -t nowhere").error


def test_a_search_preset_needs_a_server(shell: Shell) -> None:
    assert shell.call("-f", "-p", "plone").code == 0

    refused = shell.call("--add-search-preset", "-p", "plone", command="pyfupdater")

    assert (refused.code, refused.error.startswith("search presets are stored on a Typesense server")) == (2, True)


def test_keys_that_can_do_more_are_left_out_of_the_list(plone: Shell, server: LocalTypesense) -> None:
    key: dict[str, Any] = {"description": "all", "actions": ["*"], "collections": ["*"], "value": "an-admins-key"}
    httpx.post(f"{server.url}/keys", json=key, headers={"X-TYPESENSE-API-KEY": ADMIN_KEY})

    assert "an-a" not in update(plone, server, "-lssoa").out


def test_lists_show_the_names_that_people_use_and_nothing_internal(plone: Shell, server: LocalTypesense) -> None:
    update(plone, server, "--add-search-only-apikey -p plone")
    update(plone, server, "--add-alias -s packages -t plone")

    assert update(plone, server, "-lsa").out.splitlines() == ["packages → plone", "plone → plone-1"]
    assert update(plone, server, "-lsn").out.splitlines() == ["packages", "plone"]
    assert "_pyf" not in update(plone, server, "-ls").out
    assert f"typesense {server.url}, size unknown\n" in update(plone, server, "--info").out


def test_a_bare_collection_becomes_an_alias_when_the_gap_is_confirmed(plone: Shell, server: LocalTypesense) -> None:
    bare(server)
    documents = dict(server.store.collection("plone").documents)

    asked = update(plone, server, "--recreate-collection -t plone")
    assert asked.code == 2
    assert "a moment in between in which the name leads nowhere" in asked.err
    assert server.store.aliases == {}

    assert update(plone, server, "--recreate-collection -t plone -f").code == 0
    assert server.store.aliases == {"plone": "plone-1"}
    assert server.store.collection("plone").documents.keys() == documents.keys()


def test_an_aliased_collection_is_not_deleted_under_its_alias(plone: Shell, server: LocalTypesense) -> None:
    refused = update(plone, server, "--delete-collection plone -f")

    assert (refused.code, "plone-1" in refused.error) == (2, True)
    assert update(plone, server, "--delete-collection plone-1 -f").code == 0
    assert server.store.aliases == {}


def test_a_collection_moves_from_a_file_to_a_server_and_back_unchanged(shell: Shell, server: LocalTypesense) -> None:
    shell.call("-f", "-p", "plone")
    shell.call("--export", "first.jsonl.gz", "-p", "plone", command="pyfupdater")

    there = update(shell, server, "--import first.jsonl.gz -p plone")
    back = update(shell, server, "--export second.jsonl.gz -p plone")

    assert (there.code, back.code) == (0, 0)
    first, second = ((shell.folder / f"{name}.jsonl.gz").read_bytes() for name in ("first", "second"))
    assert first == second


def test_an_older_programs_collection_is_taken_over_by_one_command_when_the_gap_is_confirmed(
    shell: Shell, server: LocalTypesense
) -> None:
    older.make(server.store, "plone")
    take_over = ("-f", "-p", "plone", "--recreate-collection")

    asked = shell.call(*take_over, **of_server(server))
    assert asked.code == 2
    assert "a moment in between in which the name leads nowhere" in asked.error
    assert older.ids(server.store, "plone") == older.UNTOUCHED

    done = shell.call(*take_over, "-y", **of_server(server))
    assert done.code == 0
    assert "not of this schema and are gone: documentation_score, github_hype" in done.err
    assert server.store.aliases == {"plone": "plone-1"}
    assert shell.call("--show", "plone.api", "-p", "plone", **of_server(server)).report["github_stars"] == 7
