"""When the recurring tasks are due: the settings' crontabs, with the meaning that `--watch` gives them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from celery.schedules import BaseSchedule, schedstate

from ..domain.schedule import Schedule
from ..settings import Settings
from . import names

# What is called for every collection; see `collection_tasks`.
EVERY = "*"

# Beat sleeps no longer than that anyhow, and wants a number.
_LONGEST_SLEEP = 86_400.0


class OnSchedule(BaseSchedule):
    """A schedule of Celery's that is ours: Celery's `crontab` takes its fields in another order, and knows fewer forms.

    It is kept in beat's file, and so has to be picklable and comparable.
    """

    def __init__(self, schedule: Schedule, **given: Any) -> None:
        super().__init__(**given)
        self.schedule = schedule

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        """Return how long it is until the first time after the last run, which may be over."""
        return timedelta(seconds=min(self._next_after(last_run_at) - self._moment(), _LONGEST_SLEEP))

    def is_due(self, last_run_at: datetime) -> schedstate:
        """Tell whether it is due, once however late, and in how many seconds to ask again."""
        wait = self._next_after(last_run_at) - self._moment()
        if wait > 0:
            return schedstate(is_due=False, next=min(wait, _LONGEST_SLEEP))
        return schedstate(is_due=True, next=min(self.schedule.next_after(self._moment()) - self._moment(), inf))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OnSchedule) and other.schedule == self.schedule

    def __hash__(self) -> int:
        return hash(self.schedule)

    def __repr__(self) -> str:
        return f"<{self.schedule.crontab}, UTC>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.schedule,))

    def _moment(self) -> float:
        now: datetime = self.now()
        return _aware(now).timestamp()

    def _next_after(self, moment: datetime) -> float:
        return self.schedule.next_after(_aware(moment).timestamp())


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def timetable(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return Celery's `beat_schedule`: what is never due is not in it."""
    entries = _entries(settings)
    return {name: entry for name, entry in entries if entry["schedule"].schedule.crontab}


def _entries(settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
    # What comes again soon anyhow is dropped when no worker has come to it by then: a day without workers must not end
    # with a thousand readings of one feed.
    yield "rss-new-projects", _entry(settings.celery_schedule_rss_projects, names.RSS_PROJECTS, expires=120)
    yield "rss-new-releases", _entry(settings.celery_schedule_rss_releases, names.RSS_RELEASES, expires=120)
    yield "changes", _entry(settings.celery_schedule_changes, names.CHANGES, expires=600)
    yield "weekly-refresh", _entry(settings.celery_schedule_weekly_refresh, names.REFRESH, EVERY)
    yield "weekly-downloads", _entry(settings.celery_schedule_weekly_downloads, names.DOWNLOADS)
    yield "monthly-fetch", _entry(settings.celery_schedule_monthly_fetch, names.FETCH, EVERY)
    yield "weekly-github", _entry(settings.celery_schedule_weekly_github, names.GITHUB)
    yield "nightly-scores", _entry(settings.celery_schedule_nightly_scores, names.SCORES)


def _entry(crontab: str, task: str, *arguments: str, **options: Any) -> dict[str, Any]:
    return {
        "task": task,
        "schedule": OnSchedule(Schedule(crontab)),
        "args": arguments,
        "options": {"ignore_result": True, **options},
    }
