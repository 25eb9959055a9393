"""What those who operate it see of a real worker: Prometheus' endpoint, and a log of JSON lines."""

import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from operation.test_metrics import Scraped, parsed
from processes import python
from pyf.aggregator import queue
from pyf.aggregator.queue import names
from pyf.aggregator.sample.faults import Fault
from shell import Shell, wait_until
from tasks.conftest import Site

pytestmark = pytest.mark.slow

# Forks as a pool does, once the endpoint answers; says how the child ended.
FORKING = """
import os, signal, sys, urllib.request
from pyf.aggregator.queue import monitoring

monitoring.open_endpoint()
urllib.request.urlopen(f"http://127.0.0.1:{os.environ['METRICS_PORT']}/metrics").read()
child = os.fork()
if not child:
    signal.alarm(20)
    monitoring.begin_anew()
    os._exit(0 if monitoring._watch.folder.is_dir() else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
monitoring.close_endpoint()
"""

TOKEN, PASSWORD = "ghp_0123456789abcdef", "s3cret-of-clickhouse"


@dataclass
class Seen:
    """A worker from outside."""

    port: int
    log: Path

    def metrics(self) -> Scraped:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics") as answer:
                return parsed(answer.read().decode())
        except OSError:
            return {}

    def ended(self) -> dict[tuple[str, str], float]:
        """Return how many tasks ended, by name and outcome."""
        told = self.metrics()
        return {(labels[1], labels[0]): value for (name, labels), value in told.items() if name == "pyf_tasks_total"}

    def lines(self) -> list[dict[str, Any]]:
        """Return what was logged; before and beside it Celery says who it is."""
        return [msgspec.json.decode(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def worker(site: Site, folder: Path, pool: str) -> Iterator[Seen]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    shell = Shell(folder)
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
        seen = Seen(port, log)
        wait_until(lambda: "ready." in log.read_text())
        yield seen
        process.terminate()
        process.wait(timeout=60)


def send(task: str, *arguments: Any, **named: Any) -> None:
    queue.app.tasks[names.PREFIX + task].apply_async(arguments, named)


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_what_a_worker_did_is_told_whatever_its_pool(site: Site, tmp_path: Path, pool: str) -> None:
    site.fill("plone")
    site.pypi.faults.add(Fault("503", request="project", times=1))

    with worker(site, tmp_path, pool) as seen:
        for _ in range(3):
            send("update_project", "Plone.Api")
        send("update_github", "Plone.Api")
        send("update_project", 7)
        send("refresh_all_indexed_packages", collection_name="plone", profile_name="plone")
        wait_until(lambda: sum(seen.ended().values()) == 6)
        told, ended = seen.metrics(), seen.ended()

    assert ended["update_project", "done"] == 3
    assert ended["update_project", "error"] == 1
    assert ended["refresh_all_indexed_packages", "done"] == 1
    assert told["pyf_requests_total", ("pypi", "503")] == 1
    assert told["pyf_requests_total", ("pypi", "200")] >= 3
    assert (told["pyf_queue_up", ()], told["pyf_queue_length", ()]) == (1, 0)
    assert told["pyf_documents", ("plone",)] == 4


def test_a_forked_child_closes_nothing_of_what_its_parent_has_opened(site: Site) -> None:
    """It would wait for ever for the parent's endpoint to end, and do no task."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    with python(FORKING, METRICS_PORT=str(port)) as program:
        told, _ = program.communicate(timeout=60)

    assert told.strip() == "0"


def test_each_line_says_what_it_is_about_and_none_tells_a_secret(site: Site, tmp_path: Path) -> None:
    site.fill("plone")
    site.pypi.faults.add(Fault("503", request="project", times=1))

    with worker(site, tmp_path, "threads") as seen:
        send("update_project", "Plone.Api")
        send("update_github", f"none-{TOKEN}")
        send("refresh_all_indexed_packages", collection_name="plone", profile_name="plone")
        wait_until(lambda: sum(seen.ended().values()) == 3)

    lines = seen.lines()
    (again,) = [line for line in lines if "asking again" in line["message"]]
    assert (again["task"], again["project"], len(again["task_id"])) == ("update_project", "Plone.Api", 36)
    (refreshed,) = [line for line in lines if line.get("profile") and "succeeded" in line["message"]]
    assert (refreshed["task"], refreshed["collection"]) == ("refresh_all_indexed_packages", "plone")
    received = [line["task"] for line in lines if "received" in line["message"]]
    assert sorted(received) == ["refresh_all_indexed_packages", "update_github", "update_project"]
    text = seen.log.read_text()
    assert TOKEN not in text
    assert PASSWORD not in text
    assert "***" in text


def test_a_worker_without_its_redis_says_so_and_goes_on_when_it_is_back(site: Site, tmp_path: Path) -> None:
    site.fill("plone")

    with worker(site, tmp_path, "threads") as seen:
        site.redis.stop()
        try:
            wait_until(lambda: seen.metrics()["pyf_queue_up", ()] == 0)
            assert seen.metrics()["pyf_documents", ("plone",)] == 4
        finally:
            site.redis.start()
        wait_until(lambda: seen.metrics()["pyf_queue_up", ()] == 1)
        send("update_project", "Plone.Api")
        wait_until(lambda: seen.ended())

    assert not seen.metrics()
