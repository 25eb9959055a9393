"""Test rebuilds: the alias points to a complete collection at any time."""

from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.documents.schema import DownloadFields, RepositoryFields
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.usecases.collections.target import Target
from support.registry_world import World


def list_collection_aliases(world: World) -> dict[str, tuple[str, ...]]:
    return {info.name: info.aliases for info in world.deps.admin.list_collections()}


def test_rebuild_moves_alias_and_deletes_old(small: World) -> None:
    small.fetch()

    report = small.recreate()

    assert list_collection_aliases(small) == {"plone-2": ("plone",)}
    assert small.stored() == small.expected()
    assert (report.action, report.collection, report.is_complete) == ("rebuild", "plone", True)
    small.recreate()
    assert list_collection_aliases(small) == {"plone-3": ("plone",)}


def test_rebuild_of_missing_collection_is_fetch(small: World) -> None:
    small.recreate()

    assert list_collection_aliases(small) == {"plone-1": ("plone",)}
    assert small.stored() == small.expected()


def test_rebuild_reads_all_and_reuses_readmes(small: World) -> None:
    small.fetch()
    small.pypi.requests.clear()

    small.recreate()

    assert small.pypi.requests.by_kind["project"] == 4


def test_rebuild_copies_enrichments(small: World) -> None:
    small.fetch()
    small.deps.index.update("plone", {"plone-api": RepositoryFields(repository_stars=86)})
    small.deps.index.update("plone", {"plone-api": DownloadFields(download_last_day=3)})
    small.fake_registry.archive("plone.api")
    small.refresh(sweep_all=True)
    small.fake_registry.remove_project("collective.one")
    small.changes()

    small.recreate()

    document = small.document("plone.api")
    assert (document["repository_stars"], document["download_last_day"]) == (86, 3)
    assert document["project_status"] == "archived"
    assert small.deps.index.get_tombstone("plone", "collective.one") is not None


def test_update_after_rebuild_finds_changes(small: World) -> None:
    small.fetch()
    small.recreate()
    small.fake_registry.publish("plone.api", "2.1")

    small.changes()

    assert small.stored() == small.expected()


def test_incomplete_rebuild_does_not_go_live(small: World) -> None:
    small.fetch()
    before = small.stored()
    small.fake_registry.publish("plone.api", "2.1")
    small.pypi.faults.add(Fault("503", project="collective-one"))

    report = small.recreate()

    assert report.failed == ["collective-one"]
    assert list_collection_aliases(small) == {"plone-1": ("plone",)}
    assert small.stored() == before


def test_rebuild_deletes_only_leftovers(small: World) -> None:
    small.fetch()
    admin = small.deps.admin
    admin.create("plone-2", CollectionState(filter=small.filter, rebuild_of="plone"))
    admin.create("plone-7", CollectionState(filter=small.filter))

    small.recreate()

    assert list_collection_aliases(small) == {"plone-7": (), "plone-8": ("plone",)}


def test_rebuild_with_another_filter(small: World) -> None:
    small.fetch()
    django = Filter(classifiers=("Framework :: Django",))

    report = small.recreate(target=Target(collection="plone", filter=django))

    assert report.is_complete
    assert small.names() == ["django-blog", "left-plone"]
    assert small.deps.index.get_state("plone").filter == django


def test_collection_name_becomes_alias(small: World) -> None:
    small.deps.admin.create("plone", CollectionState(filter=small.filter))
    small.fetch()
    small.deps.index.update("plone", {"plone-api": RepositoryFields(repository_stars=86)})
    small.fake_registry.remove_project("collective.one")

    report = small.recreate()

    assert report.is_complete
    assert list_collection_aliases(small) == {"plone-1": ("plone",)}
    assert small.stored() == small.expected()
    assert small.document("plone.api")["repository_stars"] == 86
    assert small.deps.index.get_tombstone("plone", "collective.one") is not None


def test_incomplete_rebuild_keeps_name(small: World) -> None:
    small.deps.admin.create("plone", CollectionState(filter=small.filter))
    small.fetch()
    small.pypi.faults.add(Fault("503", project="collective-one"))

    report = small.recreate()

    assert report.failed == ["collective-one"]
    assert list_collection_aliases(small) == {"plone": ()}


