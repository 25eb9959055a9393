"""What every engine that keeps documents must do."""

from collections.abc import Sequence
from typing import Any

import pytest
from builders import collection_state, project_documents, registry_fields
from engines import Engine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyf.aggregator.domain.collection import Holding, Recheck, Tombstone
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.domain.release import File, Vulnerability
from pyf.aggregator.domain.schema import DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.ports import PackageIndex, ProjectDocuments

PLONE = "plone-1"
GONE = Tombstone(name="plone-api", removed_at=1_700_000_000, reason="the registry says it is gone")


@pytest.fixture(autouse=True)
def collection(engine: Engine) -> str:
    engine.admin.create(PLONE, collection_state(), alias="plone")
    return PLONE


def versions(index: PackageIndex, name: str) -> list[str]:
    return [document.registry.version for document in index.documents(PLONE, name)]


def shown(index: PackageIndex, name: str) -> list[dict[str, Any]]:
    return [document.as_mapping() for document in index.documents(PLONE, name)]


def test_what_was_put_is_there_as_it_was(index: PackageIndex) -> None:
    document = registry_fields(
        "Plone.API",
        "1.0",
        title="A title",
        classifiers=("Framework :: Plone", "Framework :: Plone :: 6.0"),
        project_urls={"Source": "https://git.example/plone.api", "Homepage": "https://plone.example"},
        urls=(
            File(
                filename="plone_api-1.0.tar.gz",
                url="https://files.pypi.example/plone_api-1.0.tar.gz",
                size=3_000_000_000,
                packagetype="sdist",
                upload_time=1_700_000_000,
                sha256="00ff",
                yanked=False,
            ),
        ),
        vulnerabilities=(Vulnerability(id="PYSEC-1", aliases=("CVE-1",), fixed_in=("2.0",)),),
    )

    rejections = index.put(PLONE, [ProjectDocuments(name_normalized="plone-api", documents=(document,))])

    assert not rejections
    assert [found.registry for found in index.documents(PLONE, "plone-api")] == [document]


def test_a_project_is_found_under_every_spelling_of_its_name(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("Plone.API")])

    found = [versions(index, spelling) for spelling in ("Plone.API", "plone-api", "PLONE_api", "plone.-_api")]

    assert found == [["2.0.0"]] * 4


def test_a_project_that_is_not_there_has_no_documents(index: PackageIndex) -> None:
    assert index.documents(PLONE, "plone.api") == []
    assert index.documents(PLONE, "no name \udc80 at all'") == []


def test_the_newest_release_comes_first_then_the_higher_versions(index: PackageIndex) -> None:
    documents = [
        registry_fields(version=version, is_newest=version == "1.10")
        for version in ("1.9", "3.0a1", "1.10", "0.1", "2.0")
    ]

    index.put(PLONE, [ProjectDocuments(name_normalized="plone-api", documents=tuple(documents))])

    assert versions(index, "plone.api") == ["1.10", "2.0", "1.9", "0.1", "3.0a1"]


def test_a_put_replaces_the_documents_of_its_projects_and_of_no_other(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("a", "1.0", "2.0"), project_documents("b", "1.0")])

    index.put(PLONE, [project_documents("a", "2.0", "3.0", summary="new")])

    assert versions(index, "a") == ["3.0", "2.0"]
    assert {document["summary"] for document in shown(index, "a")} == {"new"}
    assert versions(index, "b") == ["1.0"]


def test_a_project_that_spells_its_name_anew_has_new_ids_only(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("plone-api", "1.0")])

    index.put(PLONE, [project_documents("Plone.API", "1.0")])

    assert [document["id"] for document in shown(index, "plone-api")] == ["Plone.API-1.0"]


def test_a_put_of_the_same_documents_changes_nothing(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("a", "1.0", "2.0")])
    before = shown(index, "a")

    index.put(PLONE, [project_documents("a", "1.0", "2.0")])

    assert shown(index, "a") == before


def test_the_same_project_twice_in_one_put_is_as_the_second_says(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("a", "1.0", "2.0"), project_documents("a", "3.0")])

    assert versions(index, "a") == ["3.0"]


