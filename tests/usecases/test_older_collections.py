"""A collection that an older program of this schema has made on a server is taken over by one rebuild."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import older
from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.errors import Invalid, NotFound
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.domain.transfer import Header, Line
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.expand import expanded
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.usecases.catalogue import catalogue, details
from pyf.aggregator.usecases.download_standings import stalest_first, take_over
from pyf.aggregator.usecases.enrich_repositories import enrich_repositories
from pyf.aggregator.usecases.import_ import import_
from pyf.aggregator.usecases.migrate import migrate
from pyf.aggregator.usecases.recreate_copy import recreate_copy
from pyf.aggregator.usecases.shelves import shelf, shelves
from pyf.aggregator.usecases.target import Target
from typesense_double import LocalTypesense
from usecases.conftest import PROJECTS
from worlds import Clock, World, of_server, world


@pytest.fixture
def server() -> Iterator[LocalTypesense]:
    with LocalTypesense() as server:
        yield server


@pytest.fixture
def user(server: LocalTypesense, tmp_path: Path) -> Iterator[World]:
    """One who works on the collection `plone`, whatever is there by that name."""
    clock = Clock()
    with world(Ecosystem(expanded(PROJECTS), clock=clock), tmp_path, clock=clock, **of_server(server)) as made:
        yield made


@pytest.fixture(params=["alias", "bare"])
def taken_over(request: pytest.FixtureRequest, server: LocalTypesense, user: World) -> World:
    """The same with an older program's collection, behind the alias `plone` or bearing that name itself."""
    if request.param == "alias":
        older.make(server.store, "packages1", alias="plone")
    else:
        older.make(server.store, "plone")
    return user


def behind(user: World) -> dict[str, tuple[str, ...]]:
    return {each.name: each.aliases for each in user.services.admin.collections()}


def test_one_rebuild_takes_it_over(taken_over: World) -> None:
    report = taken_over.recreate()

    assert report.is_whole, report
    assert taken_over.held() == taken_over.due()
    assert behind(taken_over) == {"plone-1": ("plone",)}
    assert taken_over.changes().is_whole


def test_what_was_known_of_a_project_is_known_of_all_its_releases(taken_over: World) -> None:
    """Whatever spelling and release it was noted at: what was read last, as a number though it be text or a float."""
    taken_over.recreate()

    for document in taken_over.services.index.documents("plone", "plone.api"):
        flat = document.as_mapping()
        told = {name: flat[name] for name in ("github_stars", "github_updated", "download_last_month")}
        assert told == {"github_stars": 7, "github_updated": 1_700_000_000, "download_last_month": 9}
    one = taken_over.document("collective.one")
    assert (one["download_total"], one["download_last_month"]) == (4711, 2)


def test_who_does_not_come_along_leaves_a_tombstone(taken_over: World) -> None:
    taken_over.recreate()

    stones = {stone.name: stone.reason for stone in taken_over.services.index.tombstones("plone")}
    assert stones.keys() == {"gone", "left-plone"}
    assert stones["gone"] == "PyPI says in two places that it is gone"


def test_fields_that_nobody_knows_any_more_are_named(taken_over: World) -> None:
    report = taken_over.recreate()

    (notice,) = (notice for notice in report.notices if "not of this schema" in notice)
    assert notice.endswith(": documentation_score, github_hype")


def test_a_quarantined_project_leaves_a_tombstone_because_its_documents_are_of_another_kind(taken_over: World) -> None:
    taken_over.ecosystem.quarantine("collective.one")

    report = taken_over.recreate()

    assert report.is_whole
    stone = taken_over.services.index.tombstone("plone", "collective.one")
    assert stone is not None
    assert "quarantined" in stone.reason


def test_a_project_that_can_not_be_read_keeps_the_old_one_where_it_is(
    server: LocalTypesense, taken_over: World
) -> None:
    before = behind(taken_over)
    taken_over.pypi.faults.add(Fault("503", project="gone"))

    report = taken_over.recreate()

    assert report.failed == ["gone"]
    assert behind(taken_over) == before
    assert older.ids(server.store, "plone") == older.UNTOUCHED


def test_a_filter_that_would_lose_many_of_it_is_refused(server: LocalTypesense, user: World) -> None:
    for number in range(30):
        user.ecosystem.publish(f"other.n{number}", "1.0")
    more = [{"id": f"other.n{n}-1.0", "name": f"other.n{n}", "version": "1.0"} for n in range(30)]
    older.make(server.store, "plone", documents=[*older.DOCUMENTS, *more])

    report = user.recreate()

    assert report.refused
    assert behind(user) == {"plone": ()}
    assert user.recreate(allow_mass_removal=True).is_whole
    assert user.held() == user.due()


