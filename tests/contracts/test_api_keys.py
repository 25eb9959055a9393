"""Contract of API keys for every engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.domain.errors import Invalid, NotFound
from pyf.aggregator.ports import ApiKeys, IndexAdmin
from pyf.aggregator.ports.index import SEARCH_ACTION
from support.builders import build_state
from support.index_engines import KEY_ENGINES, KeyEngine

STATE = build_state()


@pytest.fixture(params=KEY_ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeyEngine]:
    """Keys, and the collections `plone-1` behind `plone`, `plone-private` and `django`."""
    with KEY_ENGINES[request.param](tmp_path) as store:
        store.admin.create("plone-1", STATE, alias="plone")
        store.admin.create("plone-private", STATE)
        store.admin.create("django", STATE)
        yield store


@pytest.fixture
def keys(store: KeyEngine) -> ApiKeys:
    return store.keys


@pytest.fixture
def admin(store: KeyEngine) -> IndexAdmin:
    return store.admin


def list_opened(keys: ApiKeys, value: str, action: str = SEARCH_ACTION) -> list[str]:
    return [name for name in ("plone", "plone-1", "plone-private", "django") if keys.is_allowed(value, action, name)]


def test_key_grants_its_alias_and_the_collection_behind_it(keys: ApiKeys) -> None:
    made = keys.create(["plone"], description="for the site")

    assert list_opened(keys, made.value) == ["plone", "plone-1"]


def test_key_opens_collection_by_real_name(keys: ApiKeys) -> None:
    made = keys.create(["django", "plone-private"], description="two")

    assert list_opened(keys, made.value) == ["plone-private", "django"]


def test_key_follows_moved_alias(keys: ApiKeys, admin: IndexAdmin) -> None:
    made = keys.create(["plone"], description="for the site")
    admin.create("plone-2", STATE, alias="plone")
    admin.drop("plone-1")

    assert [keys.is_allowed(made.value, SEARCH_ACTION, name) for name in ("plone", "plone-2", "plone-private")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("action", ["documents:get", "documents:import", "collections:delete", "keys:create", "*", ""])
def test_search_only_key_has_no_other_rights(keys: ApiKeys, action: str) -> None:
    made = keys.create(["plone"], description="for the site")

    assert made.key.is_search_only
    assert list_opened(keys, made.value, action) == []


def test_key_for_all_actions_has_all_rights(keys: ApiKeys) -> None:
    made = keys.create(["*"], description="admin", actions=["*"])

    assert not made.key.is_search_only
    assert list_opened(keys, made.value, "documents:import") == ["plone", "plone-1", "plone-private", "django"]


@pytest.mark.parametrize("value", ["", "wrong-value", "for the", "\udc80", "ö" * 20])
def test_unknown_key_value_opens_nothing(keys: ApiKeys, value: str) -> None:
    keys.create(["plone"], description="for the site", value="the-right-value")

    assert list_opened(keys, value) == []
    assert list_opened(keys, "the-right-value ") == list_opened(keys, "the-right-valu") == []
    assert list_opened(keys, "the-right-value") == ["plone", "plone-1"]


def test_values_of_their_own_are_long_and_never_the_same(keys: ApiKeys) -> None:
    values = {keys.create(["plone"], description="").value for _ in range(20)}

    assert len(values) == 20
    assert all(len(value) >= 32 and value.isascii() for value in values)


def test_list_omits_key_values(keys: ApiKeys) -> None:
    made = [
        keys.create(["plone"], description="for the site — ö", value="the-right-value"),
        keys.create(["*"], description="admin", actions=["*"]),
    ]

    listed = keys.list_keys()

    assert list(listed) == [each.key for each in made]
    assert (listed[0].prefix, listed[0].collections, listed[0].actions) == ("the-", ("plone",), (SEARCH_ACTION,))
    assert listed[0].description == "for the site — ö"
    assert "the-right-value" not in repr(listed)


def test_duplicate_key_value_is_rejected(keys: ApiKeys) -> None:
    keys.create(["plone"], description="first", value="the-right-value")

    with pytest.raises(Invalid, match="that value already") as raised:
        keys.create(["django"], description="second", value="the-right-value")

    assert "the-right-value" not in str(raised.value)
    assert [key.description for key in keys.list_keys()] == ["first"]


@pytest.mark.parametrize("value", ["short", "with a space", "a\nb-a-b-a-b", "ö" * 10, "a" * 201])
def test_unusable_or_short_value_is_rejected_unquoted(keys: ApiKeys, value: str) -> None:
    with pytest.raises(Invalid) as raised:
        keys.create(["plone"], description="", value=value)

    assert value not in str(raised.value)
    assert list(keys.list_keys()) == []


def test_deleted_key_grants_nothing_and_its_id_is_not_reused(keys: ApiKeys) -> None:
    first = keys.create(["plone"], description="first")

    keys.delete(first.key.id)

    assert list_opened(keys, first.value) == []
    assert list(keys.list_keys()) == []
    assert keys.create(["plone"], description="second").key.id > first.key.id


@pytest.mark.parametrize("number", [-1, 98, 99, 2**63, 10**30])
def test_deleting_unknown_key_fails(keys: ApiKeys, number: int) -> None:
    made = keys.create(["plone"], description="")

    with pytest.raises(NotFound, match=str(number)):
        keys.delete(number)

    assert list(keys.list_keys()) == [made.key]
