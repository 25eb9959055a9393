"""How a worker takes tasks from the broker, whatever becomes of the connection meanwhile."""

from functools import partial
from typing import Any

from celery.worker.consumer import Consumer


class ReconnectingConsumer(Consumer):
    """Celery's own, but for one thing: it outlives a Redis that goes away while there are tasks in hand."""

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Let go of the connection that was lost; another one is made afterwards, however long that takes."""
        if self.connection is not None and self.task_consumer is not None:
            self.connection.collect = partial(_collect_connection, self.connection, self.task_consumer.channel)
        super().on_connection_error_after_connected(exc)


def _collect_connection(connection: Any, channel: Any, **options: Any) -> None:
    """Do what `collect` does, which closes the channel and then takes the server's address from it.

    A channel that was waiting for its next task breaks off the first attempt to close it. Without the address the next
    attempt, or the acknowledgement of a task that was in hand, raises an AttributeError, of which the worker dies
    (kombu 5.7, Celery 5.7). So it is closed once more before.
    """
    connection.maybe_close_channel(channel)
    type(connection).collect(connection, **options)