def test_rebuild_rejects_numbered_name(small: World) -> None:
    small.fetch()

    report = small.recreate(target=Target(collection="plone-1", filter=small.filter))

    assert str(report.error) == "plone-1 is the collection behind plone. Rebuild plone instead."
    assert list_collection_aliases(small) == {"plone-1": ("plone",)}


def test_rebuild_keeps_package_missing_in_search(small: World) -> None:
    """A package missing in a classifier's list is not removed."""
    small.fetch()
    small.fake_registry.publish("plone.api", "4.0", info={"classifiers": ["Framework :: Plone :: 77"]})
    small.changes()
    small.deps.membership_cache.delete_many(small.filter.key, ["plone-api"])
    small.fake_registry.remove_release("plone.api", "1.0")
    for version in ("2.0", "3.0a1"):
        small.fake_registry.remove_release("plone.api", version)

    small.recreate()

    assert "plone-api" in small.names()
    assert small.stored() == small.expected()


def test_rebuild_writes_tombstone(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("plone.api", "4.0", info={"classifiers": []})
    small.fake_registry.remove_project("collective.one")

    report = small.recreate()

    assert report.is_complete
    assert small.names() == ["collective-two"]
    for name in ("plone.api", "collective.one"):
        assert small.deps.index.get_tombstone("plone", name) is not None


def test_rebuild_copies_quarantined_package(small: World) -> None:
    small.fetch()
    small.fake_registry.quarantine("plone.api")

    report = small.recreate()

    assert report.is_complete
    assert small.document("plone.api")["project_status"] == "quarantined"
    assert len(small.deps.index.get_project_documents("plone", "plone.api")) == 3


def test_rebuild_mass_removal_does_not_go_live(small: World) -> None:
    for number in range(30):
        small.fake_registry.publish(f"collective.n{number}", "1.0", info={"classifiers": ["Framework :: Plone"]})
    small.fetch()
    for number in range(25):
        small.fake_registry.remove_project(f"collective.n{number}")

    report = small.recreate()

    assert report.removal_refused
    assert list_collection_aliases(small) == {"plone-1": ("plone",)}
    assert small.recreate(allow_mass_removal=True).is_complete
    assert small.stored() == small.expected()


def test_any_run_deletes_leftovers(small: World) -> None:
    for run in (small.fetch, small.changes, small.refresh):
        small.fetch()
        small.deps.admin.create("plone-9", CollectionState(filter=small.filter, rebuild_of="plone"))

        run()

        assert list_collection_aliases(small) == {"plone-1": ("plone",)}


def test_rebuild_with_mistyped_profile_does_not_go_live(small: World) -> None:
    small.fetch()
    mistyped = Filter(profile="plone", classifiers=("Framework :: Plone :: Addno",))
    wrong = Filter(profile="plone", classifiers=("Framework :: Django",))

    for filter_ in (mistyped, wrong):
        report = small.recreate(target=Target(collection="plone", filter=filter_))

        assert not report.is_complete
        assert list_collection_aliases(small) == {"plone-1": ("plone",)}
    assert report.refused_names == ["collective-one", "collective-two", "plone-api"]
    assert report.reasons["plone-api"] == "it does not match profile plone"

    allowed = small.recreate(target=Target(collection="plone", filter=wrong), allow_mass_removal=True)
    assert (allowed.removed_names, allowed.added_names) == (report.refused_names, ["django-blog", "left-plone"])
    assert small.deps.index.get_tombstone("plone", "plone.api") is not None


def test_rebuild_announces_what_it_deletes(small: World) -> None:
    small.fetch()
    notices: list[str] = []
    collections: list[list[str]] = []

    def notify(line: str) -> None:
        notices.append(line)
        collections.append(sorted(list_collection_aliases(small)))

    django = Filter(profile="django", classifiers=("Framework :: Django",))
    small.recreate(target=Target(collection="plone", filter=django), notify=notify)

    assert notices == [
        "Removing 3 packages (collective-one, collective-two, plone-api).",
        "plone-2 is complete: plone will point to it, and plone-1 will be deleted.",
    ]
    assert collections == [["plone-1", "plone-2"]] * 2
