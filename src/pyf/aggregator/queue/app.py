"""The Celery app, and a consumer that survives a lost Redis connection and odd messages.

The app reads the settings at its first use, not at import.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import click
from celery import Celery
from celery.app.events import Events
from celery.events.dispatcher import EventDispatcher
from celery.loaders.app import AppLoader
from celery.worker.consumer import Consumer

from ..bootstrap import open_worker_dependencies
from ..domain.errors import AggregatorError, Invalid
from ..settings import Settings, load_settings
from . import task_names
from .beat_schedule import build_beat_schedule

# Seconds between checks of the broker connection, and for which results are kept.
_HEALTH_CHECK_INTERVAL = 25
_RESULT_TTL = 86_400

_log = logging.getLogger(__name__)


def build_celery_config(settings: Settings) -> dict[str, Any]:
    """Return Celery's configuration.

    Tasks are acknowledged after they end: a killed worker loses none, but a task may be delivered twice.
    """
    limits = {
        "soft_time_limit": settings.celery_long_task_soft_time_limit,
        "time_limit": settings.celery_long_task_time_limit,
    }
    return {
        "broker_url": settings.redis_url,
        "broker_transport": "pyf.aggregator.queue.transport:RedisTransport",
        "broker_transport_options": {
            "visibility_timeout": settings.celery_visibility_timeout,
            "unacked_restore_interval": settings.celery_restore_interval,
            "unacked_restore_throttle": 1,
            "health_check_interval": _HEALTH_CHECK_INTERVAL,
            "socket_keepalive": True,
        },
        # Wait for an unavailable Redis without limit.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "result_backend": settings.redis_url,
        "result_expires": _RESULT_TTL,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_soft_time_limit": settings.celery_task_soft_time_limit,
        "task_time_limit": settings.celery_task_time_limit,
        "task_annotations": dict.fromkeys(task_names.LONG_RUNNING, limits),
        "worker_consumer": "pyf.aggregator.queue.app:ReconnectingConsumer",
        "worker_pool": settings.celery_worker_pool,
        "worker_concurrency": settings.celery_worker_concurrency,
        "worker_prefetch_multiplier": settings.celery_worker_prefetch_multiplier,
        # On a loaded machine a child needs more than the default of 4 s to import the program.
        "worker_proc_alive_timeout": 60.0,
        "enable_utc": True,
        "timezone": "UTC",
        "beat_schedule": build_beat_schedule(settings),
    }


class SettingsLoader(AppLoader):
    """Configures Celery from the settings; a worker with invalid settings does not start."""

    def read_configuration(self, env: str = "") -> Mapping[str, Any]:
        """Return the configuration; Celery's own configuration sources are not used."""
        try:
            return build_celery_config(load_settings())
        except Invalid as error:
            raise _to_click_error(error) from error

    def on_worker_init(self) -> None:
        """Open and close the dependencies of tasks, to report unreadable files at start; sends no requests."""
        try:
            with open_worker_dependencies(load_settings()):
                pass
        except AggregatorError as error:
            raise _to_click_error(error) from error


class _UsageError(click.ClickException):
    exit_code = 2


def _to_click_error(error: AggregatorError) -> Exception:
    """Return an error that `celery` prints without a traceback; outside of its commands the error itself."""
    return error if click.get_current_context(silent=True) is None else _UsageError(" ".join(str(error).split()))


class SingleAttemptDispatcher(EventDispatcher):
    """Sends events once.

    Celery retries heartbeats in the worker's event loop until Redis is back, and reconnects and stops no sooner.
    """

    def send(self, type: str, **fields: Any) -> Any:
        """Send an event; one that can't be sent is kept for the next connection."""
        return super().send(type, **fields | {"retry": False})


class SingleAttemptEvents(Events):
    """Celery's events with this dispatcher."""

    dispatcher_cls = SingleAttemptDispatcher


app = Celery("pyf.aggregator", loader=SettingsLoader, set_as_current=False, events=SingleAttemptEvents)


class ReconnectingConsumer(Consumer):
    """Celery's consumer with fixes: it survives a lost connection while tasks are unacknowledged, and odd messages."""

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Any], None]:
        """Return a handler of messages that rejects one that Celery can't process."""
        handle = super().create_task_handler(*args, **options)

        def handle_or_reject(message: Any) -> None:
            try:
                handle(message)
            except self.connection_errors:
                raise
            except Exception:  # Celery would end the worker
                _log.exception("a message can't be processed and was dropped: %.200r", message.headers)
                message.reject_log_error(_log, self.connection_errors)

        return handle_or_reject

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Drop the lost connection; Celery then reconnects, without a time limit."""
        if self.connection is not None and self.task_consumer is not None:
            self.connection.collect = partial(_collect_connection, self.connection, self.task_consumer.channel)
        super().on_connection_error_after_connected(exc)


def _collect_connection(connection: Any, channel: Any, **options: Any) -> None:
    """Close the channel, then call the connection's own `collect`, which closes it again and drops its transport.

    The first attempt to close a channel fails if the channel waits for its next task. After the transport is gone, the
    second attempt or the acknowledgement of a task raises an AttributeError that ends the worker (kombu 5.7, Celery
    5.7).
    """
    connection.maybe_close_channel(channel)
    type(connection).collect(connection, **options)