def test_what_fills_it_has_to_be_named(server: LocalTypesense, taken_over: World) -> None:
    report = taken_over.recreate(target=Target(collection="plone"))

    assert "was not filled by this program" in str(report.stopped_by)
    assert older.ids(server.store, "plone") == older.UNTOUCHED
    assert "plone-1" not in behind(taken_over)


def test_no_other_run_touches_it(server: LocalTypesense, taken_over: World) -> None:
    """It remembers no filter, by which every project of it would have to leave."""
    fields = list(server.store.collection("plone").fields)

    for run in (taken_over.fetch, taken_over.changes, taken_over.refresh):
        for target in (Target(collection="plone", filter=taken_over.filter), Target(collection="plone")):
            report = run(target=target)
            assert isinstance(report.stopped_by, Invalid)
            assert "--recreate-collection" in str(report.stopped_by)
    enriched = enrich_repositories(taken_over.services, Target(collection="plone"))
    assert "--recreate-collection" in str(enriched.stopped_by)

    assert older.ids(server.store, "plone") == older.UNTOUCHED
    assert server.store.collection("plone").fields == fields


def test_a_copy_without_pypi_names_the_command_that_takes_it_over(server: LocalTypesense, taken_over: World) -> None:
    report = recreate_copy(taken_over.services, Target(collection="plone"))

    assert "pyfaggregator -f -t plone --recreate-collection" in str(report.stopped_by)
    assert older.ids(server.store, "plone") == older.UNTOUCHED
    assert "plone-1" not in behind(taken_over)


def test_it_is_neither_copied_into_another_one_nor_added_to(server: LocalTypesense, taken_over: World) -> None:
    services = taken_over.services
    services.admin.create("other", services.index.state("plone"))
    lines = [Line(number=1, entry=Header(state=CollectionState(filter=taken_over.filter)))]

    reports = [
        migrate(services, "plone", "new"),
        migrate(services, "other", "plone"),
        import_(services, Target(collection="plone"), lines),
    ]

    assert all("takes it over" in str(report.stopped_by) for report in reports)
    assert older.ids(server.store, "plone") == older.UNTOUCHED
    assert services.index.state("plone").filter == Filter()
    assert "new" not in {name for names in behind(taken_over).values() for name in names}


def test_it_is_listed_with_what_can_be_told_of_it(taken_over: World) -> None:
    (listed,) = catalogue(taken_over.services).collections

    told = details(taken_over.services, listed)

    assert (told.filter, told.projects, told.documents, told.cursor) == ("another program", 4, 7, None)


def test_what_holds_no_packages_is_not_listed_and_never_taken_over(server: LocalTypesense, user: World) -> None:
    server.store.create({"name": "plone", "fields": [{"name": "title", "type": "string"}]})
    server.store.collection("plone").write({"id": "1", "title": "Hello"}, "create", "reject")
    assert not catalogue(user.services).collections

    report = user.recreate()

    assert "holds no packages" in str(report.stopped_by)
    assert older.ids(server.store, "plone") == ["1"]


def test_readers_are_shown_no_collection_of_another_program(server: LocalTypesense, user: World) -> None:
    older.make(server.store, "packages1")
    server.store.create({"name": "shop", "fields": [{"name": "name", "type": "string"}]})
    user.fetch()

    assert [each.shelf.key for each in shelves(user.services, {})] == ["plone"]
    for name in ("packages1", "shop"):
        with pytest.raises(NotFound):
            shelf(user.services, {}, name)


def test_downloads_of_other_programs_collections_are_not_copied(server: LocalTypesense, user: World) -> None:
    older.make(server.store, "packages1")
    server.store.create({"name": "shop", "fields": [{"name": "name", "type": "string"}]})
    user.fetch()
    wanted = {standing.name: standing for standing in stalest_first(user.services, "plone")}

    assert not list(take_over(user.services, "plone", wanted, "pypistats", 0))


def test_other_collections_of_the_server_are_left_alone(server: LocalTypesense, user: World) -> None:
    older.make(server.store, "packages1")
    user.fetch()
    user.recreate()

    assert sorted(behind(user)) == ["packages1", "plone-2"]
    assert older.ids(server.store, "packages1") == older.UNTOUCHED
