"""A task queue with Redis and a registry, whose tasks run in this process."""

from collections import Counter
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from pyf.aggregator import queue
from pyf.aggregator.adapters.redis import BrokerQueue
from pyf.aggregator.queue import task_names
from pyf.aggregator.queue.worker_context import WorkerContext, close_worker_context, get_worker_context
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.redis_server import RedisServer


@dataclass
class QueueSite:
    """Settings and tasks; enqueued tasks wait until the site runs them."""

    redis: RedisServer
    pypi: LocalPyPI
    environment: pytest.MonkeyPatch

    @property
    def context(self) -> WorkerContext:
        return get_worker_context()

    def configure(self, **settings: Any) -> None:
        """Change settings for all following tasks."""
        for name, value in settings.items():
            self.environment.setenv(name.upper(), str(value))
        close_worker_context()

    def run_task(self, task: str, *args: Any, task_id: str = "", **kwargs: Any) -> Any:
        """Run a task at once and return its result."""
        # In its own context: Celery sends no end signal for a task that fails like this, so its log fields would stay.
        result = copy_context().run(
            queue.app.tasks[task_names.PREFIX + task].apply, args, kwargs, task_id=task_id or uuid4().hex
        )
        return result.get()

    def run_queued(self) -> list[Any]:
        """Run all waiting tasks and those that they enqueue; return their results."""
        results = []
        with self.redis.create_client() as client:
            queue_ = BrokerQueue(client)
            while messages := list(queue_.purge()):
                results += [
                    self.run_task(message.task.removeprefix(task_names.PREFIX), *message.args, **message.kwargs)
                    for message in messages
                ]
        return results

    def count_queued(self) -> Counter[str]:
        """Count the waiting tasks by name."""
        with self.redis.create_client() as client:
            counts = BrokerQueue(client).count_by_task()
        return Counter({name.removeprefix(task_names.PREFIX): count for name, count in counts.items()})

    def redis_keys(self, pattern: str = "pyf:dedup:*") -> list[str]:
        with self.redis.create_client() as client:
            return sorted(map(str, client.keys(pattern)))

    def versions(self, collection: str, name: str) -> list[str]:
        documents = self.context.deps.index.get_project_documents(collection, name)
        return sorted(document.registry.version for document in documents)

    def fill(self, *profiles: str) -> None:
        """Fill the collections of profiles, and reset the request counts."""
        for profile in profiles:
            self.run_task("full_fetch_all_packages", profile_name=profile)
        self.run_queued()
        self.pypi.requests.clear()
