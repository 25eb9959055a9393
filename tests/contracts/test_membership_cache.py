"""What every memory of verdicts must do."""

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


def test_nothing_was_judged_at_first(verdicts: MembershipCache) -> None:
    assert verdicts.get_many(PLONE, ["requests"]) == {}


def test_verdicts_are_recalled_with_their_serials(verdicts: MembershipCache) -> None:
    verdicts.set_many(PLONE, {"requests": 30_000_000_000, "flask": 2, "django": 3})

    recalled = verdicts.get_many(PLONE, {"requests", "django", "never-seen"})

    assert recalled == {"requests": 30_000_000_000, "django": 3}


def test_a_later_verdict_takes_the_place_of_the_earlier_one(verdicts: MembershipCache) -> None:
    verdicts.set_many(PLONE, {"requests": 1, "flask": 1})

    verdicts.set_many(PLONE, {"requests": 2})

    assert verdicts.get_many(PLONE, ["requests", "flask"]) == {"requests": 2, "flask": 1}


def test_a_forgotten_verdict_is_gone_and_the_others_stay(verdicts: MembershipCache) -> None:
    verdicts.set_many(PLONE, {"requests": 1, "flask": 1})

    verdicts.delete_many(PLONE, ["requests", "never-seen"])

    assert verdicts.get_many(PLONE, ["requests", "flask"]) == {"flask": 1}


def test_filters_know_nothing_of_one_another(verdicts: MembershipCache) -> None:
    verdicts.set_many(PLONE, {"requests": 1})
    verdicts.set_many(DJANGO, {"requests": 2, "flask": 2})

    verdicts.delete_many(DJANGO, ["requests"])

    assert verdicts.get_many(PLONE, ["requests", "flask"]) == {"requests": 1}
    assert verdicts.get_many(DJANGO, ["requests", "flask"]) == {"flask": 2}


def test_all_that_is_remembered_of_a_filter_can_be_told(verdicts: MembershipCache) -> None:
    verdicts.set_many(PLONE, {"requests": 1, "flask": 2, "new": 0})
    verdicts.set_many(DJANGO, {"django": 3})

    assert verdicts.get_all(PLONE) == {"requests": 1, "flask": 2, "new": 0}
    assert verdicts.get_all("never: seen") == {}


def test_who_was_not_judged_yet_can_be_told_apart(verdicts: MembershipCache) -> None:
    verdicts.set_many(PLONE, {"requests": 1, "new": 0, "newer": 0})
    verdicts.set_many(PLONE, {"new": 7})

    assert verdicts.get_all(PLONE, include_unevaluated=True) == {"newer": 0}


def test_nothing_asked_and_nothing_judged_is_nothing_done(verdicts: MembershipCache) -> None:
    verdicts.set_many(PLONE, {})
    verdicts.delete_many(PLONE, [])

    assert verdicts.get_many(PLONE, []) == {}


@pytest.mark.parametrize("count", [25_000, pytest.param(700_000, marks=pytest.mark.slow)])
def test_as_many_verdicts_as_the_registry_has_projects_are_recalled(verdicts: MembershipCache, count: int) -> None:
    serials = {f"project-{number}": number for number in range(count)}

    verdicts.set_many(PLONE, serials)

    assert verdicts.get_many(PLONE, serials.keys()) == serials
