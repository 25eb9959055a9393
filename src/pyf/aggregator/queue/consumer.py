"""A Celery consumer that survives a lost Redis connection."""

from functools import partial
from typing import Any

from celery.worker.consumer import Consumer


class ReconnectingConsumer(Consumer):
    """Celery's consumer with a fix: it survives a lost connection while tasks are unacknowledged."""

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Drop the lost connection; Celery then reconnects, without a time limit."""
        if self.connection is not None and self.task_consumer is not None:
            self.connection.collect = partial(_collect_connection, self.connection, self.task_consumer.channel)
        super().on_connection_error_after_connected(exc)


def _collect_connection(connection: Any, channel: Any, **options: Any) -> None:
    """Close the channel, then call the connection's own `collect`, which closes it again and drops its transport.

    Closing a channel that waits for its next task fails at the first attempt. After the transport is gone, the second
    attempt or the acknowledgement of a task raises an AttributeError that ends the worker (kombu 5.7, Celery 5.7).
    """
    connection.maybe_close_channel(channel)
    type(connection).collect(connection, **options)
