"""Settings of the queue: Redis, Celery's workers, and the schedules."""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from .downloads import DownloadSettings
from .types import Crontab, RedisUrl, Word


class QueueSettings(DownloadSettings, frozen=True, kw_only=True):
    """Redis, and what the queue remembers of PyPI's feeds."""

    redis_host: Annotated[
        RedisUrl,
        Meta(
            description="Redis or Valkey server of the queue: `host:port`, or a URL (`redis://:password@host:6379/0`, "
            "`rediss://…` for TLS)."
        ),
    ] = "localhost:6379"
    typesense_collection: Annotated[
        Word,
        Meta(description="Collection that tasks use if a call names none, on any engine. Default: all collections."),
    ] = ""
    rss_dedup_ttl: Annotated[
        int, Meta(ge=0, description="Default of RSS_DEDUP_TTL_NEW and RSS_DEDUP_TTL_UPDATE, in seconds.")
    ] = 86_400
    rss_dedup_ttl_new: Annotated[
        int,
        Meta(ge=0, description="Seconds for which a new package of PyPI's feed is not read again; 0 disables this."),
    ] = 86_400
    rss_dedup_ttl_update: Annotated[
        int, Meta(ge=0, description="Seconds for which a release of PyPI's feed is not read again; 0 disables this.")
    ] = 86_400

    @property
    def redis_url(self) -> str:
        """The full URL of the Redis server; with TLS its certificate is verified unless the URL says otherwise."""
        url = self.redis_host if "://" in self.redis_host else f"redis://{self.redis_host}"
        if url.startswith("rediss://") and "ssl_cert_reqs=" not in url:
            url += f"{'&' if '?' in url else '?'}ssl_cert_reqs=required"
        return url

    def get_dedup_ttl(self, feed: Literal["new", "update"]) -> int:
        """Return for how many seconds an entry of a feed is remembered; RSS_DEDUP_TTL is the default."""
        name = f"rss_dedup_ttl_{feed}"
        uses_common_ttl = name not in self.sources and "rss_dedup_ttl" in self.sources
        return int(self.rss_dedup_ttl if uses_common_ttl else getattr(self, name))


class WorkerSettings(QueueSettings, frozen=True, kw_only=True):
    """Celery's workers and the limits of tasks."""

    celery_worker_pool: Annotated[
        Literal["threads", "prefork", "solo"],
        Meta(description="How a worker runs tasks concurrently; `solo` runs one task at a time."),
    ] = "threads"
    celery_worker_concurrency: Annotated[
        int, Meta(ge=1, le=1000, description="Tasks that a worker runs concurrently.")
    ] = 20
    celery_worker_prefetch_multiplier: Annotated[
        int, Meta(ge=1, le=1000, description="Tasks that a worker reserves for each task that it runs concurrently.")
    ] = 4
    celery_task_soft_time_limit: Annotated[
        int, Meta(ge=1, description="Seconds after which a task stops by itself; the next run continues.")
    ] = 300
    celery_task_time_limit: Annotated[
        int, Meta(ge=1, description="Seconds after which a task is killed, if the pool supports it (`prefork`).")
    ] = 600
    celery_long_task_soft_time_limit: Annotated[
        int, Meta(ge=1, description="CELERY_TASK_SOFT_TIME_LIMIT of the tasks that process whole collections.")
    ] = 3600
    celery_long_task_time_limit: Annotated[
        int, Meta(ge=1, description="CELERY_TASK_TIME_LIMIT of the tasks that process whole collections.")
    ] = 4200
    celery_visibility_timeout: Annotated[
        int,
        Meta(
            ge=1, description="Seconds after which the task of a lost worker is delivered again; above all time limits."
        ),
    ] = 14_400
    celery_restore_interval: Annotated[
        int, Meta(ge=1, le=3600, description="Seconds between two checks for tasks of lost workers.")
    ] = 60
    celery_task_max_retries: Annotated[
        int, Meta(ge=0, le=100, description="Retries of a task that failed because a service was unavailable.")
    ] = 8
    celery_task_retry_backoff: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds before the first retry of a task; doubled for each further one."),
    ] = 30.0
    celery_fetch_batch_size: Annotated[
        int,
        Meta(
            ge=0,
            description="Packages that one task of a full fetch reads, so that workers share the fetch; 0: one task "
            "reads all.",
        ),
    ] = 500
    discovery_interval: Annotated[
        int,
        Meta(
            ge=0,
            description="Seconds between two requests of the queue for the packages of every classifier; changes in "
            "between come from PyPI's changelog.",
        ),
    ] = 3600

    def find_conflicting_limits(self) -> Iterator[str]:
        """Yield time limits by which a running task is delivered a second time, or killed before its soft limit."""
        for kind in ("celery_task", "celery_long_task"):
            soft, hard = f"{kind}_soft_time_limit", f"{kind}_time_limit"
            if getattr(self, soft) > getattr(self, hard):
                yield (f"{soft.upper()}={getattr(self, soft)} must not be above {hard.upper()}={getattr(self, hard)}")
            if getattr(self, hard) >= self.celery_visibility_timeout:
                yield (
                    f"CELERY_VISIBILITY_TIMEOUT={self.celery_visibility_timeout} must be above "
                    f"{hard.upper()}={getattr(self, hard)}"
                )


class ScheduleSettings(WorkerSettings, frozen=True, kw_only=True):
    """When recurring work runs; an empty schedule disables it."""

    celery_schedule_rss_projects: Annotated[
        Crontab, Meta(description="When the queue reads PyPI's feed of new packages (crontab, UTC; empty: never).")
    ] = "*/1 * * * *"
    celery_schedule_rss_releases: Annotated[
        Crontab, Meta(description="When the queue reads PyPI's feed of releases (crontab, UTC; empty: never).")
    ] = "*/1 * * * *"
    celery_schedule_changes: Annotated[
        Crontab,
        Meta(description="When the queue reads PyPI's changelog, as `pyf update` does (crontab, UTC; empty: never)."),
    ] = "*/5 * * * *"
    celery_schedule_weekly_refresh: Annotated[
        Crontab,
        Meta(description="When `pyf watch` or the queue runs `pyf refresh` (crontab, UTC; empty: never)."),
    ] = "0 2 * * 0"
    celery_schedule_monthly_fetch: Annotated[
        Crontab, Meta(description="When `pyf watch` or the queue runs `pyf fetch` (crontab, UTC; empty: never).")
    ] = "0 3 1 * *"
    celery_schedule_weekly_downloads: Annotated[
        Crontab, Meta(description="When `pyf watch` or the queue runs `pyf downloads` (crontab, UTC; empty: never).")
    ] = "0 4 * * 0"
    celery_schedule_weekly_github: Annotated[
        Crontab, Meta(description="When `pyf watch` or the queue runs `pyf repositories` (crontab, UTC; empty: never).")
    ] = "0 5 * * 0"
    celery_schedule_webhooks: Annotated[
        Crontab,
        Meta(description="When the queue delivers webhooks, if WEBHOOK_URLS is set (crontab, UTC; empty: never)."),
    ] = "*/5 * * * *"
    celery_schedule_nightly_scores: Annotated[
        Crontab,
        Meta(description="When `pyf watch` or the queue recomputes all health scores (crontab, UTC; empty: never)."),
    ] = "0 1 * * *"
