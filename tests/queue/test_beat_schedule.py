"""Due times of the recurring tasks: as documented, in UTC."""

import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.schedule import Schedule
from pyf.aggregator.queue.app import build_celery_config
from pyf.aggregator.queue.beat_schedule import CronSchedule, build_beat_schedule
from pyf.aggregator.settings import Settings
from support.setting_coverage import covers_setting

# A Thursday.
NOW = datetime(2026, 11, 26, 8, 30, 20, tzinfo=UTC)

NEXT = {
    "rss-new-projects": datetime(2026, 11, 26, 8, 31, tzinfo=UTC),
    "rss-new-releases": datetime(2026, 11, 26, 8, 31, tzinfo=UTC),
    "changes": datetime(2026, 11, 26, 8, 35, tzinfo=UTC),
    "weekly-refresh": datetime(2026, 11, 29, 2, 0, tzinfo=UTC),
    "weekly-downloads": datetime(2026, 11, 29, 4, 0, tzinfo=UTC),
    "monthly-fetch": datetime(2026, 12, 1, 3, 0, tzinfo=UTC),
    "weekly-repositories": datetime(2026, 11, 29, 5, 0, tzinfo=UTC),
    "nightly-scores": datetime(2026, 11, 27, 1, 0, tzinfo=UTC),
}


def build_settings(**overrides: str) -> Settings:
    return Settings(**overrides)


def schedule_at(moment: datetime, crontab: str) -> CronSchedule:
    return CronSchedule(Schedule(crontab), nowfun=lambda: moment)


def test_beat_schedule_has_every_recurring_task() -> None:
    assert build_beat_schedule(build_settings()).keys() == NEXT.keys()


@covers_setting("celery_schedule_webhooks")
def test_webhooks_are_scheduled_if_there_are_receivers() -> None:
    settings = build_settings(webhook_urls="https://hooks.example", celery_schedule_webhooks="7 * * * *")

    assert build_beat_schedule(settings)["webhooks"]["schedule"].schedule == Schedule("7 * * * *")
    assert "webhooks" not in build_beat_schedule(
        build_settings(webhook_urls="https://hooks.example", celery_schedule_webhooks="")
    )


@pytest.mark.parametrize("name", NEXT)
def test_default_schedule_next_run(name: str) -> None:
    schedule = schedule_at(NOW, build_beat_schedule(build_settings())[name]["schedule"].schedule.crontab)

    due = NEXT[name]

    assert NOW + schedule.remaining_estimate(NOW) == due or due - NOW > timedelta(days=1)
    assert not schedule_at(due - timedelta(seconds=1), schedule.schedule.crontab).is_due(NOW).is_due
    assert schedule_at(due, schedule.schedule.crontab).is_due(NOW).is_due


@pytest.mark.parametrize("offset", [-11, 0, 5.5])
def test_schedule_is_independent_of_time_zone(offset: float) -> None:
    elsewhere = timezone(timedelta(hours=offset))
    due = NEXT["weekly-refresh"].astimezone(elsewhere)

    assert not schedule_at(due - timedelta(seconds=1), "0 2 * * 0").is_due(NOW.astimezone(elsewhere)).is_due
    assert schedule_at(due, "0 2 * * 0").is_due(NOW.astimezone(elsewhere)).is_due


def test_missed_run_is_due_once() -> None:
    later = NOW + timedelta(days=30, minutes=7)
    schedule = schedule_at(later, "*/5 * * * *")

    due, wait = schedule.is_due(NOW)

    assert (due, wait) == (True, 160)
    assert schedule.is_due(later) == (False, 160)


def test_cron_schedule_pickles() -> None:
    """Beat pickles schedules into its file and compares them to detect changes."""
    restored = pickle.loads(pickle.dumps(CronSchedule(Schedule("0 2 * * 0"))))

    assert restored == CronSchedule(Schedule("0 2 * * 0"))
    assert restored != CronSchedule(Schedule("0 3 * * 0"))
    assert restored.schedule.crontab == "0 2 * * 0"


@given(
    st.floats(NOW.timestamp(), NOW.timestamp() + 4 * 365 * 86_400),
    st.sampled_from(["*/1 * * * *", "*/5 * * * *", "0 2 * * 0", "0 3 1 * *", "30 4 29 2 *", "15 */6 * * 1-5"]),
)
def test_beat_agrees_with_watch(seconds: float, crontab: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    due = datetime.fromtimestamp(Schedule(crontab).get_next_run(moment.timestamp()), UTC)

    assert schedule_at(due, crontab).is_due(moment).is_due
    assert not schedule_at(due - timedelta(seconds=1), crontab).is_due(moment).is_due or due - moment < timedelta(
        seconds=1
    )


def test_empty_schedule_is_omitted() -> None:
    assert "changes" not in build_beat_schedule(build_settings(celery_schedule_changes=""))


def test_celery_config_uses_utc_and_beat_schedule() -> None:
    config = build_celery_config(build_settings())

    assert (config["enable_utc"], config["timezone"]) == (True, "UTC")
    assert config["beat_schedule"].keys() == NEXT.keys()


def test_last_run_of_a_clock_in_the_future_does_not_delay_the_next() -> None:
    last_run = NOW + timedelta(days=100)

    assert not schedule_at(NOW, "*/5 * * * *").is_due(last_run).is_due
    assert schedule_at(NOW, "*/5 * * * *").is_due(last_run).next < 300
    assert schedule_at(NOW, "*/5 * * * *").remaining_estimate(last_run) < timedelta(minutes=5)
