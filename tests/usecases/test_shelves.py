"""Readers are shown collections by the names that people use, and nothing that a rebuild has left."""

import pytest
from msgspec.structs import replace

from builders import build_state
from in_memory import build_fake_dependencies
from pyf.aggregator.adapters.profiles import load_profiles
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.usecases.shelves import get_collection, list_collections

PROFILES = load_profiles()


@pytest.fixture
def services() -> Dependencies:
    services = build_fake_dependencies()
    state = build_state()
    services.admin.create("plone-1", state, alias="plone")
    services.admin.create("django-4", build_state("django"), alias="django")
    services.admin.create("mine", build_state("plone"))
    services.admin.set_alias("addons", "plone-1")
    services.admin.create("plone-2", replace(state, standby_for="plone"))
    return services


def test_profiles_come_first_and_then_what_people_have_named(services: Dependencies) -> None:
    found = [(each.collection.key, each.collection.title) for each in list_collections(services, PROFILES)]

    assert found == [("plone", "Plone"), ("django", "Django"), ("addons", "addons"), ("mine", "mine")]


def test_every_shelf_can_be_opened_by_its_key(services: Dependencies) -> None:
    for each in list_collections(services, PROFILES):
        assert get_collection(services, PROFILES, each.collection.key) == each.collection


@pytest.mark.parametrize("key", ["plone-1", "plone-2", "django-4", "nowhere", "", "\x00", "a" * 10_000])
def test_what_is_inside_or_left_over_is_not_shown(services: Dependencies, key: str) -> None:
    with pytest.raises(NotFound):
        get_collection(services, PROFILES, key)


def test_a_collection_has_the_exclusions_of_its_profile_whatever_it_is_called(services: Dependencies) -> None:
    plone = replace(PROFILES["plone"], exclude={"bad": "a test"})

    assert get_collection(services, {"plone": plone}, "mine").target.filter == plone.filter
    assert get_collection(services, {}, "mine").target.filter is None
