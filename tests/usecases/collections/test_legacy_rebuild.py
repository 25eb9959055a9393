"""A collection that an older program of this schema has made on a server is taken over by one rebuild."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.domain.collection import CollectionState, ExportHeader, ExportLine
from pyf.aggregator.domain.errors import Invalid, NotFound
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.yaml_format import parse_yaml_projects
from pyf.aggregator.usecases.collections.merge import merge_collection
from pyf.aggregator.usecases.collections.overview import get_collection, list_collections, read_details, read_overview
from pyf.aggregator.usecases.collections.rebuild import rebuild_from_copy
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.collections.transfer import import_collection
from pyf.aggregator.usecases.enrich.downloads import copy_from_other_collections, list_by_last_check
from pyf.aggregator.usecases.enrich.repositories import enrich_repositories
from support import legacy_collection
from support.registry_world import Clock, World, build_server_settings, open_world
from support.typesense_fake import LocalTypesense
from usecases.conftest import PROJECTS


@pytest.fixture
def server() -> Iterator[LocalTypesense]:
    with LocalTypesense() as server:
        yield server


@pytest.fixture
def user(server: LocalTypesense, tmp_path: Path) -> Iterator[World]:
    """One who works on the collection `plone`, whatever is there by that name."""
    clock = Clock()
    with open_world(
        FakeRegistry(parse_yaml_projects(PROJECTS), clock=clock), tmp_path, clock=clock, **build_server_settings(server)
    ) as made:
        yield made


@pytest.fixture(params=["alias", "bare"])
def taken_over(request: pytest.FixtureRequest, server: LocalTypesense, user: World) -> World:
    """The same with an older program's collection, behind the alias `plone` or bearing that name itself."""
    if request.param == "alias":
        legacy_collection.create_legacy_collection(server.store, "packages1", alias="plone")
    else:
        legacy_collection.create_legacy_collection(server.store, "plone")
    return user


def list_collection_aliases(user: World) -> dict[str, tuple[str, ...]]:
    return {each.name: each.aliases for each in user.deps.admin.list_collections()}


def test_one_rebuild_takes_it_over(taken_over: World) -> None:
    report = taken_over.recreate()

    assert report.is_complete, report
    assert taken_over.stored() == taken_over.expected()
    assert list_collection_aliases(taken_over) == {"plone-1": ("plone",)}
    assert taken_over.changes().is_complete


def test_what_was_known_of_a_project_is_known_of_all_its_releases(taken_over: World) -> None:
    """Whatever spelling and release it was noted at: what was read last, as a number though it be text or a float."""
    taken_over.recreate()

    for document in taken_over.deps.index.get_project_documents("plone", "plone.api"):
        flat = document.to_dict()
        told = {name: flat[name] for name in ("github_stars", "github_updated", "download_last_month")}
        assert told == {"github_stars": 7, "github_updated": 1_700_000_000, "download_last_month": 9}
    one = taken_over.document("collective.one")
    assert (one["download_total"], one["download_last_month"]) == (4711, 2)


def test_who_does_not_come_along_leaves_a_tombstone(taken_over: World) -> None:
    taken_over.recreate()

    stones = {stone.name: stone.reason for stone in taken_over.deps.index.tombstones("plone")}
    assert stones.keys() == {"gone", "left-plone"}
    assert stones["gone"] == "both the JSON API and the Simple API report it as removed"


def test_fields_that_nobody_knows_any_more_are_named(taken_over: World) -> None:
    report = taken_over.recreate()

    (notice,) = (notice for notice in report.notices if "not part of the schema" in notice)
    assert notice.endswith(": documentation_score, github_hype")


def test_a_quarantined_project_leaves_a_tombstone_because_its_documents_are_of_another_kind(taken_over: World) -> None:
    taken_over.fake_registry.quarantine("collective.one")

    report = taken_over.recreate()

    assert report.is_complete
    stone = taken_over.deps.index.get_tombstone("plone", "collective.one")
    assert stone is not None
    assert "quarantined" in stone.reason


def test_a_project_that_can_not_be_read_keeps_the_old_one_where_it_is(
    server: LocalTypesense, taken_over: World
) -> None:
    before = list_collection_aliases(taken_over)
    taken_over.pypi.faults.add(Fault("503", project="gone"))

    report = taken_over.recreate()

    assert report.failed == ["gone"]
    assert list_collection_aliases(taken_over) == before
    assert legacy_collection.list_ids(server.store, "plone") == legacy_collection.LEGACY_IDS


def test_a_filter_that_would_lose_many_of_it_is_refused(server: LocalTypesense, user: World) -> None:
    for number in range(30):
        user.fake_registry.publish(f"other.n{number}", "1.0")
    more = [{"id": f"other.n{n}-1.0", "name": f"other.n{n}", "version": "1.0"} for n in range(30)]
    legacy_collection.create_legacy_collection(
        server.store, "plone", documents=[*legacy_collection.LEGACY_DOCUMENTS, *more]
    )

    report = user.recreate()

    assert report.removal_refused
    assert list_collection_aliases(user) == {"plone": ()}
    assert user.recreate(allow_mass_removal=True).is_complete
    assert user.stored() == user.expected()


