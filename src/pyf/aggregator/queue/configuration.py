"""What Celery is told, from our settings."""

from typing import Any

from ..settings import Settings
from . import names
from .timetable import build_beat_schedule

# Seconds for which the broker's own connection is not trusted unseen, and that results are kept.
_HEALTH_CHECK_INTERVAL = 25
_RESULT_TTL = 86_400


def build_celery_config(settings: Settings) -> dict[str, Any]:
    """Return Celery's configuration.

    A task is acknowledged when it is done, so that none is lost with its worker; one may be delivered twice for that.
    """
    limits = {
        "soft_time_limit": settings.celery_long_task_soft_time_limit,
        "time_limit": settings.celery_long_task_time_limit,
    }
    return {
        "broker_url": settings.redis_url,
        "broker_transport_options": {
            "visibility_timeout": settings.celery_visibility_timeout,
            "unacked_restore_interval": settings.celery_restore_interval,
            "unacked_restore_throttle": 1,
            "health_check_interval": _HEALTH_CHECK_INTERVAL,
            "socket_keepalive": True,
        },
        # A Redis that is away is waited for, however long.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "result_backend": settings.redis_url,
        "result_expires": _RESULT_TTL,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_soft_time_limit": settings.celery_task_soft_time_limit,
        "task_time_limit": settings.celery_task_time_limit,
        "task_annotations": dict.fromkeys(names.LONG_RUNNING, limits),
        "worker_consumer": "pyf.aggregator.queue.consuming:SteadyConsumer",
        "worker_pool": settings.celery_worker_pool,
        "worker_concurrency": settings.celery_worker_concurrency,
        "worker_prefetch_multiplier": settings.celery_worker_prefetch_multiplier,
        # A child that imports all of the program on a busy machine takes longer than the four seconds of the default.
        "worker_proc_alive_timeout": 60.0,
        "enable_utc": True,
        "timezone": "UTC",
        "beat_schedule": build_beat_schedule(settings),
    }
