"""Contract of `MembershipCache`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.adapters.sqlite.caches import SqliteMembershipCache
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.ports import MembershipCache
from pyf.aggregator.testing.caches import FakeMembershipCache

PLONE = "plone: Framework :: Plone"
DJANGO = "django: Framework :: Django"


@pytest.fixture(params=["memory", "sqlite"])
def membership_cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MembershipCache]:
    if request.param == "memory":
        yield FakeMembershipCache()
        return
    database = Database(tmp_path / "pyf.sqlite3")
    yield SqliteMembershipCache(database)
    database.close()


def test_nothing_was_evaluated_at_first(membership_cache: MembershipCache) -> None:
    assert membership_cache.get_many(PLONE, ["requests"]) == {}


def test_non_members_are_returned_with_their_serials(membership_cache: MembershipCache) -> None:
    membership_cache.set_many(PLONE, {"requests": 30_000_000_000, "flask": 2, "django": 3})

    recalled = membership_cache.get_many(PLONE, {"requests", "django", "never-seen"})

    assert recalled == {"requests": 30_000_000_000, "django": 3}


def test_set_many_replaces_earlier_serials(membership_cache: MembershipCache) -> None:
    membership_cache.set_many(PLONE, {"requests": 1, "flask": 1})

    membership_cache.set_many(PLONE, {"requests": 2})

    assert membership_cache.get_many(PLONE, ["requests", "flask"]) == {"requests": 2, "flask": 1}


def test_delete_many_keeps_others(membership_cache: MembershipCache) -> None:
    membership_cache.set_many(PLONE, {"requests": 1, "flask": 1})

    membership_cache.delete_many(PLONE, ["requests", "never-seen"])

    assert membership_cache.get_many(PLONE, ["requests", "flask"]) == {"flask": 1}


def test_filters_know_nothing_of_one_another(membership_cache: MembershipCache) -> None:
    membership_cache.set_many(PLONE, {"requests": 1})
    membership_cache.set_many(DJANGO, {"requests": 2, "flask": 2})

    membership_cache.delete_many(DJANGO, ["requests"])

    assert membership_cache.get_many(PLONE, ["requests", "flask"]) == {"requests": 1}
    assert membership_cache.get_many(DJANGO, ["requests", "flask"]) == {"flask": 2}


def test_remembered_non_members_are_listed(membership_cache: MembershipCache) -> None:
    membership_cache.set_many(PLONE, {"requests": 1, "flask": 2, "new": 0})
    membership_cache.set_many(DJANGO, {"django": 3})

    assert membership_cache.get_all(PLONE) == {"requests": 1, "flask": 2, "new": 0}
    assert membership_cache.get_all("never: seen") == {}


def test_get_all_separates_unevaluated_candidates(membership_cache: MembershipCache) -> None:
    membership_cache.set_many(PLONE, {"requests": 1, "new": 0, "newer": 0})
    membership_cache.set_many(PLONE, {"new": 7})

    assert membership_cache.get_all(PLONE, include_unevaluated=True) == {"newer": 0}


def test_empty_batch_evaluates_nothing(membership_cache: MembershipCache) -> None:
    membership_cache.set_many(PLONE, {})
    membership_cache.delete_many(PLONE, [])

    assert membership_cache.get_many(PLONE, []) == {}


@pytest.mark.parametrize("count", [25_000, pytest.param(700_000, marks=pytest.mark.slow)])
def test_membership_cache_holds_all_projects_of_the_registry(membership_cache: MembershipCache, count: int) -> None:
    serials = {f"project-{number}": number for number in range(count)}

    membership_cache.set_many(PLONE, serials)

    assert membership_cache.get_many(PLONE, serials.keys()) == serials