def test_a_project_put_without_documents_is_not_there(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("a", "1.0")])

    index.put(PLONE, [ProjectDocuments(name_normalized="a", documents=())])

    assert versions(index, "a") == []
    assert list(index.holdings(PLONE)) == []
    assert index.tombstone(PLONE, "a") is None


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_a_number_beyond_64_bits_is_rejected_and_keeps_nothing_else_out(index: PackageIndex, number: int) -> None:
    wrong = registry_fields("a", "1.0", upload_timestamp=number)
    right = registry_fields("a", "2.0", upload_timestamp=2**63 - 1)

    rejections = index.put(
        PLONE, [ProjectDocuments(name_normalized="a", documents=(wrong, right)), project_documents("b")]
    )

    assert [rejection.id for rejection in rejections] == ["a-1.0"]
    assert "upload_timestamp" in rejections[0].reason
    assert versions(index, "a") == ["2.0"]
    assert versions(index, "b") == ["2.0.0"]


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_any_text_comes_back_as_it_was(index: PackageIndex, text: str) -> None:
    project = project_documents("a", "1.0", summary=text, keywords=(text,), project_urls={text: text})

    index.put(PLONE, [project])

    assert [document.registry for document in index.documents(PLONE, "a")] == list(project.documents)


def test_half_a_surrogate_pair_costs_one_character_and_no_release(index: PackageIndex) -> None:
    broken = project_documents(
        "a", "1.0", summary="be\udc80fore", project_urls={"\ud800": "x"}, maintainers=("\udfff",)
    )

    rejections = index.put(PLONE, [broken, project_documents("b")])

    assert not rejections
    found = index.documents(PLONE, "a")[0].registry
    assert (found.summary, found.project_urls, found.maintainers) == ("be\ufffdfore", {"\ufffd": "x"}, ("\ufffd",))
    assert versions(index, "b") == ["2.0.0"]


def test_a_change_to_a_value_that_was_put_or_read_does_not_reach_the_index(index: PackageIndex) -> None:
    given = registry_fields("a", "1.0", project_urls={"Source": "https://git.example"})
    index.put(PLONE, [ProjectDocuments(name_normalized="a", documents=(given,))])

    given.project_urls["Source"] = "changed"
    index.documents(PLONE, "a")[0].registry.project_urls["Source"] = "changed"

    assert index.documents(PLONE, "a")[0].registry.project_urls == {"Source": "https://git.example"}


def test_every_release_of_a_project_gets_another_owners_fields(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("a", "1.0", "2.0"), project_documents("b", "1.0")])

    updated = index.update(PLONE, {"a": RepositoryFields(github_stars=7)})

    assert updated == 1
    assert [document["github_stars"] for document in shown(index, "a")] == [7, 7]
    assert "github_stars" not in shown(index, "b")[0]


def test_a_registry_write_leaves_the_other_owners_fields(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("a", "1.0")])
    index.update(PLONE, {"a": RepositoryFields(github_stars=7)})
    index.update(PLONE, {"a": DownloadFields(download_last_day=9, download_history={"2026-01": 3})})
    index.update(PLONE, {"a": HealthFields(health_score=50, health_score_breakdown={"facts": [1, 2]})})

    index.put(PLONE, [project_documents("a", "1.0", summary="new")])

    (document,) = shown(index, "a")
    assert document["summary"] == "new"
    assert (document["github_stars"], document["download_last_day"], document["health_score"]) == (7, 9, 50)
    assert document["download_history"] == {"2026-01": 3}
    assert document["health_score_breakdown"] == {"facts": [1, 2]}


def test_a_new_release_of_an_enriched_project_has_its_stars_at_once(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("a", "1.0")])
    index.update(PLONE, {"a": RepositoryFields(github_stars=7)})

    index.put(PLONE, [project_documents("a", "2.0")])

    assert [(document["version"], document["github_stars"]) for document in shown(index, "a")] == [("2.0", 7)]


def test_an_update_replaces_all_fields_of_its_owner_and_none_of_another(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("a")])
    index.update(PLONE, {"a": RepositoryFields(github_stars=7, github_url="https://git.example/a")})
    index.update(PLONE, {"a": DownloadFields(download_last_day=9)})

    index.update(PLONE, {"a": RepositoryFields(github_stars=8)})

    (document,) = shown(index, "a")
    assert "github_url" not in document
    assert (document["github_stars"], document["download_last_day"]) == (8, 9)


def test_an_update_creates_no_project(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("a")])

    updated = index.update(PLONE, {"a": RepositoryFields(github_stars=1), "b": RepositoryFields(github_stars=2)})
    index.put(PLONE, [project_documents("b")])

    assert updated == 1
    assert "github_stars" not in shown(index, "b")[0]


def test_an_update_with_the_values_that_are_there_counts_as_one(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("a")])

    counts = [index.update(PLONE, {"a": RepositoryFields(github_stars=1)}) for _ in range(2)]

    assert counts == [1, 1]


