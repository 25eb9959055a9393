"""The rebuild: a complete collection is behind the alias at every moment."""

from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.domain.schema import DownloadFields, RepositoryFields
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.usecases.target import Target
from worlds import World


def collections(world: World) -> dict[str, tuple[str, ...]]:
    return {each.name: each.aliases for each in world.services.admin.collections()}


def test_the_alias_moves_to_the_next_number_and_the_old_one_goes(small: World) -> None:
    small.fetch()

    report = small.recreate()

    assert collections(small) == {"plone-2": ("plone",)}
    assert small.held() == small.due()
    assert (report.action, report.collection, report.is_whole) == ("recreate", "plone", True)
    small.recreate()
    assert collections(small) == {"plone-3": ("plone",)}


def test_without_a_collection_it_is_a_first_fetch(small: World) -> None:
    small.recreate()

    assert collections(small) == {"plone-1": ("plone",)}
    assert small.held() == small.due()


def test_everything_is_read_anew_and_rendered_readmes_are_remembered(small: World) -> None:
    small.fetch()
    small.pypi.requests.clear()

    small.recreate()

    assert small.pypi.requests.by_kind["project"] == 4


def test_what_the_registry_does_not_give_is_carried_over(small: World) -> None:
    small.fetch()
    small.services.index.update("plone", {"plone-api": RepositoryFields(github_stars=86)})
    small.services.index.update("plone", {"plone-api": DownloadFields(download_last_day=3)})
    small.ecosystem.archive("plone.api")
    small.refresh(sweep_all=True)
    small.ecosystem.remove_project("collective.one")
    small.changes()

    small.recreate()

    document = small.document("plone.api")
    assert (document["github_stars"], document["download_last_day"]) == (86, 3)
    assert document["project_status"] == "archived"
    assert small.services.index.tombstone("plone", "collective.one") is not None


def test_changes_made_meanwhile_are_found_by_the_next_run(small: World) -> None:
    small.fetch()
    small.recreate()
    small.ecosystem.publish("plone.api", "2.1")

    small.changes()

    assert small.held() == small.due()


def test_a_rebuild_that_is_not_whole_does_not_go_live(small: World) -> None:
    small.fetch()
    before = small.held()
    small.ecosystem.publish("plone.api", "2.1")
    small.pypi.faults.add(Fault("503", project="collective-one"))

    report = small.recreate()

    assert report.failed == ["collective-one"]
    assert collections(small) == {"plone-1": ("plone",)}
    assert small.held() == before


def test_what_a_killed_rebuild_left_is_cleared_and_nothing_else(small: World) -> None:
    small.fetch()
    admin = small.services.admin
    admin.create("plone-2", CollectionState(filter=small.filter, standby_for="plone"))
    admin.create("plone-7", CollectionState(filter=small.filter))

    small.recreate()

    assert collections(small) == {"plone-7": (), "plone-8": ("plone",)}


def test_a_rebuild_may_take_another_filter(small: World) -> None:
    small.fetch()
    django = Filter(classifiers=("Framework :: Django",))

    report = small.recreate(target=Target(collection="plone", filter=django))

    assert report.is_whole
    assert small.names() == ["django-thing", "left-plone"]
    assert small.services.index.state("plone").filter == django


def test_a_collection_gives_its_own_name_to_an_alias(small: World) -> None:
    small.services.admin.create("plone", CollectionState(filter=small.filter))
    small.fetch()
    small.services.index.update("plone", {"plone-api": RepositoryFields(github_stars=86)})
    small.ecosystem.remove_project("collective.one")

    report = small.recreate()

    assert report.is_whole
    assert collections(small) == {"plone-1": ("plone",)}
    assert small.held() == small.due()
    assert small.document("plone.api")["github_stars"] == 86
    assert small.services.index.tombstone("plone", "collective.one") is not None


def test_a_rebuild_that_is_not_whole_leaves_the_name_where_it_is(small: World) -> None:
    small.services.admin.create("plone", CollectionState(filter=small.filter))
    small.fetch()
    small.pypi.faults.add(Fault("503", project="collective-one"))

    report = small.recreate()

    assert report.failed == ["collective-one"]
    assert collections(small) == {"plone": ()}


def test_the_collection_behind_an_alias_is_not_rebuilt_in_its_place(small: World) -> None:
    small.fetch()

    report = small.recreate(target=Target(collection="plone-1", filter=small.filter))

    assert str(report.stopped_by) == "plone-1 is the collection behind plone: recreate plone"
    assert collections(small) == {"plone-1": ("plone",)}


def test_a_project_that_is_not_found_any_more_stays_unless_its_document_says_so(small: World) -> None:
    """The search for classifiers may lose a project; that is no reason to lose it too."""
    small.fetch()
    small.ecosystem.publish("plone.api", "4.0", info={"classifiers": ["Framework :: Plone :: 77"]})
    small.changes()
    small.services.verdicts.forget(small.filter.key, ["plone-api"])
    small.ecosystem.remove_release("plone.api", "1.0")
    for version in ("2.0", "3.0a1"):
        small.ecosystem.remove_release("plone.api", version)

    small.recreate()

    assert "plone-api" in small.names()
    assert small.held() == small.due()


def test_a_project_that_left_meanwhile_leaves_a_tombstone(small: World) -> None:
    small.fetch()
    small.ecosystem.publish("plone.api", "4.0", info={"classifiers": []})
    small.ecosystem.remove_project("collective.one")

    report = small.recreate()

    assert report.is_whole
    assert small.names() == ["collective-two"]
    for name in ("plone.api", "collective.one"):
        assert small.services.index.tombstone("plone", name) is not None


def test_a_quarantined_project_is_taken_over(small: World) -> None:
    small.fetch()
    small.ecosystem.quarantine("plone.api")

    report = small.recreate()

    assert report.is_whole
    assert small.document("plone.api")["project_status"] == "quarantined"
    assert len(small.services.index.documents("plone", "plone.api")) == 3


def test_a_rebuild_that_would_lose_many_does_not_go_live(small: World) -> None:
    for number in range(30):
        small.ecosystem.publish(f"collective.n{number}", "1.0", info={"classifiers": ["Framework :: Plone"]})
    small.fetch()
    for number in range(25):
        small.ecosystem.remove_project(f"collective.n{number}")

    report = small.recreate()

    assert report.refused
    assert collections(small) == {"plone-1": ("plone",)}
    assert small.recreate(allow_mass_removal=True).is_whole
    assert small.held() == small.due()


def test_the_next_run_of_any_kind_clears_what_a_killed_rebuild_left(small: World) -> None:
    for run in (small.fetch, small.changes, small.refresh):
        small.fetch()
        small.services.admin.create("plone-9", CollectionState(filter=small.filter, standby_for="plone"))

        run()

        assert collections(small) == {"plone-1": ("plone",)}
