"""Test the index on a server beyond its contract: the schema, other programs' collections, and what clients see."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from pyf.aggregator.adapters import typesense
from pyf.aggregator.adapters.typesense import Server, Typesense
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields, RepositoryFields, iter_fields
from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.ports import ProjectDocuments
from pyf.aggregator.sandbox.faults import Fault
from support.builders import build_fields, build_project, build_state
from support.processes import run_python
from support.typesense_fake import ADMIN_KEY, LocalTypesense

Json = dict[str, Any]


@pytest.fixture
def ports(local: LocalTypesense) -> Iterator[Typesense]:
    with closing(Server([local.url], ADMIN_KEY, retry_timeout=1)) as server:
        yield typesense.build_ports(server)


@pytest.fixture
def plone(ports: Typesense) -> Typesense:
    ports.admin.create("plone-1", build_state(), alias="plone")
    return ports


def get_schema(local: LocalTypesense, collection: str = "plone") -> dict[str, Json]:
    return local.store.collection(collection).fields_by_name


def change_field(local: LocalTypesense, name: str, **changes: Any) -> None:
    """Declare a field of the collection in another way."""
    changed = {**get_schema(local)[name], **changes}
    local.store.collection("plone").alter({"fields": [{"name": name, "drop": True}, changed]})


def get_stored_document(local: LocalTypesense, identifier: str) -> Json:
    return local.store.collection("plone").documents[identifier]


def test_created_schema_matches_declaration(local: LocalTypesense, plone: Typesense) -> None:
    stored_fields = get_schema(local)

    assert local.store.collection("plone").separators == (".", "-", "_")
    for field in iter_fields():
        if field.name == "id" or field.kind.startswith("object"):
            assert field.name not in stored_fields
            continue
        found = stored_fields[field.name]
        assert found["type"] == field.kind
        assert found["index"] != field.use.stored_only
        assert found["facet"] == bool(field.use.facet)
        assert found["sort"] or not field.use.sort


def test_documents_are_flat_as_clients_read_them(local: LocalTypesense, plone: Typesense) -> None:
    plone.index.put("plone", [build_project("Plone.API", "1.0", project_urls={"Docs.": "https://docs.example"})])
    plone.index.update("plone", {"plone-api": RepositoryFields(repository_stars=7, repository_topics=("cms",))})

    document = get_stored_document(local, "Plone.API-1.0")

    assert (document["name_normalized"], document["repository_stars"], document["repository_topics"]) == (
        "plone-api",
        7,
        ["cms"],
    )
    assert document["project_urls"] == {"Docs.": "https://docs.example"}
    assert "title" not in document


def test_removed_keys_of_object_are_removed_from_document(local: LocalTypesense, plone: Typesense) -> None:
    """The server merges the keys of an object; a withdrawn link would linger."""
    for links in ({"Source": "https://a.example", "Home": "https://b.example"}, {"Source": "https://c.example"}):
        plone.index.put("plone", [build_project("a", "1.0", project_urls=links)])
    for months in ({"2026-01": 1, "2026-02": 2}, {"2026-02": 3}):
        plone.index.update("plone", {"a": DownloadFields(download_history=months)})
    for breakdown in ({"recency": {"points": 1, "why": "x"}, "caps": []}, {"recency": {"points": 2}}):
        plone.index.update("plone", {"a": HealthFields(health_score_breakdown=breakdown)})

    document = get_stored_document(local, "a-1.0")

    assert document["project_urls"] == {"Source": "https://c.example"}
    assert document["download_history"] == {"2026-02": 3}
    assert document["health_score_breakdown"] == {"recency": {"points": 2}}


def test_null_in_object_is_read_as_missing(plone: Typesense) -> None:
    plone.index.put("plone", [build_project("a", "1.0")])

    plone.index.update("plone", {"a": HealthFields(health_score_breakdown={"why": None, "points": 1})})

    assert plone.index.get_project_documents("plone", "a")[0].to_dict()["health_score_breakdown"] == {"points": 1}


def test_texts_that_are_gone_are_erased(local: LocalTypesense, plone: Typesense) -> None:
    plone.index.put("plone", [build_project("a", "1.0", title="A title", changelog="1.0: new")])

    plone.index.put("plone", [build_project("a", "1.0")])

    assert not {"title", "changelog"} & get_stored_document(local, "a-1.0").keys()


def test_missing_field_is_added_to_collection(local: LocalTypesense, plone: Typesense) -> None:
    """As after an upgrade of the program: documents are there, and were made without it."""
    plone.index.put("plone", [build_project("a", "1.0")])
    names = ("is_newest", "repository_stars")
    local.store.collection("plone").alter({"fields": [{"name": name, "drop": True} for name in names]})

    plone.index.put("plone", [build_project("b", "1.0")])

    assert get_schema(local)["is_newest"]["facet"]
    assert get_schema(local)["repository_stars"]["optional"]
    assert local.requests.by_kind["alter_collection"] == 1


def test_field_with_other_index_options_is_altered(local: LocalTypesense, plone: Typesense) -> None:
    plone.index.put("plone", [build_project("a", "1.0")])
    change_field(local, "keywords", facet=False)
    change_field(local, "summary", stem=False)

    plone.index.put("plone", [build_project("b", "1.0")])

    assert (get_schema(local)["keywords"]["facet"], get_schema(local)["summary"]["stem"]) == (True, True)
    assert local.requests.by_kind["alter_collection"] == 1


@pytest.mark.parametrize(
    ("name", "change"), [("repository_stars", {"type": "int32"}), ("keywords", {"type": "string"})]
)
def test_field_of_another_type_is_an_error_with_hint(
    local: LocalTypesense, plone: Typesense, name: str, change: Json
) -> None:
    change_field(local, name, **change)

    for write in (
        lambda: plone.index.put("plone", [build_project("a", "1.0")]),
        lambda: plone.index.update("plone", {}),
    ):
        with pytest.raises(Invalid, match=rf"plone-1.*{name}.*pyf collection rebuild plone-?1? --from-pypi"):
            write()

    assert not local.store.collection("plone").documents


LEGACY_SCHEMA = {
    "name": "old-1",
    "fields": [
        {"name": "name", "type": "string", "facet": True},
        {"name": "version", "type": "string", "facet": True},
        {"name": "repository_stars", "type": "int32", "optional": True},
    ],
}


@pytest.fixture
def old(local: LocalTypesense, ports: Typesense) -> Typesense:
    """A collection made by an older program: one project under two spellings, and a document without a version."""
    collection = local.store.create(dict(LEGACY_SCHEMA))
    for identifier, name, stars in (("plone.api-1.0", "plone.api", 5), ("plone-api-2.0", "plone-api", 6)):
        document = {"id": identifier, "name": name, "version": "1.0", "repository_stars": stars}
        collection.write(document, "create", "reject")
    collection.write({"id": "plone.app-None", "name": "plone.app", "version": "None"}, "create", "reject")
    local.store.set_alias("old", {"collection_name": "old-1"})
    return ports


def test_legacy_collection_is_listed_with_counts(old: Typesense) -> None:
    (info,) = old.admin.list_collections()

    assert (info.name, info.aliases, info.projects, info.documents) == ("old-1", ("old",), 2, 3)
    assert [(h.name_normalized, h.last_serial, h.release_count) for h in old.index.iter_project_states("old")] == [
        ("plone-api", 0, 2),
        ("plone-app", 0, 1),
    ]
    assert old.index.get_state("old").filter == Filter()


def test_collections_of_other_programs_are_not_changed(old: Typesense, local: LocalTypesense) -> None:
    local.store.create({"name": "shop-1", "fields": [{"name": "name", "type": "string", "facet": True}]})
    local.store.set_alias("shop", {"collection_name": "shop-1"})

    listed = {collection.name: collection.is_native for collection in old.admin.list_collections()}

    assert listed == {"old-1": False}
    assert old.admin.resolve("shop") == "shop-1"


def test_legacy_collection_is_counted_without_reading_it(old: Typesense, local: LocalTypesense) -> None:
    local.requests.clear()

    old.admin.list_collections()

    assert local.requests.by_kind["export"] == 0


def test_legacy_enrichments_are_copied(old: Typesense) -> None:
    old.admin.create("old-2", build_state())
    old.index.put("old-2", [build_project("plone.api", "2.0"), build_project("plone.app", "1.0")])

    old.admin.copy_enrichments("old-1", "old-2")

    enrichments = old.index.get_enrichments("old-2", ["plone-api", "plone-app"])
    assert enrichments["plone-api"].repository == RepositoryFields(repository_stars=5)
    assert "repository_stars" not in old.index.get_project_documents("old-2", "plone.app")[0].to_dict()


def test_legacy_documents_are_not_read_as_own(old: Typesense) -> None:
    with pytest.raises(Invalid, match=r"old-1.*pyf collection rebuild old-?1? --from-pypi"):
        list(old.index.export("old"))


def test_missed_release_gets_shared_fields_with_next_write(local: LocalTypesense, plone: Typesense) -> None:
    """Another process has added it between the look at what is there and the writing."""
    plone.index.put("plone", [build_project("a", "1.0")])
    plone.index.update("plone", {"a": RepositoryFields(repository_stars=7)})
    missed = {
        **get_stored_document(local, "a-1.0"),
        "id": "a-2.0",
        "version": "2.0",
        "repository_stars": 1,
        "written_repository": 1,
    }
    local.store.collection("plone").write(missed, "create", "reject")

    displayed = [document.to_dict()["repository_stars"] for document in plone.index.get_project_documents("plone", "a")]
    plone.index.put("plone", [build_project("a", "1.0", "2.0")])

    assert displayed == [7, 7]
    assert get_stored_document(local, "a-2.0")["repository_stars"] == 7


def test_ids_of_every_kind_can_be_deleted(local: LocalTypesense, plone: Typesense) -> None:
    versions = ["1.0", "1.0+local", "1,0", "a b", "x/y?z#", "100%", "`tick`", "ü", "[1]"]
    plone.index.put("plone", [build_project("a", *versions), build_project("b", "1.0")])

    plone.index.put("plone", [build_project("a", "2.0")])

    assert sorted(local.store.collection("plone").documents) == ["a-2.0", "b-1.0"]


def test_lost_response_keeps_documents_of_the_project(local: LocalTypesense, plone: Typesense) -> None:
    """They are there when they are sent once more."""
    local.faults.add(Fault("half", request="import", times=1))

    rejected = plone.index.put("plone", [build_project("a", "1.0", "1.0+local")])

    assert not rejected
    assert sorted(local.store.collection("plone").documents) == ["a-1.0", "a-1.0+local"]


def test_colliding_id_gets_the_package_name(local: LocalTypesense, plone: Typesense) -> None:
    plone.index.put("plone", [build_project("A", "1.0-2"), build_project("A-1.0", "2")])

    assert {name: document["name"] for name, document in local.store.collection("plone").documents.items()} == {
        "A-1.0-2": "A",
        "A-1.0-2 of a-1-0": "A-1.0",
    }
    assert get_stored_document(local, "A-1.0-2 of a-1-0")["identifier"] == "A-1.0-2"


def test_rejected_document_is_named_and_retried(local: LocalTypesense, plone: Typesense) -> None:
    plone.index.put("plone", [build_project("a", "1.0", last_serial=3)])
    collection = local.store.collection("plone")
    collection.alter({"fields": [{"name": "odd", "type": "bool", "optional": True}]})
    for identifier in collection.documents:
        collection.write({"id": identifier, "odd": True}, "update", "reject")
    change_field(local, "odd", optional=False)

    rejected = plone.index.put("plone", [build_project("a", "1.0", "2.0", last_serial=9)])

    assert [(document.id, document.reason) for document in rejected] == [
        ("a-2.0", "Field `odd` has been declared in the schema, but is not found in the document.")
    ]


def test_name_without_lookup_key_is_rejected(plone: Typesense) -> None:
    odd = ProjectDocuments(name_normalized="Not Normal", documents=(build_fields("Not Normal", "1.0"),))

    rejected = plone.index.put("plone", [odd])

    assert [document.id for document in rejected] == ["Not Normal-1.0"]


def test_names_and_reasons_of_removed_projects_may_be_odd(plone: Typesense) -> None:
    stone = Tombstone(name="od/d name?", removed_at=1, reason="“gone”\nfor good")

    plone.index.remove("plone", [stone])

    assert plone.index.get_tombstone("plone", "od/d name?") == stone


def test_collection_recreated_after_a_crash_has_no_old_tombstones(local: LocalTypesense, plone: Typesense) -> None:
    plone.index.remove("plone", [Tombstone(name="a", removed_at=1, reason="gone")])
    local.store.drop("plone-1")  # and no more: the process has died

    plone.admin.create("plone-1", build_state(), alias="plone")

    assert plone.index.get_tombstone("plone", "a") is None


def test_dangling_alias_is_ignored(local: LocalTypesense, ports: Typesense) -> None:
    local.store.set_alias("plone", {"collection_name": "nowhere"})

    assert ports.admin.resolve("plone") is None
    ports.admin.create("plone", build_state())
    assert local.store.aliases == {}


def test_many_names_are_split_into_requests_of_accepted_length(local: LocalTypesense, plone: Typesense) -> None:
    names = [f"project-with-quite-a-long-name-{number}" for number in range(300)]
    plone.index.put("plone", [build_project(name) for name in names])
    local.requests.clear()

    documents = plone.index.get_documents("plone", names)

    assert sorted(documents) == sorted(names)
    assert local.requests.by_kind["export"] == 3
    assert max(len(request.path) for request in local.requests.log) < 8000


def test_other_peoples_metadata_stays(local: LocalTypesense, plone: Typesense) -> None:
    collection = local.store.collection("plone")
    collection.alter({"metadata": {**collection.metadata, "theirs": {"a": 1}}})

    plone.index.set_state("plone", build_state(cursor=7))

    assert local.store.collection("plone").metadata["theirs"] == {"a": 1}


def test_commands_with_an_index_in_a_file_do_not_import_the_client() -> None:
    program = "import sys, pyf.aggregator.cli.documented.aggregator; print({'typesense', 'httpx'} & sys.modules.keys())"
    with run_python(program) as imported:
        assert imported.stdout is not None
        assert imported.stdout.read() == "set()\n"


def test_package_without_newest_release_is_incomplete(local: LocalTypesense, plone: Typesense) -> None:
    """A server that runs out of space applies the first documents of a request only; the newest release is the last."""
    plone.index.put("plone", [build_project("a", "2.0", "1.0", "3.0", last_serial=7)])
    collection = local.store.collection("plone")
    assert list(collection.documents)[-1] == "a-3.0"

    collection.delete("a-3.0")

    (state,) = plone.index.iter_project_states("plone")
    assert (state.release_count, state.last_serial) == (2, 0)
