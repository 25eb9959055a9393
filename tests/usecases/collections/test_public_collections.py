"""Readers are shown collections by the names that people use, and nothing that a rebuild has left."""

import pytest
from msgspec.structs import replace

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.usecases.collections.overview import get_collection, list_collections
from support.builders import build_state
from support.fake_dependencies import build_fake_dependencies

PROFILES = load_profiles()


@pytest.fixture
def deps() -> Dependencies:
    deps = build_fake_dependencies()
    state = build_state()
    deps.admin.create("plone-1", state, alias="plone")
    deps.admin.create("django-4", build_state("django"), alias="django")
    deps.admin.create("mine", build_state("plone"))
    deps.admin.set_alias("addons", "plone-1")
    deps.admin.create("plone-2", replace(state, standby_for="plone"))
    return deps


def test_profiles_come_first_and_then_what_people_have_named(deps: Dependencies) -> None:
    found = [(each.collection.key, each.collection.title) for each in list_collections(deps, PROFILES)]

    assert found == [("plone", "Plone"), ("django", "Django"), ("addons", "addons"), ("mine", "mine")]


def test_every_shelf_can_be_opened_by_its_key(deps: Dependencies) -> None:
    for each in list_collections(deps, PROFILES):
        assert get_collection(deps, PROFILES, each.collection.key) == each.collection


@pytest.mark.parametrize("key", ["plone-1", "plone-2", "django-4", "nowhere", "", "\x00", "a" * 10_000])
def test_what_is_inside_or_left_over_is_not_shown(deps: Dependencies, key: str) -> None:
    with pytest.raises(NotFound):
        get_collection(deps, PROFILES, key)


def test_a_collection_has_the_exclusions_of_its_profile_whatever_it_is_called(deps: Dependencies) -> None:
    plone = replace(PROFILES["plone"], exclude={"bad": "a test"})

    assert get_collection(deps, {"plone": plone}, "mine").target.filter == plone.filter
    assert get_collection(deps, {}, "mine").target.filter is None
