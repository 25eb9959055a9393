"""Metrics endpoint and JSON log of a real worker."""

import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pyf.aggregator import queue
from pyf.aggregator.queue import task_names
from pyf.aggregator.sandbox.faults import Fault
from support.cli_runner import CommandRunner
from support.processes import run_python
from support.prometheus import Samples, parse_samples
from support.queue_site import QueueSite
from support.waiting import wait_until

pytestmark = pytest.mark.slow

# Forks like a pool once the endpoint answers, and prints the exit status of the child.
FORKING = """
import os, signal, sys, urllib.request
from pyf.aggregator.queue import monitoring

monitoring.start_endpoint()
urllib.request.urlopen(f"http://127.0.0.1:{os.environ['METRICS_PORT']}/metrics").read()
child = os.fork()
if not child:
    signal.alarm(20)
    monitoring.reset_after_fork()
    os._exit(0 if monitoring._worker_metrics.directory.is_dir() else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
monitoring.stop_endpoint()
"""

TOKEN, PASSWORD = "ghp_0123456789abcdef", "s3cret-of-clickhouse"


@dataclass
class RunningWorker:
    """A running worker process."""

    port: int
    log: Path

    def scrape(self) -> Samples:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics") as response:
                return parse_samples(response.read().decode())
        except OSError:
            return {}

    def count_ended(self) -> dict[tuple[str, str], float]:
        """Count finished tasks by name and outcome."""
        metrics = self.scrape()
        return {(labels[1], labels[0]): value for (name, labels), value in metrics.items() if name == "pyf_tasks_total"}

    def log_lines(self) -> list[dict[str, Any]]:
        """Return the log lines; Celery also prints a banner, which is skipped."""
        return [msgspec.json.decode(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def running_worker(site: QueueSite, folder: Path, pool: str) -> Iterator[RunningWorker]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    shell = CommandRunner(folder)
    settings = {
        "redis_host": site.redis.address,
        "pypi_base_url": site.pypi.url,
        "pypi_max_retries": 1,
        "pypi_retry_backoff": 0,
        "render_workers": 1,
        "metrics_port": port,
        "log_format": "json",
        "github_token": TOKEN,
        "github_api_url": "http://127.0.0.1:1",
        "clickhouse_url": f"http://me:{PASSWORD}@127.0.0.1:1/",
        "celery_task_max_retries": 0,
    }
    arguments = ("-A", "pyf.aggregator.queue", "worker", "--loglevel=info", f"--pool={pool}", "--concurrency=2")
    log = folder / "worker.log"
    with log.open("w") as err, shell.start(*arguments, module="celery", stderr=err.fileno(), **settings) as process:
        worker = RunningWorker(port, log)
        wait_until(lambda: "ready." in log.read_text())
        yield worker
        process.terminate()
        process.wait(timeout=60)


def send_task(task: str, *arguments: Any, **kwargs: Any) -> None:
    queue.app.tasks[task_names.PREFIX + task].apply_async(arguments, kwargs)


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_worker_metrics_with_every_pool(site: QueueSite, tmp_path: Path, pool: str) -> None:
    site.fill("plone")
    site.pypi.faults.add(Fault("503", request="project", times=1))

    with running_worker(site, tmp_path, pool) as worker_:
        for _ in range(3):
            send_task("update_project", "Plone.Api")
        send_task("update_github", "Plone.Api")
        send_task("update_project", 7)
        send_task("refresh_all_indexed_packages", collection_name="plone", profile_name="plone")
        wait_until(lambda: sum(worker_.count_ended().values()) == 6)
        metrics, ended = worker_.scrape(), worker_.count_ended()

    assert ended["update_project", "done"] == 3
    assert ended["update_project", "error"] == 1
    assert ended["refresh_all_indexed_packages", "done"] == 1
    assert metrics["pyf_requests_total", ("pypi", "503")] == 1
    assert metrics["pyf_requests_total", ("pypi", "200")] >= 3
    assert (metrics["pyf_queue_up", ()], metrics["pyf_queue_length", ()]) == (1, 0)
    assert metrics["pyf_documents", ("plone",)] == 6


def test_forked_child_keeps_parent_resources(site: QueueSite) -> None:
    """Otherwise the child would wait forever for the parent's endpoint to stop."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    with run_python(FORKING, METRICS_PORT=str(port)) as program:
        stdout, _ = program.communicate(timeout=60)

    assert stdout.strip() == "0"


def test_worker_log_has_context_and_no_secrets(site: QueueSite, tmp_path: Path) -> None:
    site.fill("plone")
    site.pypi.faults.add(Fault("503", request="project", times=1))

    with running_worker(site, tmp_path, "threads") as worker_:
        send_task("update_project", "Plone.Api")
        send_task("update_github", f"none-{TOKEN}")
        send_task("refresh_all_indexed_packages", collection_name="plone", profile_name="plone")
        wait_until(lambda: sum(worker_.count_ended().values()) == 3)

    lines = worker_.log_lines()
    (retry_line,) = [line for line in lines if line["message"].startswith("retry ")]
    assert (retry_line["task"], retry_line["project"], len(retry_line["task_id"])) == (
        "update_project",
        "Plone.Api",
        36,
    )
    (refresh_line,) = [line for line in lines if line.get("profile") and "succeeded" in line["message"]]
    assert (refresh_line["task"], refresh_line["collection"]) == ("refresh_all_indexed_packages", "plone")
    received = [line["task"] for line in lines if "received" in line["message"]]
    assert sorted(received) == ["refresh_all_indexed_packages", "update_github", "update_project"]
    text = worker_.log.read_text()
    assert TOKEN not in text
    assert PASSWORD not in text
    assert "***" in text


def test_worker_recovers_from_redis_outage(site: QueueSite, tmp_path: Path) -> None:
    site.fill("plone")

    with running_worker(site, tmp_path, "threads") as worker_:
        site.redis.stop()
        try:
            wait_until(lambda: worker_.scrape()["pyf_queue_up", ()] == 0)
            assert worker_.scrape()["pyf_documents", ("plone",)] == 6
        finally:
            site.redis.start()
        wait_until(lambda: worker_.scrape()["pyf_queue_up", ()] == 1)
        send_task("update_project", "Plone.Api")
        wait_until(lambda: worker_.count_ended())

    assert not worker_.scrape()
