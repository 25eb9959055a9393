"""The names under which people use what is in an index, and the keys that open it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import collection_state, project_documents
from engines import ENGINES
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.ports import Services
from pyf.aggregator.usecases.catalogue import catalogue, details
from pyf.aggregator.usecases.search_keys import add_search_key, key_of_number, search_keys
from pyf.aggregator.usecases.target import Target
from stores import fill, store

STATE = collection_state()


@pytest.fixture(params=ENGINES)
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    with store(request.param, tmp_path) as services:
        yield services


def aliases(services: Services) -> list[str]:
    return [f"{alias.name} → {alias.leads_to}" for alias in catalogue(services).aliases]


def test_an_alias_stands_for_the_numbered_collection_behind_it(services: Services) -> None:
    services.admin.create("plone-1", STATE, alias="plone")
    services.admin.create("packages1", STATE, alias="packages")
    services.admin.create("plone-old", STATE)
    services.admin.create("django-2", STATE)

    assert catalogue(services).names == ["django-2", "packages", "packages1", "plone", "plone-old"]
    assert aliases(services) == ["packages → packages1", "plone → plone-1"]


def test_an_alias_of_a_name_that_people_use_leads_to_that_name(services: Services) -> None:
    services.admin.create("packages1-3", STATE, alias="packages1")
    services.admin.point("packages", "packages1-3")
    services.admin.create("django-2", STATE, alias="dj")

    assert aliases(services) == ["dj → django-2", "packages → packages1", "packages1 → packages1-3"]


def test_what_a_rebuild_is_about_is_no_collection_of_anybodys(services: Services) -> None:
    services.admin.create("plone-1", collection_state(standby_for="plone"), alias="plone")
    services.admin.create("plone-2", collection_state(standby_for="plone"))

    found = catalogue(services)

    assert [each.info.name for each in found.collections] == ["plone-1"]
    assert found.leftovers == ("plone-2",)


def test_details_tell_the_newest_change_and_how_old_the_cursor_is(services: Services) -> None:
    fill(services, "plone-1", alias="plone")
    services.index.put(
        "plone", [project_documents("Newest.One", "1.0", "2.0", last_serial=6, upload_timestamp=1_700_000_000)]
    )

    found = details(services, catalogue(services).collections[0])

    assert (found.newest_serial, found.newest_project, found.newest_upload) == (6, "Newest.One", 1_700_000_000)
    assert (found.cursor, found.cursor_age, found.projects, found.documents) == (7, 7200, 3, 5)


def test_details_of_an_empty_collection_that_no_run_has_seen(services: Services) -> None:
    services.admin.create("plone-1", STATE)

    found = details(services, catalogue(services).collections[0])

    assert (found.newest_serial, found.newest_project, found.cursor, found.cursor_age) == (0, "", None, None)


def test_keys_that_can_do_more_than_search_are_not_listed(services: Services) -> None:
    services.admin.create("plone-1", STATE, alias="plone")
    admin = services.keys.create(["*"], description="admin", actions=["*"])
    services.keys.create(["plone"], description="both", actions=["documents:search", "documents:import"])

    made = add_search_key(services, Target(collection="plone"))

    assert list(search_keys(services)) == [made.key]
    assert made.key.collections == ("plone",)
    assert key_of_number(services, admin.key.id) == admin.key


def test_a_key_for_a_collection_that_is_not_there_is_refused(services: Services) -> None:
    with pytest.raises(NotFound, match="there is no collection nowhere yet"):
        add_search_key(services, Target(collection="nowhere"))

    with pytest.raises(NotFound, match="there is no key 1"):
        key_of_number(services, 1)
