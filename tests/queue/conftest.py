"""A Redis, a registry of two handfuls of projects, and the tasks in this process, as a worker would do them."""

from collections import Counter
from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pyf.aggregator import queue
from pyf.aggregator.adapters.redis import BrokerQueue
from pyf.aggregator.queue import task_names
from pyf.aggregator.queue.worker_context import WorkerContext, close_worker_context, get_worker_context
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.sandbox.yaml_format import parse_yaml_projects
from pyf.aggregator.settings import Settings
from support.redis_server import RedisServer, start_redis

PROJECTS = """
projects:
  - name: Plone.Api
    classifiers: ["Framework :: Plone"]
    releases:
      - {version: "1.0", date: 2020-01-01}
      - {version: "2.0", date: 2022-01-01}
  - name: collective.one
    classifiers: ["Framework :: Plone :: 6.0"]
    releases:
      - {version: "0.1", date: 2021-01-01}
  - name: both.worlds
    classifiers: ["Framework :: Plone", "Framework :: Flask"]
    releases:
      - {version: "1.0", date: 2021-01-01}
  - name: flask-thing
    classifiers: ["Framework :: Flask"]
    releases:
      - {version: "1.0", date: 2021-01-01}
  - name: unframed
    releases:
      - {version: "1.0", date: 2021-01-01}
"""


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """One server for all tests of a process: Celery learns its address once."""
    with start_redis() as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("REDIS_HOST", server.address)
        assert queue.app.conf.broker_url == server.url.removesuffix("/0"), "somebody has used the app before"
        yield server


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    with LocalPyPI(FakeRegistry(parse_yaml_projects(PROJECTS))) as pypi:
        yield pypi


@dataclass
class QueueSite:
    """A user's settings, and the tasks: what is queued waits until `work` does it, in this process."""

    redis: RedisServer
    pypi: LocalPyPI
    environment: pytest.MonkeyPatch

    @property
    def context(self) -> WorkerContext:
        return get_worker_context()

    def configure(self, **settings: Any) -> None:
        """Change settings, for all that is done from now on."""
        for name, value in settings.items():
            self.environment.setenv(name.upper(), str(value))
        close_worker_context()

    def run_task(self, task: str, *args: Any, task_id: str = "", **kwargs: Any) -> Any:
        """Do a task at once, and return what it returns; raises what it raises."""
        # In a context of its own: Celery does not tell the end of a task that failed like this, and lines go by that.
        result = copy_context().run(
            queue.app.tasks[task_names.PREFIX + task].apply, args, kwargs, task_id=task_id or uuid4().hex
        )
        return result.get()

    def run_queued(self) -> list[Any]:
        """Do all that waits, and what comes of it; return what the tasks returned."""
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
        """Return how often each task waits."""
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
        """Fill the collections of profiles, and forget what that took."""
        for profile in profiles:
            self.run_task("full_fetch_all_packages", profile_name=profile)
        self.run_queued()
        self.pypi.requests.clear()


@pytest.fixture
def site(redis: RedisServer, pypi: LocalPyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QueueSite]:
    """A user whose collections are still to be filled, and who waits for nothing."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    with redis.create_client() as client:
        client.flushall()
    site = QueueSite(redis, pypi, monkeypatch)
    site.configure(
        redis_host=redis.address,
        pypi_base_url=pypi.url,
        sqlite_path=tmp_path / "index.sqlite3",
        pypi_rate_limit_delay=0,
        pypi_max_retries=0,
        render_workers=1,
        celery_task_max_retries=0,
    )
    yield site
    close_worker_context()
