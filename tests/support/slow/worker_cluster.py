"""Real workers and beat on a real Redis, with two profiles and a local registry."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from subprocess import STDOUT, Popen
from typing import Any

from celery import Celery

from pyf.aggregator.adapters.redis import BrokerQueue, connect
from pyf.aggregator.domain.errors import AggregatorError
from pyf.aggregator.queue import task_names
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner
from support.redis_server import RedisServer, start_redis
from support.slow.index_contents import open_index, read_contents
from support.waiting import wait_until

# PyPI has no such classifiers, so a run requests exactly one for each profile.
TINY, SMALL = "Framework :: Tiny", "Framework :: Small"
PROFILES = f"""
profiles:
  tiny: {{classifiers: ["{TINY}"]}}
  small: {{classifiers: ["{SMALL}"]}}
"""
COLLECTIONS = ("tiny", "small")

# Whatever a worker starts inherits this variable, by which it is found when its worker is gone.
_MARKER_VARIABLE = "PYF_TEST_PLANT"
_numbers = count(1)

# What takes an hour elsewhere takes seconds here.
FAST_SETTINGS: dict[str, Any] = {
    "pypi_rate_limit_delay": 0,
    "pypi_max_retries": 0,
    "render_workers": 1,
    "celery_worker_concurrency": 4,
    "celery_task_soft_time_limit": 10,
    "celery_task_time_limit": 10,
    "celery_long_task_soft_time_limit": 10,
    "celery_long_task_time_limit": 10,
    "celery_visibility_timeout": 12,
    "celery_restore_interval": 1,
    "celery_task_retry_backoff": 0.5,
}
# Nothing is queued but by the test.
WITHOUT_SCHEDULES: dict[str, Any] = {
    f"celery_schedule_{name}": ""
    for name in (
        "rss_projects",
        "rss_releases",
        "changes",
        "weekly_refresh",
        "monthly_fetch",
        "weekly_downloads",
        "weekly_github",
        "nightly_scores",
    )
}


def build_registry(projects: int = 12) -> FakeRegistry:
    """Return projects of both profiles, of one, and of none."""
    registry = FakeRegistry()
    for number in range(projects):
        classifiers = [[TINY], [SMALL], [TINY, SMALL], []][number % 4]
        registry.publish(f"pkg.n{number}", "1.0", info={"classifiers": classifiers, "description": f"Text {number}."})
    return registry


@dataclass
class WorkerCluster:
    """A user's folder and environment, with the Redis and the registry that they name."""

    shell: CommandRunner
    redis: RedisServer
    pypi: LocalPyPI
    mark: str
    processes: dict[str, "Popen[bytes]"] = field(default_factory=dict)

    def start_process(self, name: str, *arguments: str, **settings: Any) -> "Popen[bytes]":
        """Start `celery worker` or `celery beat` as documented; its log is in a file of the given name."""
        command = [sys.executable, "-m", "celery", "-A", "pyf.aggregator.queue", *arguments, "--loglevel=info"]
        environment = self.shell.environment | {
            "PATH": os.environ["PATH"],
            "HOME": str(self.shell.folder),
            "LANG": "C.UTF-8",
        }
        environment |= {key.upper(): str(value) for key, value in settings.items()} | {_MARKER_VARIABLE: self.mark}
        with self._get_log_path(name).open("ab") as log:
            process = Popen(command, cwd=self.shell.folder, env=environment, stdout=log, stderr=STDOUT)
        self.processes[name] = process
        return process

    def start_worker(self, name: str = "one", **settings: Any) -> "Popen[bytes]":
        """Start a worker and wait until it is ready."""
        process = self.start_process(name, "worker", "-n", f"{name}@here", **settings)
        wait_until(lambda: "ready." in self.read_log(name) or process.poll() is not None)
        assert process.poll() is None, self.read_log(name)
        return process

    def read_log(self, name: str) -> str:
        return self._get_log_path(name).read_text("utf-8", "replace")

    def send_task(self, task: str, *arguments: Any, **task_kwargs: Any) -> None:
        """Queue a task."""
        with Celery(broker=self.redis.url, set_as_current=False) as app:
            app.send_task(task_names.PREFIX + task, arguments, task_kwargs, ignore_result=True)

    def count_tasks(self) -> tuple[int, int]:
        """Return the number of waiting tasks, and of tasks that workers have received."""
        with connect(self.redis.url) as redis:
            return BrokerQueue(redis).get_lengths()

    def fill_collections(self) -> None:
        """Fill the collections, and wait until that is done."""
        for profile in COLLECTIONS:
            assert self.shell.run("-f", "-p", profile).code == 0

    def read_contents(self, shell: CommandRunner | None = None) -> dict[str, Any]:
        """Return the contents of the index without what depends on the time."""
        with open_index((shell or self.shell).folder / "index.sqlite3") as (index, _):
            return {name: read_contents(index, name) for name in COLLECTIONS}

    def is_drained(self) -> bool:
        try:
            return self.count_tasks() == (0, 0)
        except AggregatorError:
            return False

    def build_baseline(self) -> dict[str, Any]:
        """Return the contents of an index that commands have built now, without disturbance."""
        folder = self.shell.folder / "undisturbed"
        folder.mkdir()
        environment = self.shell.environment | {"SQLITE_PATH": str(folder / "index.sqlite3")}
        shell = CommandRunner(folder, environment)
        for profile in COLLECTIONS:
            assert shell.run("-f", "-p", profile).code == 0
        return self.read_contents(shell)

    def stop_all(self) -> None:
        """End all started processes and their children."""
        for process in self.processes.values():
            process.kill()
            process.wait()
        for environment in Path("/proc").glob("[0-9]*/environ"):
            try:
                is_ours = f"{_MARKER_VARIABLE}={self.mark}".encode() in environment.read_bytes().split(b"\0")
            except OSError:  # it has ended, or is another user's
                continue
            if is_ours:
                os.kill(int(environment.parent.name), signal.SIGKILL)

    def _get_log_path(self, name: str) -> Path:
        return self.shell.folder / f"{name}.log"


@contextmanager
def open_cluster(folder: Path, *, projects: int = 12, **settings: Any) -> Iterator[WorkerCluster]:
    """Yield a cluster with filled collections and without workers; its Redis is persistent."""
    (folder / "profiles.yaml").write_text(PROFILES)
    with ExitStack() as stack:
        redis = stack.enter_context(start_redis("--appendonly", "yes", "--appendfsync", "always"))
        pypi = stack.enter_context(LocalPyPI(build_registry(projects)))
        variables = {
            "pypi_base_url": pypi.url,
            "redis_host": redis.address,
            "profiles_file": folder / "profiles.yaml",
            "sqlite_path": folder / "index.sqlite3",
            **settings,
        }
        shell = CommandRunner(folder, {name.upper(): str(value) for name, value in variables.items()})
        cluster = WorkerCluster(shell, redis, pypi, f"{os.getpid()}-{next(_numbers)}")
        stack.callback(cluster.stop_all)
        cluster.fill_collections()
        yield cluster