def test_what_fills_it_has_to_be_named(server: LocalTypesense, taken_over: World) -> None:
    report = taken_over.recreate(target=Target(collection="plone"))

    assert "was not filled by this program" in str(report.error)
    assert legacy_collection.list_ids(server.store, "plone") == legacy_collection.LEGACY_IDS
    assert "plone-1" not in list_collection_aliases(taken_over)


def test_no_other_run_touches_it(server: LocalTypesense, taken_over: World) -> None:
    """It remembers no filter, by which every project of it would have to leave."""
    fields = list(server.store.collection("plone").fields)

    for run in (taken_over.fetch, taken_over.changes, taken_over.refresh):
        for target in (Target(collection="plone", filter=taken_over.filter), Target(collection="plone")):
            report = run(target=target)
            assert isinstance(report.error, Invalid)
            assert "--recreate-collection" in str(report.error)
    enriched = enrich_repositories(taken_over.deps, Target(collection="plone"))
    assert "--recreate-collection" in str(enriched.error)

    assert legacy_collection.list_ids(server.store, "plone") == legacy_collection.LEGACY_IDS
    assert server.store.collection("plone").fields == fields


def test_a_copy_without_pypi_names_the_command_that_takes_it_over(server: LocalTypesense, taken_over: World) -> None:
    report = rebuild_from_copy(taken_over.deps, Target(collection="plone"))

    assert "pyfaggregator -f -t plone --recreate-collection" in str(report.error)
    assert legacy_collection.list_ids(server.store, "plone") == legacy_collection.LEGACY_IDS
    assert "plone-1" not in list_collection_aliases(taken_over)


def test_it_is_neither_copied_into_another_one_nor_added_to(server: LocalTypesense, taken_over: World) -> None:
    deps = taken_over.deps
    deps.admin.create("other", deps.index.get_state("plone"))
    lines = [ExportLine(number=1, entry=ExportHeader(state=CollectionState(filter=taken_over.filter)))]

    reports = [
        merge_collection(deps, "plone", "new"),
        merge_collection(deps, "other", "plone"),
        import_collection(deps, Target(collection="plone"), lines),
    ]

    assert all("To take it over, run" in str(report.error) for report in reports)
    assert legacy_collection.list_ids(server.store, "plone") == legacy_collection.LEGACY_IDS
    assert deps.index.get_state("plone").filter == Filter()
    assert "new" not in {name for names in list_collection_aliases(taken_over).values() for name in names}


def test_it_is_listed_with_what_can_be_told_of_it(taken_over: World) -> None:
    (listed,) = read_overview(taken_over.deps).collections

    told = read_details(taken_over.deps, listed)

    assert (told.filter, told.projects, told.documents, told.cursor) == ("another program", 4, 7, None)


def test_what_holds_no_packages_is_not_listed_and_never_taken_over(server: LocalTypesense, user: World) -> None:
    server.store.create({"name": "plone", "fields": [{"name": "title", "type": "string"}]})
    server.store.collection("plone").write({"id": "1", "title": "Hello"}, "create", "reject")
    assert not read_overview(user.deps).collections

    report = user.recreate()

    assert "holds no packages" in str(report.error)
    assert legacy_collection.list_ids(server.store, "plone") == ["1"]


def test_readers_are_shown_no_collection_of_another_program(server: LocalTypesense, user: World) -> None:
    legacy_collection.create_legacy_collection(server.store, "packages1")
    server.store.create({"name": "shop", "fields": [{"name": "name", "type": "string"}]})
    user.fetch()

    assert [each.collection.key for each in list_collections(user.deps, {})] == ["plone"]
    for name in ("packages1", "shop"):
        with pytest.raises(NotFound):
            get_collection(user.deps, {}, name)


def test_downloads_of_other_programs_collections_are_not_copied(server: LocalTypesense, user: World) -> None:
    legacy_collection.create_legacy_collection(server.store, "packages1")
    server.store.create({"name": "shop", "fields": [{"name": "name", "type": "string"}]})
    user.fetch()
    wanted = {standing.name: standing for standing in list_by_last_check(user.deps, "plone")}

    assert not list(copy_from_other_collections(user.deps, "plone", wanted, "pypistats", 0))


def test_other_collections_of_the_server_are_left_alone(server: LocalTypesense, user: World) -> None:
    legacy_collection.create_legacy_collection(server.store, "packages1")
    user.fetch()
    user.recreate()

    assert sorted(list_collection_aliases(user)) == ["packages1", "plone-2"]
    assert legacy_collection.list_ids(server.store, "packages1") == legacy_collection.LEGACY_IDS
