"""Recreating a collection from itself: what is behind the alias is complete and in the end the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from builders import build_state, build_project
from engines import ENGINES
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.usecases.recreate_copy import rebuild_from_copy
from pyf.aggregator.usecases.report import TransferReport
from pyf.aggregator.usecases.target import Target, clear_leftovers
from stores import fill_collection, list_aliases, read_collection, open_dependencies

PLONE = Target(collection="plone")


@pytest.fixture(params=ENGINES)
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dependencies]:
    with open_dependencies(request.param, tmp_path) as services:
        yield services


def recreate(services: Dependencies, name: str = "plone") -> TransferReport:
    report = rebuild_from_copy(services, Target(collection=name))
    assert report.is_complete, report
    return report


def test_the_alias_moves_to_an_equal_collection_and_the_old_one_goes(services: Dependencies) -> None:
    fill_collection(services, "plone-1", alias="plone")
    before = read_collection(services, "plone")

    report = recreate(services)

    assert list_aliases(services) == {"plone-2": ("plone",)}
    assert read_collection(services, "plone") == before
    assert (report.action, report.found, report.copied, report.documents) == ("recreate", 2, 2, 3)


def test_every_alias_of_the_collection_moves_along(services: Dependencies) -> None:
    fill_collection(services, "plone-1", alias="plone")
    services.admin.set_alias("packages", "plone-1")

    recreate(services)

    assert list_aliases(services) == {"plone-2": ("packages", "plone")}


def test_it_may_be_done_through_another_alias(services: Dependencies) -> None:
    fill_collection(services, "plone-1", alias="plone")
    services.admin.set_alias("packages", "plone-1")
    before = read_collection(services, "plone")

    recreate(services, "packages")

    assert list_aliases(services) == {"packages-1": ("packages", "plone")}
    assert read_collection(services, "plone") == before


def test_a_collection_gives_its_own_name_to_an_alias(services: Dependencies) -> None:
    fill_collection(services, "plone", alias="packages")
    before = read_collection(services, "plone")

    recreate(services)

    assert list_aliases(services) == {"plone-1": ("packages", "plone")}
    assert read_collection(services, "plone") == before
    assert read_collection(services, "packages") == before


def test_an_empty_collection_can_be_recreated(services: Dependencies) -> None:
    services.admin.create("plone-1", build_state(), alias="plone")

    recreate(services)

    assert list_aliases(services) == {"plone-2": ("plone",)}


def test_where_there_is_none_an_empty_one_of_the_named_filter_is_made(services: Dependencies) -> None:
    filter_ = Filter(profile="plone", classifiers=("Framework :: Plone",))

    report = rebuild_from_copy(services, Target(collection="plone", filter=filter_))

    assert report.is_complete
    assert list_aliases(services) == {"plone-1": ("plone",)}
    assert services.index.get_state("plone").filter == filter_


def test_where_there_is_none_and_no_filter_is_known_it_is_refused(services: Dependencies) -> None:
    report = rebuild_from_copy(services, PLONE)

    assert "there is no collection plone yet" in str(report.error)
    assert list_aliases(services) == {}


def test_the_collection_behind_an_alias_is_not_recreated_in_its_place(services: Dependencies) -> None:
    fill_collection(services, "plone-1", alias="plone")

    report = rebuild_from_copy(services, Target(collection="plone-1"))

    assert str(report.error) == "plone-1 is the collection behind plone: recreate plone"
    assert list_aliases(services) == {"plone-1": ("plone",)}


def test_what_a_killed_one_left_is_cleared_whatever_its_number(services: Dependencies) -> None:
    fill_collection(services, "plone-1", alias="plone")
    services.admin.create("plone-3", build_state(standby_for="plone"))
    services.index.put("plone-3", [build_project("half")])
    services.admin.create("plone-7", build_state())
    before = read_collection(services, "plone")

    recreate(services)

    assert list_aliases(services) == {"plone-7": (), "plone-8": ("plone",)}
    assert read_collection(services, "plone") == before


def test_a_complete_copy_takes_the_name_up_where_its_collection_is_gone_already(services: Dependencies) -> None:
    """A run that died on an engine that can't do it in one step."""
    fill_collection(services, "plone-1")
    state = services.index.get_state("plone-1")
    services.index.set_state("plone-1", replace(state, standby_for="plone", is_proven=True))

    clear_leftovers(services, "plone")

    assert list_aliases(services) == {"plone-1": ("plone",)}
    assert services.index.get_state("plone") == state


def test_aliases_that_a_killed_switch_left_behind_follow(services: Dependencies) -> None:
    fill_collection(services, "plone-1", alias="packages")
    fill_collection(services, "plone-2", alias="plone")
    services.index.set_state("plone-1", replace(services.index.get_state("plone-1"), standby_for="plone"))

    clear_leftovers(services, "plone")

    assert list_aliases(services) == {"plone-2": ("packages", "plone")}


def test_what_is_a_leftover_can_not_be_recreated(services: Dependencies) -> None:
    fill_collection(services, "plone-1", alias="plone")
    services.admin.create("plone-2", build_state(standby_for="plone"))

    report = rebuild_from_copy(services, Target(collection="plone-2"))

    assert "plone-2 is being built" in str(report.error)
    assert list_aliases(services) == {"plone-1": ("plone",), "plone-2": ()}


def test_another_run_on_the_collection_turns_it_away(services: Dependencies) -> None:
    fill_collection(services, "plone-1", alias="plone")

    with services.admin.lock("plone"):
        report = rebuild_from_copy(services, PLONE)

    assert "another run is at work" in str(report.error)
    assert list_aliases(services) == {"plone-1": ("plone",)}
