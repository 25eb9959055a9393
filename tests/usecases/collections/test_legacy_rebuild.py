"""Rebuilds of a collection that an older program created on a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.domain.collection import CollectionState, ExportHeader, ExportLine
from pyf.aggregator.domain.errors import Invalid, NotFound
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.usecases.collections.merge import merge_collection
from pyf.aggregator.usecases.collections.overview import read_details, read_overview
from pyf.aggregator.usecases.collections.public import get_collection, list_collections
from pyf.aggregator.usecases.collections.rebuild import rebuild_from_copy
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.collections.transfer import import_collection
from pyf.aggregator.usecases.enrich.downloads import copy_from_other_collections, list_by_last_check
from pyf.aggregator.usecases.enrich.repositories import enrich_repositories
from support import legacy_collection
from support.registry_world import Clock, World, build_server_settings, open_world
from support.typesense_fake import LocalTypesense
from usecases.conftest import build_plone_registry


@pytest.fixture
def server() -> Iterator[LocalTypesense]:
    with LocalTypesense() as server:
        yield server


@pytest.fixture
def user(server: LocalTypesense, tmp_path: Path) -> Iterator[World]:
    """A world whose collection is `plone`, whether or not it exists."""
    clock = Clock()
    with open_world(build_plone_registry(clock), tmp_path, clock=clock, **build_server_settings(server)) as made:
        yield made


@pytest.fixture(params=["alias", "bare"])
def taken_over(request: pytest.FixtureRequest, server: LocalTypesense, user: World) -> World:
    """The same with a legacy collection, behind the alias `plone` or named `plone` itself."""
    if request.param == "alias":
        legacy_collection.create_legacy_collection(server.store, "packages1", alias="plone")
    else:
        legacy_collection.create_legacy_collection(server.store, "plone")
    return user


def list_collection_aliases(user: World) -> dict[str, tuple[str, ...]]:
    return {each.name: each.aliases for each in user.deps.admin.list_collections()}


def test_rebuild_takes_legacy_collection_over(taken_over: World) -> None:
    report = taken_over.recreate()

    assert report.is_complete, report
    assert taken_over.stored() == taken_over.expected()
    assert list_collection_aliases(taken_over) == {"plone-1": ("plone",)}
    assert taken_over.changes().is_complete


def test_legacy_enrichments_reach_all_releases(taken_over: World) -> None:
    """The latest value of any spelling and release counts, as a number even if it is stored as text or float."""
    taken_over.recreate()

    for document in taken_over.deps.index.get_project_documents("plone", "plone.api"):
        flat = document.to_dict()
        details = {name: flat[name] for name in ("repository_stars", "repository_updated", "download_last_month")}
        assert details == {"repository_stars": 7, "repository_updated": 1_700_000_000, "download_last_month": 9}
    one = taken_over.document("collective.one")
    assert (one["download_total"], one["download_last_month"]) == (4711, 2)


def test_dropped_legacy_package_has_tombstone(taken_over: World) -> None:
    taken_over.recreate()

    stones = {stone.name: stone.reason for stone in taken_over.deps.index.iter_tombstones("plone")}
    assert stones.keys() == {"gone", "left-plone"}
    assert stones["gone"] == "both the JSON API and the Simple API report it as removed"


def test_unknown_legacy_fields_are_reported(taken_over: World) -> None:
    report = taken_over.recreate()

    (notice,) = (notice for notice in report.notices if "not part of the schema" in notice)
    assert notice.endswith(": documentation_score, github_hype")


def test_quarantined_legacy_package_has_tombstone(taken_over: World) -> None:
    taken_over.fake_registry.quarantine("collective.one")

    report = taken_over.recreate()

    assert report.is_complete
    stone = taken_over.deps.index.get_tombstone("plone", "collective.one")
    assert stone is not None
    assert "quarantined" in stone.reason


def test_failing_package_keeps_legacy_collection(server: LocalTypesense, taken_over: World) -> None:
    before = list_collection_aliases(taken_over)
    taken_over.pypi.faults.add(Fault("503", project="gone"))

    report = taken_over.recreate()

    assert report.failed == ["gone"]
    assert list_collection_aliases(taken_over) == before
    assert legacy_collection.list_ids(server.store, "plone") == legacy_collection.LEGACY_IDS


def test_mass_removal_of_legacy_packages_is_refused(server: LocalTypesense, user: World) -> None:
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


def test_legacy_rebuild_needs_profile(server: LocalTypesense, taken_over: World) -> None:
    report = taken_over.recreate(target=Target(collection="plone"))

    assert "was not filled by this program" in str(report.error)
    assert legacy_collection.list_ids(server.store, "plone") == legacy_collection.LEGACY_IDS
    assert "plone-1" not in list_collection_aliases(taken_over)


def test_other_runs_reject_legacy_collection(server: LocalTypesense, taken_over: World) -> None:
    """It has no filter, so that a run would remove every package."""
    fields = [*server.store.collection("plone").fields]

    for run in (taken_over.fetch, taken_over.changes, taken_over.refresh):
        for target in (Target(collection="plone", filter=taken_over.filter), Target(collection="plone")):
            report = run(target=target)
            assert isinstance(report.error, Invalid)
            assert "pyf collection rebuild plone --from-pypi -p " in str(report.error)
    enriched = enrich_repositories(taken_over.deps, Target(collection="plone"))
    assert "pyf collection rebuild plone --from-pypi -p " in str(enriched.error)

    assert legacy_collection.list_ids(server.store, "plone") == legacy_collection.LEGACY_IDS
    assert [*server.store.collection("plone").fields] == fields


def test_copy_of_legacy_collection_names_command(server: LocalTypesense, taken_over: World) -> None:
    report = rebuild_from_copy(taken_over.deps, Target(collection="plone"))

    assert "pyf collection rebuild plone --from-pypi -p PROFILE" in str(report.error)
    assert legacy_collection.list_ids(server.store, "plone") == legacy_collection.LEGACY_IDS
    assert "plone-1" not in list_collection_aliases(taken_over)


def test_merge_and_import_reject_legacy_collection(server: LocalTypesense, taken_over: World) -> None:
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


def test_legacy_collection_is_listed(taken_over: World) -> None:
    (listed,) = read_overview(taken_over.deps).collections

    details = read_details(taken_over.deps, listed)

    assert (details.filter, details.projects, details.documents, details.cursor) == ("another program", 4, 7, None)


def test_collection_without_packages_is_ignored(server: LocalTypesense, user: World) -> None:
    server.store.create({"name": "plone", "fields": [{"name": "title", "type": "string"}]})
    server.store.collection("plone").write({"id": "1", "title": "Hello"}, "create", "reject")
    assert not read_overview(user.deps).collections

    report = user.recreate()

    assert "holds no packages" in str(report.error)
    assert legacy_collection.list_ids(server.store, "plone") == ["1"]


def test_legacy_collection_is_not_public(server: LocalTypesense, user: World) -> None:
    legacy_collection.create_legacy_collection(server.store, "packages1")
    server.store.create({"name": "shop", "fields": [{"name": "name", "type": "string"}]})
    user.fetch()

    assert [each.collection.key for each in list_collections(user.deps, {})] == ["plone"]
    for name in ("packages1", "shop"):
        with pytest.raises(NotFound):
            get_collection(user.deps, {}, name)


def test_legacy_downloads_are_not_copied(server: LocalTypesense, user: World) -> None:
    legacy_collection.create_legacy_collection(server.store, "packages1")
    server.store.create({"name": "shop", "fields": [{"name": "name", "type": "string"}]})
    user.fetch()
    wanted = {standing.name: standing for standing in list_by_last_check(user.deps, "plone")}

    assert not list(copy_from_other_collections(user.deps, "plone", wanted, "pypistats", 0))


def test_rebuild_keeps_other_collections(server: LocalTypesense, user: World) -> None:
    legacy_collection.create_legacy_collection(server.store, "packages1")
    user.fetch()
    user.recreate()

    assert sorted(list_collection_aliases(user)) == ["packages1", "plone-2"]
    assert legacy_collection.list_ids(server.store, "packages1") == legacy_collection.LEGACY_IDS