def test_a_removed_project_leaves_its_tombstone_and_nothing_else(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("Plone.API", "1.0", "2.0"), project_documents("b")])
    index.update(PLONE, {"plone-api": RepositoryFields(github_stars=7)})

    removed = index.remove(PLONE, [GONE])

    assert removed == 1
    assert versions(index, "plone.api") == []
    assert [holding.name_normalized for holding in index.holdings(PLONE)] == ["b"]
    assert [document.registry.name for document in index.export(PLONE)] == ["b"]
    assert index.tombstone(PLONE, "Plone.API") == GONE


def test_a_project_that_comes_back_has_no_tombstone_and_no_old_stars(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("plone.api")])
    index.update(PLONE, {"plone-api": RepositoryFields(github_stars=7)})
    index.remove(PLONE, [GONE])

    index.put(PLONE, [project_documents("plone.api")])

    assert index.tombstone(PLONE, "plone.api") is None
    assert "github_stars" not in shown(index, "plone.api")[0]


def test_a_project_that_was_not_there_gets_a_tombstone_too(index: PackageIndex) -> None:
    """A rebuild has to say of a project that it never held why it does not."""
    removed = index.remove(PLONE, [GONE])

    assert removed == 0
    assert index.tombstone(PLONE, "plone.api") == GONE


def test_a_second_removal_leaves_the_first_ones_tombstone(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("plone.api")])
    index.remove(PLONE, [GONE])

    removed = index.remove(PLONE, [Tombstone(name="plone-api", removed_at=1_800_000_000, reason="another")])

    assert removed == 0
    assert index.tombstone(PLONE, "plone.api") == GONE


def test_held_gives_what_is_there_of_the_asked_newest_first(index: PackageIndex) -> None:
    projects = [project_documents("a", "1.0", "2.0"), project_documents("b"), project_documents("c")]
    index.put(PLONE, projects)
    index.update(PLONE, {"a": RepositoryFields(github_stars=7)})

    held = index.held(PLONE, (name for name in ("a", "c", "nowhere")))

    one, two = projects[0].documents
    assert {name: list(documents) for name, documents in held.items()} == {
        "a": [two, one],
        "c": list(projects[2].documents),
    }


def test_held_of_nothing_is_nothing(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("a")])

    assert index.held(PLONE, []) == {}


def test_a_holding_sums_a_project_up_by_its_lowest_values(index: PackageIndex) -> None:
    documents = (
        registry_fields("a", "1.0", is_newest=False, last_serial=5, composed_with=2, status_checked=30),
        registry_fields("a", "2.0", last_serial=7, composed_with=1, status_checked=10, project_status="archived"),
        registry_fields("a", "0.9", is_newest=False, last_serial=0, composed_with=3, status_checked=20),
    )

    index.put(PLONE, [ProjectDocuments(name_normalized="a", documents=documents)])

    assert list(index.holdings(PLONE)) == [
        Holding(
            name_normalized="a",
            last_serial=0,
            composed_with=1,
            status_checked=10,
            project_status="archived",
            releases=3,
        )
    ]


def names_of(count: int) -> list[str]:
    return [f"project-{number}" for number in range(count)]


def test_holdings_come_by_name_however_many_there_are(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents(name) for name in names_of(1234)])

    found = [holding.name_normalized for holding in index.holdings(PLONE)]

    assert found == sorted(names_of(1234))


def test_an_export_comes_by_name_and_version(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents("b", "1.0"), project_documents("a-b", "1.0"), project_documents("A", "2.0")])
    index.put(PLONE, [project_documents("a", "1.10", "1.9", "2.0a1", "not a version")])

    found = [(document.registry.name_normalized, document.registry.version) for document in index.export(PLONE)]

    assert found == [
        ("a", "not a version"),
        ("a", "2.0a1"),
        ("a", "1.9"),
        ("a", "1.10"),
        ("a-b", "1.0"),
        ("b", "1.0"),
    ]


def test_an_export_shows_all_owners_fields_of_every_document(index: PackageIndex) -> None:
    index.put(PLONE, [project_documents(name, "1.0", "2.0") for name in names_of(250)])
    index.update(PLONE, {name: RepositoryFields(github_stars=len(name)) for name in names_of(250)})
    index.update(PLONE, {"project-7": DownloadFields(download_last_day=3)})

    exported = [document.as_mapping() for document in index.export(PLONE)]

    assert [document["github_stars"] for document in exported] == [len(document["name"]) for document in exported]
    assert {document["id"] for document in exported if "download_last_day" in document} == {
        "project-7-1.0",
        "project-7-2.0",
    }
    assert len(exported) == 500


