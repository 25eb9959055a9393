"""A collection that an older program of this schema has made on a server is taken over by one rebuild."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import older
from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.expand import expanded
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.usecases.enrich_repositories import enrich_repositories
from pyf.aggregator.usecases.recreate_copy import recreate_copy
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
    assert taken_over.document("collective.one")["download_total"] == 4711


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


def test_other_collections_of_the_server_are_left_alone(server: LocalTypesense, user: World) -> None:
    older.make(server.store, "packages1")
    user.fetch()
    user.recreate()

    assert sorted(behind(user)) == ["packages1", "plone-2"]
    assert older.ids(server.store, "packages1") == older.UNTOUCHED
