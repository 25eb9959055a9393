"""Readers are shown collections by the names that people use, and nothing that a rebuild has left."""

import pytest
from msgspec.structs import replace

from builders import collection_state
from in_memory import in_memory
from pyf.aggregator.adapters.profiles import load_profiles
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.ports import Services
from pyf.aggregator.usecases.shelves import shelf, shelves

PROFILES = load_profiles()


@pytest.fixture
def services() -> Services:
    services = in_memory()
    state = collection_state()
    services.admin.create("plone-1", state, alias="plone")
    services.admin.create("django-4", collection_state("django"), alias="django")
    services.admin.create("mine", collection_state("plone"))
    services.admin.point("addons", "plone-1")
    services.admin.create("plone-2", replace(state, standby_for="plone"))
    return services


def test_profiles_come_first_and_then_what_people_have_named(services: Services) -> None:
    found = [(each.shelf.key, each.shelf.title) for each in shelves(services, PROFILES)]

    assert found == [("plone", "Plone"), ("django", "Django"), ("addons", "addons"), ("mine", "mine")]


def test_every_shelf_can_be_opened_by_its_key(services: Services) -> None:
    for each in shelves(services, PROFILES):
        assert shelf(services, PROFILES, each.shelf.key) == each.shelf


@pytest.mark.parametrize("key", ["plone-1", "plone-2", "django-4", "nowhere", "", "\x00", "a" * 10_000])
def test_what_is_inside_or_left_over_is_not_shown(services: Services, key: str) -> None:
    with pytest.raises(NotFound):
        shelf(services, PROFILES, key)


def test_a_collection_has_the_exclusions_of_its_profile_whatever_it_is_called(services: Services) -> None:
    plone = replace(PROFILES["plone"], exclude={"bad": "a test"})

    assert shelf(services, {"plone": plone}, "mine").target.filter == plone.filter
    assert shelf(services, {}, "mine").target.filter is None
