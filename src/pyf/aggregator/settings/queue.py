"""Settings of the queue: Redis, Celery's workers, and the schedules."""

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from .types import Crontab, RedisUrl

SCHEDULE_PREFIX = "celery_schedule_"


class QueueSettings(BaseModel):
    """Redis, and what the queue remembers of PyPI's feeds."""

    redis_host: RedisUrl = Field(
        "localhost:6379",
        description="Redis or Valkey server of the queue: `host:port`, or a URL (`redis://:password@host:6379/0`, "
        "`rediss://…` for TLS).",
    )
    typesense_collection: str = Field(
        "", description="Collection that tasks use if a call names none, on any engine. Default: all collections."
    )
    rss_dedup_ttl: int = Field(
        86_400, ge=0, description="Default of RSS_DEDUP_TTL_NEW and RSS_DEDUP_TTL_UPDATE, in seconds."
    )
    rss_dedup_ttl_new: int = Field(
        86_400, ge=0, description="Seconds for which a new package of PyPI's feed is not read again; 0 disables this."
    )
    rss_dedup_ttl_update: int = Field(
        86_400, ge=0, description="Seconds for which a release of PyPI's feed is not read again; 0 disables this."
    )

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
        uses_common_ttl = name not in self.model_fields_set and "rss_dedup_ttl" in self.model_fields_set
        return int(self.rss_dedup_ttl if uses_common_ttl else getattr(self, name))


class WorkerSettings(BaseModel):
    """Celery's workers and the limits of tasks."""

    celery_worker_pool: Literal["threads", "prefork", "solo"] = Field(
        "threads", description="How a worker runs tasks concurrently; `solo` runs one task at a time."
    )
    celery_worker_concurrency: int = Field(20, ge=1, le=1000, description="Tasks that a worker runs concurrently.")
    celery_worker_prefetch_multiplier: int = Field(
        4, ge=1, le=1000, description="Tasks that a worker reserves for each task that it runs concurrently."
    )
    celery_task_soft_time_limit: int = Field(
        300, ge=1, description="Seconds after which a task stops by itself; the next run continues."
    )
    celery_task_time_limit: int = Field(
        600, ge=1, description="Seconds after which a task is killed, if the pool supports it (`prefork`)."
    )
    celery_long_task_soft_time_limit: int = Field(
        3600, ge=1, description="CELERY_TASK_SOFT_TIME_LIMIT of the tasks that process whole collections."
    )
    celery_long_task_time_limit: int = Field(
        4200, ge=1, description="CELERY_TASK_TIME_LIMIT of the tasks that process whole collections."
    )
    celery_visibility_timeout: int = Field(
        14_400,
        ge=1,
        description="Seconds after which the task of a lost worker is delivered again; above all time limits.",
    )
    celery_restore_interval: int = Field(
        60, ge=1, le=3600, description="Seconds between two checks for tasks of lost workers."
    )
    celery_task_max_retries: int = Field(
        8, ge=0, le=100, description="Retries of a task that failed because a service was unavailable."
    )
    celery_task_retry_backoff: float = Field(
        30.0, ge=0, le=3600, description="Seconds before the first retry of a task; doubled for each further one."
    )
    celery_fetch_batch_size: int = Field(
        500,
        ge=0,
        description="Packages that one task of a full fetch reads, so that workers share the fetch; 0: one task reads "
        "all.",
    )
    discovery_interval: int = Field(
        3600,
        ge=0,
        description="Seconds between two requests of the queue for the packages of every classifier; changes in "
        "between come from PyPI's changelog.",
    )

    @model_validator(mode="after")
    def _validate_time_limits(self) -> Self:
        """Check that a running task is neither delivered a second time nor killed before its soft limit."""
        for kind in ("celery_task", "celery_long_task"):
            soft, hard = f"{kind}_soft_time_limit", f"{kind}_time_limit"
            if getattr(self, soft) > getattr(self, hard):
                raise ValueError(
                    f"{soft.upper()}={getattr(self, soft)} must not be above {hard.upper()}={getattr(self, hard)}"
                )
            if getattr(self, hard) >= self.celery_visibility_timeout:
                raise ValueError(
                    f"CELERY_VISIBILITY_TIMEOUT={self.celery_visibility_timeout} must be above "
                    f"{hard.upper()}={getattr(self, hard)}"
                )
        return self


class ScheduleSettings(BaseModel):
    """When recurring work runs; an empty schedule disables it."""

    celery_schedule_rss_projects: Crontab = Field(
        "*/1 * * * *", description="When the queue reads PyPI's feed of new packages (crontab, UTC; empty: never)."
    )
    celery_schedule_rss_releases: Crontab = Field(
        "*/1 * * * *", description="When the queue reads PyPI's feed of releases (crontab, UTC; empty: never)."
    )
    celery_schedule_changes: Crontab = Field(
        "*/5 * * * *", description="When the queue reads PyPI's changelog, as `-i` does (crontab, UTC; empty: never)."
    )
    celery_schedule_weekly_refresh: Crontab = Field(
        "0 2 * * 0",
        description="When `--watch` or the queue runs `--refresh-from-pypi` (crontab, UTC; empty: never).",
    )
    celery_schedule_monthly_fetch: Crontab = Field(
        "0 3 1 * *", description="When `--watch` or the queue runs `-f` (crontab, UTC; empty: never)."
    )
    celery_schedule_weekly_downloads: Crontab = Field(
        "0 4 * * 0", description="When `--watch` or the queue runs `pyfdownloads` (crontab, UTC; empty: never)."
    )
    celery_schedule_weekly_github: Crontab = Field(
        "0 5 * * 0", description="When `--watch` or the queue runs `pyfgithub` (crontab, UTC; empty: never)."
    )
    celery_schedule_nightly_scores: Crontab = Field(
        "0 1 * * *",
        description="When `--watch` or the queue recomputes all health scores (crontab, UTC; empty: never).",
    )
