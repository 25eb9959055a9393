"""Recreating a collection from itself: what is behind the alias is complete and in the end the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from builders import collection_state, project_documents
from engines import ENGINES
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.ports import Services
from pyf.aggregator.usecases.recreate_copy import recreate_copy
from pyf.aggregator.usecases.report import TransferReport
from pyf.aggregator.usecases.target import Target, clear_leftovers
from stores import fill, names, shown, store

PLONE = Target(collection="plone")


@pytest.fixture(params=ENGINES)
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    with store(request.param, tmp_path) as services:
        yield services


def recreate(services: Services, name: str = "plone") -> TransferReport:
    report = recreate_copy(services, Target(collection=name))
    assert report.is_whole, report
    return report


def test_the_alias_moves_to_an_equal_collection_and_the_old_one_goes(services: Services) -> None:
    fill(services, "plone-1", alias="plone")
    before = shown(services, "plone")

    report = recreate(services)

    assert names(services) == {"plone-2": ("plone",)}
    assert shown(services, "plone") == before
    assert (report.action, report.found, report.copied, report.documents) == ("recreate", 2, 2, 3)


def test_every_alias_of_the_collection_moves_along(services: Services) -> None:
    fill(services, "plone-1", alias="plone")
    services.admin.point("packages", "plone-1")

    recreate(services)

    assert names(services) == {"plone-2": ("packages", "plone")}


def test_it_may_be_done_through_another_alias(services: Services) -> None:
    fill(services, "plone-1", alias="plone")
    services.admin.point("packages", "plone-1")
    before = shown(services, "plone")

    recreate(services, "packages")

    assert names(services) == {"packages-1": ("packages", "plone")}
    assert shown(services, "plone") == before


def test_a_collection_gives_its_own_name_to_an_alias(services: Services) -> None:
    fill(services, "plone", alias="packages")
    before = shown(services, "plone")

    recreate(services)

    assert names(services) == {"plone-1": ("packages", "plone")}
    assert shown(services, "plone") == before
    assert shown(services, "packages") == before


def test_an_empty_collection_can_be_recreated(services: Services) -> None:
    services.admin.create("plone-1", collection_state(), alias="plone")

    recreate(services)

    assert names(services) == {"plone-2": ("plone",)}


def test_where_there_is_none_an_empty_one_of_the_named_filter_is_made(services: Services) -> None:
    filter_ = Filter(profile="plone", classifiers=("Framework :: Plone",))

    report = recreate_copy(services, Target(collection="plone", filter=filter_))

    assert report.is_whole
    assert names(services) == {"plone-1": ("plone",)}
    assert services.index.state("plone").filter == filter_


def test_where_there_is_none_and_no_filter_is_known_it_is_refused(services: Services) -> None:
    report = recreate_copy(services, PLONE)

    assert "there is no collection plone yet" in str(report.stopped_by)
    assert names(services) == {}


def test_the_collection_behind_an_alias_is_not_recreated_in_its_place(services: Services) -> None:
    fill(services, "plone-1", alias="plone")

    report = recreate_copy(services, Target(collection="plone-1"))

    assert str(report.stopped_by) == "plone-1 is the collection behind plone: recreate plone"
    assert names(services) == {"plone-1": ("plone",)}


def test_what_a_killed_one_left_is_cleared_whatever_its_number(services: Services) -> None:
    fill(services, "plone-1", alias="plone")
    services.admin.create("plone-3", collection_state(standby_for="plone"))
    services.index.put("plone-3", [project_documents("half")])
    services.admin.create("plone-7", collection_state())
    before = shown(services, "plone")

    recreate(services)

    assert names(services) == {"plone-7": (), "plone-8": ("plone",)}
    assert shown(services, "plone") == before


def test_a_complete_copy_takes_the_name_up_where_its_collection_is_gone_already(services: Services) -> None:
    """A run that died on an engine that can't do it in one step."""
    fill(services, "plone-1")
    state = services.index.state("plone-1")
    services.index.remember("plone-1", replace(state, standby_for="plone", is_proven=True))

    clear_leftovers(services, "plone")

    assert names(services) == {"plone-1": ("plone",)}
    assert services.index.state("plone") == state


def test_aliases_that_a_killed_switch_left_behind_follow(services: Services) -> None:
    fill(services, "plone-1", alias="packages")
    fill(services, "plone-2", alias="plone")
    services.index.remember("plone-1", replace(services.index.state("plone-1"), standby_for="plone"))

    clear_leftovers(services, "plone")

    assert names(services) == {"plone-2": ("packages", "plone")}


def test_what_is_a_leftover_can_not_be_recreated(services: Services) -> None:
    fill(services, "plone-1", alias="plone")
    services.admin.create("plone-2", collection_state(standby_for="plone"))

    report = recreate_copy(services, Target(collection="plone-2"))

    assert "plone-2 is being built" in str(report.stopped_by)
    assert names(services) == {"plone-1": ("plone",), "plone-2": ()}


def test_another_run_on_the_collection_turns_it_away(services: Services) -> None:
    fill(services, "plone-1", alias="plone")

    with services.admin.exclusive("plone"):
        report = recreate_copy(services, PLONE)

    assert "another run is at work" in str(report.stopped_by)
    assert names(services) == {"plone-1": ("plone",)}
