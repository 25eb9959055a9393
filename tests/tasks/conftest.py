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
from pyf.aggregator.adapters.redis import RedisQueue
from pyf.aggregator.queue import names
from pyf.aggregator.queue.process import Workshop, close_workshop, workshop
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.expand import expanded
from pyf.aggregator.sample.services import LocalPyPI
from pyf.aggregator.settings import Settings
from redis_server import RedisServer, redis_server

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
    with redis_server() as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("REDIS_HOST", server.address)
        assert queue.app.conf.broker_url == server.url.removesuffix("/0"), "somebody has used the app before"
        yield server


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    with LocalPyPI(Ecosystem(expanded(PROJECTS))) as pypi:
        yield pypi


@dataclass
class Site:
    """A user's settings, and the tasks: what is queued waits until `work` does it, in this process."""

    redis: RedisServer
    pypi: LocalPyPI
    environment: pytest.MonkeyPatch

    @property
    def shop(self) -> Workshop:
        return workshop()

    def set(self, **settings: Any) -> None:
        """Change settings, for all that is done from now on."""
        for name, value in settings.items():
            self.environment.setenv(name.upper(), str(value))
        close_workshop()

    def do(self, task: str, *args: Any, id_: str = "", **kwargs: Any) -> Any:
        """Do a task at once, and return what it returns; raises what it raises."""
        # In a context of its own: Celery does not tell the end of a task that failed like this, and lines go by that.
        eager = copy_context().run(queue.app.tasks[names.PREFIX + task].apply, args, kwargs, task_id=id_ or uuid4().hex)
        return eager.get()

    def work(self) -> list[Any]:
        """Do all that waits, and what comes of it; return what the tasks returned."""
        told = []
        with self.redis.client() as client:
            waiting = RedisQueue(client)
            while some := list(waiting.purge()):
                told += [self.do(each.task.removeprefix(names.PREFIX), *each.args, **each.kwargs) for each in some]
        return told

    def waiting(self) -> Counter[str]:
        """Return how often each task waits."""
        with self.redis.client() as client:
            found = RedisQueue(client).by_task()
        return Counter({name.removeprefix(names.PREFIX): count for name, count in found.items()})

    def remembered(self, pattern: str = "pyf:dedup:*") -> list[str]:
        with self.redis.client() as client:
            return sorted(map(str, client.keys(pattern)))

    def versions(self, collection: str, name: str) -> list[str]:
        documents = self.shop.services.index.documents(collection, name)
        return sorted(document.registry.version for document in documents)

    def fill(self, *profiles: str) -> None:
        """Fill the collections of profiles, and forget what that took."""
        for profile in profiles:
            self.do("full_fetch_all_packages", profile_name=profile)
        self.work()
        self.pypi.requests.clear()


@pytest.fixture
def site(redis: RedisServer, pypi: LocalPyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A user whose collections are still to be filled, and who waits for nothing."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    with redis.client() as client:
        client.flushall()
    site = Site(redis, pypi, monkeypatch)
    site.set(
        redis_host=redis.address,
        pypi_base_url=pypi.url,
        sqlite_path=tmp_path / "index.sqlite3",
        pypi_rate_limit_delay=0,
        pypi_max_retries=0,
        render_workers=1,
        celery_task_max_retries=0,
    )
    yield site
    close_workshop()
