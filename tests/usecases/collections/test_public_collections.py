"""Test that the site lists collections by their public names, without unfinished rebuilds."""

import pytest
from msgspec.structs import replace

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.usecases.collections.public import get_collection, list_collections
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
    deps.admin.create("plone-2", replace(state, rebuild_of="plone"))
    return deps


def test_list_collections_order(deps: Dependencies) -> None:
    found = [(each.collection.key, each.collection.title) for each in list_collections(deps, PROFILES)]

    assert found == [("plone", "Plone"), ("django", "Django"), ("addons", "addons"), ("mine", "mine")]


def test_get_collection_by_key(deps: Dependencies) -> None:
    for each in list_collections(deps, PROFILES):
        assert get_collection(deps, PROFILES, each.collection.key) == each.collection


@pytest.mark.parametrize("key", ["plone-1", "plone-2", "django-4", "nowhere", "", "\x00", "a" * 10_000])
def test_internal_collections_are_not_public(deps: Dependencies, key: str) -> None:
    with pytest.raises(NotFound):
        get_collection(deps, PROFILES, key)


def test_public_collection_has_profile_exclusions(deps: Dependencies) -> None:
    plone = replace(PROFILES["plone"], exclude={"bad": "a test"})

    assert get_collection(deps, {"plone": plone}, "mine").target.filter == plone.filter
    assert get_collection(deps, {}, "mine").target.filter is None