@pytest.mark.parametrize("listing", ["holdings", "export"])
def test_a_listing_goes_on_while_others_write(index: PackageIndex, listing: str) -> None:
    """What was there from the first to the last is in it once."""
    index.put(PLONE, [project_documents(name) for name in names_of(600)])
    going_on = getattr(index, listing)(PLONE)
    next(going_on)

    index.remove(PLONE, [Tombstone(name="project-99", removed_at=1, reason="")])
    index.put(PLONE, [project_documents("zope"), project_documents("project-98", summary="new")])

    assert len(list(going_on)) in range(598, 601)


@pytest.mark.parametrize("listing", ["holdings", "export"])
def test_a_listing_stays_with_its_collection_when_the_alias_moves(
    engine: Engine, index: PackageIndex, listing: str
) -> None:
    index.put(PLONE, [project_documents(name) for name in names_of(600)])
    engine.admin.create("plone-2", collection_state())
    going_on = getattr(index, listing)("plone")
    next(going_on)

    engine.admin.point("plone", "plone-2")

    assert len(list(going_on)) == 599


@pytest.mark.parametrize("listing", ["holdings", "export"])
def test_a_listing_of_a_collection_that_is_dropped_fails_and_does_not_just_end(
    engine: Engine, index: PackageIndex, listing: str
) -> None:
    """Whoever took the short list for the whole would miss the rest."""
    index.put(PLONE, [project_documents(name) for name in names_of(600)])
    going_on = getattr(index, listing)(PLONE)
    next(going_on)

    engine.admin.drop(PLONE)

    with pytest.raises(NotFound):
        list(going_on)


def test_a_collection_remembers_its_state_whole(index: PackageIndex) -> None:
    state = collection_state(
        cursor=12_345_678_901,
        browsed={"Framework :: Plone": 17},
        seen_classifiers=("Framework :: Plone :: 9.9",),
        rechecks={"plone-api": Recheck(serial=5, attempts=2, not_before=1_700_000_000)},
        standby_for="plone",
    )

    index.remember(PLONE, state)

    assert index.state("plone") == state


def test_a_new_collection_has_the_state_that_it_was_made_with(index: PackageIndex) -> None:
    assert index.state(PLONE) == collection_state()


def test_work_on_an_alias_is_work_on_its_collection(engine: Engine, index: PackageIndex) -> None:
    index.put("plone", [project_documents("a"), project_documents("plone.api")])
    index.update("plone", {"a": RepositoryFields(github_stars=7)})
    index.remove("plone", [GONE])
    index.remember("plone", collection_state(cursor=7))

    assert shown(index, "a")[0]["github_stars"] == 7
    assert (index.state(PLONE).cursor, index.tombstone(PLONE, "plone.api")) == (7, GONE)
    assert [h.name_normalized for h in index.holdings("plone")] == ["a"]
    assert list(index.held("plone", ["a"])) == ["a"]


def test_collections_know_nothing_of_one_another(engine: Engine, index: PackageIndex) -> None:
    engine.admin.create("django-1", collection_state("django"))
    for collection in (PLONE, "django-1"):
        index.put(collection, [project_documents("a"), project_documents("plone.api")])

    index.update(PLONE, {"a": RepositoryFields(github_stars=7)})
    index.remove(PLONE, [GONE])
    index.remember(PLONE, collection_state(cursor=7))

    assert [h.name_normalized for h in index.holdings("django-1")] == ["a", "plone-api"]
    assert "github_stars" not in index.documents("django-1", "a")[0].as_mapping()
    assert (index.state("django-1").cursor, index.tombstone("django-1", "plone-api")) == (None, None)


def calls(index: PackageIndex) -> Sequence[Any]:
    return [
        lambda name: index.put(name, [project_documents("a")]),
        lambda name: index.put(name, []),
        lambda name: index.remove(name, [GONE]),
        lambda name: index.remove(name, []),
        lambda name: index.update(name, {"a": RepositoryFields()}),
        lambda name: index.update(name, {}),
        lambda name: index.documents(name, "a"),
        lambda name: index.held(name, ["a"]),
        lambda name: index.held(name, []),
        lambda name: list(index.holdings(name)),
        lambda name: list(index.export(name)),
        lambda name: index.tombstone(name, "a"),
        lambda name: index.state(name),
        lambda name: index.remember(name, collection_state()),
    ]


def test_every_call_on_a_collection_that_does_not_exist_says_so(index: PackageIndex) -> None:
    for call in calls(index):
        with pytest.raises(NotFound, match="nowhere"):
            call("nowhere")


def test_a_put_of_thousands_is_a_put_like_any_other(index: PackageIndex) -> None:
    text = "word " * 2000
    projects = [project_documents(name, "1.0", "2.0", "3.0", description=text) for name in names_of(700)]

    rejections = index.put(PLONE, projects)

    assert not rejections
    assert sum(holding.releases for holding in index.holdings(PLONE)) == 2100
