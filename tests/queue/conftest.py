"""A Redis, a small registry, and tasks that run in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator import queue
from pyf.aggregator.queue.worker_context import close_worker_context
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.settings import SETTINGS
from support.queue_site import QueueSite
from support.redis_server import RedisServer, start_redis
from support.sample_ecosystem import build_sample_registry


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """One server for all tests of a process: Celery reads its URL once."""
    with start_redis() as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("REDIS_HOST", server.address)
        assert queue.app.conf.broker_url == server.url.removesuffix("/0"), "the app was configured before this fixture"
        yield server


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    registry = build_sample_registry("Plone.Api", "collective.one", "both.worlds", "flask-thing", "unframed")
    with LocalPyPI(registry) as pypi:
        yield pypi


@pytest.fixture
def site(redis: RedisServer, pypi: LocalPyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QueueSite]:
    """A queue site with empty collections and without pauses between requests."""
    for name in SETTINGS:
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
