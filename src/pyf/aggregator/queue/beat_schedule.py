"""The beat schedule: crontabs of the settings, interpreted exactly as `--watch` does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from celery.schedules import BaseSchedule, schedstate

from ..domain.schedule import Schedule
from ..settings import Settings
from . import task_names

# The argument that stands for every collection; see `collection_tasks`.
ALL_COLLECTIONS = "*"

# Seconds. Beat sleeps less anyway, and requires a finite number.
_MAX_SLEEP = 86_400.0


class CronSchedule(BaseSchedule):
    """Celery schedule for a crontab of the settings (decision 0016: Celery's `crontab` knows fewer forms).

    Beat pickles it into its schedule file and compares it with the current one.
    """

    def __init__(self, schedule: Schedule, **options: Any) -> None:
        super().__init__(**options)
        self.schedule = schedule

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        """Return the time until the first run after the last one; negative if it is overdue."""
        return timedelta(seconds=min(self._next_run_after(last_run_at) - self._current_timestamp(), _MAX_SLEEP))

    def is_due(self, last_run_at: datetime) -> schedstate:
        """Return whether a run is due and the seconds until the next check; one run makes up for all missed ones."""
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
        # A last run in the future was made with a wrong clock.
        return self.schedule.get_next_run(min(_to_aware(last_run_at).timestamp(), self._current_timestamp()))


def _to_aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def build_beat_schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return Celery's `beat_schedule`, without entries that are switched off."""
    entries = _iter_entries(settings)
    return {name: entry for name, entry in entries if entry["schedule"].schedule.crontab}


def _iter_entries(settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
    # Frequent tasks expire before their next run: after a day without workers, each feed must not be read a thousand
    # times.
    yield "rss-new-projects", _build_entry(settings.celery_schedule_rss_projects, task_names.RSS_PROJECTS, expires=120)
    yield "rss-new-releases", _build_entry(settings.celery_schedule_rss_releases, task_names.RSS_RELEASES, expires=120)
    yield "changes", _build_entry(settings.celery_schedule_changes, task_names.CHANGES, expires=600)
    yield "weekly-refresh", _build_entry(settings.celery_schedule_weekly_refresh, task_names.REFRESH, ALL_COLLECTIONS)
    yield "weekly-downloads", _build_entry(settings.celery_schedule_weekly_downloads, task_names.DOWNLOADS)
    yield "monthly-fetch", _build_entry(settings.celery_schedule_monthly_fetch, task_names.FETCH, ALL_COLLECTIONS)
    yield "weekly-repositories", _build_entry(settings.celery_schedule_weekly_github, task_names.REPOSITORIES)
    if settings.webhook_urls:
        yield "webhooks", _build_entry(settings.celery_schedule_webhooks, task_names.WEBHOOKS, expires=600)
    yield "nightly-scores", _build_entry(settings.celery_schedule_nightly_scores, task_names.SCORES)


def _build_entry(crontab: str, task: str, *arguments: str, **options: Any) -> dict[str, Any]:
    return {
        "task": task,
        "schedule": CronSchedule(Schedule(crontab)),
        "args": arguments,
        "options": {"ignore_result": True, **options},
    }
