"""When the recurring tasks are due, as beat sees it: as documented, in UTC."""

import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.schedule import Schedule
from pyf.aggregator.queue.configuration import configuration
from pyf.aggregator.queue.timetable import OnSchedule, timetable
from pyf.aggregator.settings import Settings

# A Thursday.
NOW = datetime(2026, 11, 26, 8, 30, 20, tzinfo=UTC)

NEXT = {
    "rss-new-projects": datetime(2026, 11, 26, 8, 31, tzinfo=UTC),
    "rss-new-releases": datetime(2026, 11, 26, 8, 31, tzinfo=UTC),
    "changes": datetime(2026, 11, 26, 8, 35, tzinfo=UTC),
    "weekly-refresh": datetime(2026, 11, 29, 2, 0, tzinfo=UTC),
    "weekly-downloads": datetime(2026, 11, 29, 4, 0, tzinfo=UTC),
    "monthly-fetch": datetime(2026, 12, 1, 3, 0, tzinfo=UTC),
    "weekly-github": datetime(2026, 11, 29, 5, 0, tzinfo=UTC),
    "nightly-scores": datetime(2026, 11, 27, 1, 0, tzinfo=UTC),
}


def defaults(**chosen: str) -> Settings:
    return Settings.model_construct(**chosen)


def at(moment: datetime, crontab: str) -> OnSchedule:
    return OnSchedule(Schedule(crontab), nowfun=lambda: moment)


def test_every_recurring_task_is_in_the_timetable() -> None:
    assert timetable(defaults()).keys() == NEXT.keys()


@pytest.mark.parametrize("name", NEXT)
def test_the_next_run_of_a_default_schedule_is_the_documented_one(name: str) -> None:
    schedule = at(NOW, timetable(defaults())[name]["schedule"].schedule.crontab)

    due = NEXT[name]

    assert NOW + schedule.remaining_estimate(NOW) == due or due - NOW > timedelta(days=1)
    assert not at(due - timedelta(seconds=1), schedule.schedule.crontab).is_due(NOW).is_due
    assert at(due, schedule.schedule.crontab).is_due(NOW).is_due


@pytest.mark.parametrize("offset", [-11, 0, 5.5])
def test_the_time_zone_of_beats_clock_does_not_matter(offset: float) -> None:
    elsewhere = timezone(timedelta(hours=offset))
    due = NEXT["weekly-refresh"].astimezone(elsewhere)

    assert not at(due - timedelta(seconds=1), "0 2 * * 0").is_due(NOW.astimezone(elsewhere)).is_due
    assert at(due, "0 2 * * 0").is_due(NOW.astimezone(elsewhere)).is_due


def test_what_was_missed_is_due_once_and_then_on_schedule_again() -> None:
    later = NOW + timedelta(days=30, minutes=7)
    schedule = at(later, "*/5 * * * *")

    due, wait = schedule.is_due(NOW)

    assert (due, wait) == (True, 160)
    assert schedule.is_due(later) == (False, 160)


def test_a_schedule_outlives_beat() -> None:
    """It is kept in beat's file, by which a changed one is told from the former."""
    kept = pickle.loads(pickle.dumps(OnSchedule(Schedule("0 2 * * 0"))))

    assert kept == OnSchedule(Schedule("0 2 * * 0"))
    assert kept != OnSchedule(Schedule("0 3 * * 0"))
    assert kept.schedule.crontab == "0 2 * * 0"


@given(
    st.floats(NOW.timestamp(), NOW.timestamp() + 4 * 365 * 86_400),
    st.sampled_from(["*/1 * * * *", "*/5 * * * *", "0 2 * * 0", "0 3 1 * *", "30 4 29 2 *", "15 */6 * * 1-5"]),
)
def test_beat_and_watch_agree_on_when_something_is_due(seconds: float, crontab: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    due = datetime.fromtimestamp(Schedule(crontab).next_after(moment.timestamp()), UTC)

    assert at(due, crontab).is_due(moment).is_due
    assert not at(due - timedelta(seconds=1), crontab).is_due(moment).is_due or due - moment < timedelta(seconds=1)


def test_an_empty_schedule_is_no_schedule() -> None:
    assert "changes" not in timetable(defaults(celery_schedule_changes=""))


def test_celery_is_told_of_utc_and_of_the_timetable() -> None:
    told = configuration(defaults())

    assert (told["enable_utc"], told["timezone"]) == (True, "UTC")
    assert told["beat_schedule"].keys() == NEXT.keys()
