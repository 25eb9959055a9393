"""`pyfupdater` with an index on a Typesense server."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support import legacy_collection
from support.cli_runner import CommandRunner, CompletedCommand
from support.registry_world import build_server_settings
from support.typesense_fake import ADMIN_KEY, LocalTypesense


@pytest.fixture
def server() -> Iterator[LocalTypesense]:
    with LocalTypesense() as server:
        yield server


@pytest.fixture
def plone(shell: CommandRunner, server: LocalTypesense) -> CommandRunner:
    """A user with a collection of Plone on the server."""
    assert shell.invoke("-f", "-p", "plone", **build_server_settings(server)).code == 0
    return shell


def run_updater(shell: CommandRunner, server: LocalTypesense, arguments: str) -> CompletedCommand:
    return shell.invoke(*arguments.split(), command="pyfupdater", **build_server_settings(server))


def search_server(server: LocalTypesense, collection: str, key: str) -> int:
    """Return the status with which the server answers a search."""
    headers = {"X-TYPESENSE-API-KEY": key}
    query = {"q": "*"}
    return httpx.get(
        f"{server.url}/collections/{collection}/documents/search", params=query, headers=headers
    ).status_code


def list_keys(server: LocalTypesense) -> list[dict[str, Any]]:
    answer = httpx.get(f"{server.url}/keys", headers={"X-TYPESENSE-API-KEY": ADMIN_KEY}).json()
    keys: list[dict[str, Any]] = answer["keys"]
    return keys


def rename_to_unaliased(server: LocalTypesense) -> None:
    """Have the collection bear the name itself, as an older program of this schema would have it."""
    aliased = server.store.collection("plone-1")
    described, documents = aliased.describe(), dict(aliased.documents)
    server.store.delete_alias("plone")
    server.store.drop("plone-1")
    collection = server.store.create({**described, "name": "plone"})
    for document in documents.values():
        collection.write(document, "create", "reject")


def test_key_is_valid_until_deleted(plone: CommandRunner, server: LocalTypesense) -> None:
    new_key = run_updater(plone, server, "--add-search-only-apikey -p plone")
    value = new_key.out.strip()
    assert [search_server(server, name, value) for name in ("plone", "plone-1", "plone-private")] == [200, 200, 401]

    run_updater(plone, server, "--recreate-collection -p plone")
    listed = run_updater(plone, server, "-lssoa")

    assert search_server(server, "plone", value) == search_server(server, "plone-2", value) == 200
    assert value not in listed.out
    assert value[:4] in listed.out
    duplicate = run_updater(plone, server, f"--add-search-only-apikey -p plone -key {value}")
    assert (duplicate.code, duplicate.error) == (2, "there is a key of that value already: choose another one")
    (identifier,) = (key["id"] for key in list_keys(server))
    assert run_updater(plone, server, f"--delete-apikey {identifier} -f").code == 0
    assert search_server(server, "plone", value) == 401
    ended = run_updater(plone, server, f"--delete-apikey {identifier} -f")
    assert ended.error.startswith(f"Key {identifier} does not exist")


def test_search_preset_is_named_like_collection(plone: CommandRunner, server: LocalTypesense) -> None:
    done = run_updater(plone, server, "--add-search-preset -p plone")

    assert (done.code, done.err.splitlines()[-1]) == (0, "Stored. Clients of the server use it with preset=plone.")
    fields = {field["name"] for field in server.store.collection("plone").fields}
    preset = server.store.presets["plone"]
    assert fields.issuperset(preset["query_by"].split(",") + preset["facet_by"].split(","))
    assert len(preset["query_by"].split(",")) == len(preset["query_by_weights"].split(","))
    assert "Collection nowhere does not exist" in run_updater(plone, server, "--add-search-preset -t nowhere").error


def test_search_preset_requires_typesense(shell: CommandRunner) -> None:
    assert shell.invoke("-f", "-p", "plone").code == 0

    refused = shell.invoke("--add-search-preset", "-p", "plone", command="pyfupdater")

    assert (refused.code, refused.error.startswith("search presets are stored on a Typesense server")) == (2, True)


def test_lists_omit_keys_with_more_rights(plone: CommandRunner, server: LocalTypesense) -> None:
    key: dict[str, Any] = {"description": "all", "actions": ["*"], "collections": ["*"], "value": "an-admins-key"}
    httpx.post(f"{server.url}/keys", json=key, headers={"X-TYPESENSE-API-KEY": ADMIN_KEY})

    assert "an-a" not in run_updater(plone, server, "-lssoa").out


def test_lists_omit_internal_names(plone: CommandRunner, server: LocalTypesense) -> None:
    run_updater(plone, server, "--add-search-only-apikey -p plone")
    run_updater(plone, server, "--add-alias -s packages -t plone")

    assert run_updater(plone, server, "-lsa").out.splitlines() == ["packages → plone", "plone → plone-1"]
    assert run_updater(plone, server, "-lsn").out.splitlines() == ["packages", "plone"]
    assert "_pyf" not in run_updater(plone, server, "-ls").out
    assert f"typesense {server.url}, size unknown\n" in run_updater(plone, server, "--info").out


def test_recreate_unaliased_requires_confirmation(plone: CommandRunner, server: LocalTypesense) -> None:
    rename_to_unaliased(server)
    documents = dict(server.store.collection("plone").documents)

    refusal = run_updater(plone, server, "--recreate-collection -t plone")
    assert refusal.code == 2
    assert "the name is unavailable for a moment" in refusal.err
    assert server.store.aliases == {}

    assert run_updater(plone, server, "--recreate-collection -t plone -f").code == 0
    assert server.store.aliases == {"plone": "plone-1"}
    assert server.store.collection("plone").documents.keys() == documents.keys()


def test_public_name_deletes_the_alias_and_its_collection(plone: CommandRunner, server: LocalTypesense) -> None:
    question = run_updater(plone, server, "--delete-collection plone")

    assert (question.code, "plone-1" in question.error) == (2, True)
    assert server.store.aliases != {}
    assert run_updater(plone, server, "--delete-collection plone -f").code == 0
    assert server.store.aliases == {}
    assert "plone-1" not in server.store.collections


def test_export_import_between_engines(shell: CommandRunner, server: LocalTypesense) -> None:
    shell.invoke("-f", "-p", "plone")
    shell.invoke("--export", "first.jsonl.gz", "-p", "plone", command="pyfupdater")

    import_result = run_updater(shell, server, "--import first.jsonl.gz -p plone")
    back = run_updater(shell, server, "--export second.jsonl.gz -p plone")

    assert (import_result.code, back.code) == (0, 0)
    first, second = ((shell.folder / f"{name}.jsonl.gz").read_bytes() for name in ("first", "second"))
    assert first == second


def test_legacy_collection_takeover_requires_confirmation(shell: CommandRunner, server: LocalTypesense) -> None:
    legacy_collection.create_legacy_collection(server.store, "plone")
    take_over = ("-f", "-p", "plone", "--recreate-collection")

    refusal = shell.invoke(*take_over, **build_server_settings(server))
    assert refusal.code == 2
    assert "the name is unavailable for a moment" in refusal.error
    assert legacy_collection.list_ids(server.store, "plone") == legacy_collection.LEGACY_IDS

    done = shell.invoke(*take_over, "-y", **build_server_settings(server))
    assert done.code == 0
    assert "not part of the schema were dropped: documentation_score, github_hype" in done.err
    assert server.store.aliases == {"plone": "plone-1"}
    assert (
        shell.invoke("--show", "plone.api", "-p", "plone", **build_server_settings(server)).report["repository_stars"]
        == 7
    )
