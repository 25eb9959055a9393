"""When the recurring tasks are due: the settings' crontabs, with the meaning that `--watch` gives them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from celery.schedules import BaseSchedule, schedstate

from ..domain.schedule import Schedule
from ..settings import Settings
from . import task_names

# What is called for every collection; see `collection_tasks`.
ALL_COLLECTIONS = "*"

# Beat sleeps no longer than that anyhow, and wants a number.
_MAX_SLEEP = 86_400.0


class CronSchedule(BaseSchedule):
    """A schedule of Celery's that is ours: Celery's `crontab` takes its fields in another order, and knows fewer forms.

    It is kept in beat's file, and so has to be picklable and comparable.
    """

    def __init__(self, schedule: Schedule, **options: Any) -> None:
        super().__init__(**options)
        self.schedule = schedule

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        """Return how long it is until the first time after the last run, which may be over."""
        return timedelta(seconds=min(self._next_run_after(last_run_at) - self._current_timestamp(), _MAX_SLEEP))

    def is_due(self, last_run_at: datetime) -> schedstate:
        """Tell whether it is due, once however late, and in how many seconds to ask again."""
        delay = self._next_run_after(last_run_at) - self._current_timestamp()
        if delay > 0:
            return schedstate(is_due=False, next=min(delay, _MAX_SLEEP))
        return schedstate(
            is_due=True,
            next=min(self.schedule.get_next_run(self._current_timestamp()) - self._current_timestamp(), inf),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CronSchedule) and other.schedule == self.schedule

    def __hash__(self) -> int:
        return hash(self.schedule)

    def __repr__(self) -> str:
        return f"<{self.schedule.crontab}, UTC>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.schedule,))

    def _current_timestamp(self) -> float:
        now: datetime = self.now()
        return _to_aware(now).timestamp()

    def _next_run_after(self, last_run_at: datetime) -> float:
        return self.schedule.get_next_run(_to_aware(last_run_at).timestamp())


def _to_aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def build_beat_schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return Celery's `beat_schedule`: what is never due is not in it."""
    entries = _iter_entries(settings)
    return {name: entry for name, entry in entries if entry["schedule"].schedule.crontab}


def _iter_entries(settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
    # What comes again soon anyhow is dropped when no worker has come to it by then: a day without workers must not end
    # with a thousand readings of one feed.
    yield "rss-new-projects", _build_entry(settings.celery_schedule_rss_projects, task_names.RSS_PROJECTS, expires=120)
    yield "rss-new-releases", _build_entry(settings.celery_schedule_rss_releases, task_names.RSS_RELEASES, expires=120)
    yield "changes", _build_entry(settings.celery_schedule_changes, task_names.CHANGES, expires=600)
    yield "weekly-refresh", _build_entry(settings.celery_schedule_weekly_refresh, task_names.REFRESH, ALL_COLLECTIONS)
    yield "weekly-downloads", _build_entry(settings.celery_schedule_weekly_downloads, task_names.DOWNLOADS)
    yield "monthly-fetch", _build_entry(settings.celery_schedule_monthly_fetch, task_names.FETCH, ALL_COLLECTIONS)
    yield "weekly-github", _build_entry(settings.celery_schedule_weekly_github, task_names.GITHUB)
    yield "nightly-scores", _build_entry(settings.celery_schedule_nightly_scores, task_names.SCORES)


def _build_entry(crontab: str, task: str, *arguments: str, **options: Any) -> dict[str, Any]:
    return {
        "task": task,
        "schedule": CronSchedule(Schedule(crontab)),
        "args": arguments,
        "options": {"ignore_result": True, **options},
    }
