"""What every memory of verdicts must do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.memory_caches import MemoryVerdictStore
from pyf.aggregator.adapters.sqlite_caches import SqliteVerdictStore
from pyf.aggregator.ports import VerdictStore

PLONE = "plone: Framework :: Plone"
DJANGO = "django: Framework :: Django"


@pytest.fixture(params=["memory", "sqlite"])
def verdicts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VerdictStore]:
    if request.param == "memory":
        yield MemoryVerdictStore()
        return
    database = Database(tmp_path / "pyf.sqlite3")
    yield SqliteVerdictStore(database)
    database.close()


def test_nothing_was_judged_at_first(verdicts: VerdictStore) -> None:
    assert verdicts.recall(PLONE, ["requests"]) == {}


def test_verdicts_are_recalled_with_their_serials(verdicts: VerdictStore) -> None:
    verdicts.judge(PLONE, {"requests": 30_000_000_000, "flask": 2, "django": 3})

    recalled = verdicts.recall(PLONE, {"requests", "django", "never-seen"})

    assert recalled == {"requests": 30_000_000_000, "django": 3}


def test_a_later_verdict_takes_the_place_of_the_earlier_one(verdicts: VerdictStore) -> None:
    verdicts.judge(PLONE, {"requests": 1, "flask": 1})

    verdicts.judge(PLONE, {"requests": 2})

    assert verdicts.recall(PLONE, ["requests", "flask"]) == {"requests": 2, "flask": 1}


def test_a_forgotten_verdict_is_gone_and_the_others_stay(verdicts: VerdictStore) -> None:
    verdicts.judge(PLONE, {"requests": 1, "flask": 1})

    verdicts.forget(PLONE, ["requests", "never-seen"])

    assert verdicts.recall(PLONE, ["requests", "flask"]) == {"flask": 1}


def test_filters_know_nothing_of_one_another(verdicts: VerdictStore) -> None:
    verdicts.judge(PLONE, {"requests": 1})
    verdicts.judge(DJANGO, {"requests": 2, "flask": 2})

    verdicts.forget(DJANGO, ["requests"])

    assert verdicts.recall(PLONE, ["requests", "flask"]) == {"requests": 1}
    assert verdicts.recall(DJANGO, ["requests", "flask"]) == {"flask": 2}


def test_all_that_is_remembered_of_a_filter_can_be_told(verdicts: VerdictStore) -> None:
    verdicts.judge(PLONE, {"requests": 1, "flask": 2, "new": 0})
    verdicts.judge(DJANGO, {"django": 3})

    assert verdicts.remembered(PLONE) == {"requests": 1, "flask": 2, "new": 0}
    assert verdicts.remembered("never: seen") == {}


def test_who_was_not_judged_yet_can_be_told_apart(verdicts: VerdictStore) -> None:
    verdicts.judge(PLONE, {"requests": 1, "new": 0, "newer": 0})
    verdicts.judge(PLONE, {"new": 7})

    assert verdicts.remembered(PLONE, unjudged=True) == {"newer": 0}


def test_nothing_asked_and_nothing_judged_is_nothing_done(verdicts: VerdictStore) -> None:
    verdicts.judge(PLONE, {})
    verdicts.forget(PLONE, [])

    assert verdicts.recall(PLONE, []) == {}


@pytest.mark.parametrize("count", [25_000, pytest.param(700_000, marks=pytest.mark.slow)])
def test_as_many_verdicts_as_the_registry_has_projects_are_recalled(verdicts: VerdictStore, count: int) -> None:
    serials = {f"project-{number}": number for number in range(count)}

    verdicts.judge(PLONE, serials)

    assert verdicts.recall(PLONE, serials.keys()) == serials
