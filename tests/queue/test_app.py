"""Observable effect of every setting of the queue."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import STDOUT, Popen
from typing import Any

import pytest
from celery import Celery

from pyf.aggregator import queue
from pyf.aggregator.domain.schedule import Schedule
from pyf.aggregator.queue import task_names
from pyf.aggregator.queue.beat_schedule import build_beat_schedule
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.settings import load_settings
from support.cli_runner import CommandRunner
from support.queue_site import QueueSite
from support.redis_server import RedisServer, start_redis
from support.setting_coverage import covers_setting
from support.waiting import wait_until


@covers_setting("redis_host")
def test_redis_host(site: QueueSite, tmp_path: Path) -> None:
    site.context.coordination.dedup.reserve("mine", 60)
    shell = CommandRunner(tmp_path)

    assert site.redis_keys("mine") == ["mine"]
    assert shell.invoke("--purge-queue", command="pyfupdater", redis_host=f"{site.redis.url}").code == 0
    elsewhere = shell.invoke("--purge-queue", command="pyfupdater", redis_host="127.0.0.1:1")
    assert (elsewhere.code, elsewhere.error.startswith("Redis does not respond: ")) == (4, True)


@covers_setting("typesense_collection")
def test_default_collection(site: QueueSite) -> None:
    site.fill("plone", "flask")
    site.configure(typesense_collection="flask")

    assert site.run_task("refresh_all_indexed_packages")["collection"] == "flask"


@covers_setting("rss_dedup_ttl")
@covers_setting("rss_dedup_ttl_new")
@covers_setting("rss_dedup_ttl_update")
@pytest.mark.parametrize(
    ("settings", "new", "update"),
    [
        ({}, 86_400, 86_400),
        ({"rss_dedup_ttl": 500}, 500, 500),
        ({"rss_dedup_ttl": 500, "rss_dedup_ttl_new": 700}, 700, 500),
        ({"rss_dedup_ttl": 0, "rss_dedup_ttl_update": 600}, None, 600),
        ({"rss_dedup_ttl_new": 0}, None, 86_400),
    ],
)
def test_rss_dedup_ttl(site: QueueSite, settings: dict[str, Any], new: int | None, update: int | None) -> None:
    site.fill("flask")
    site.configure(**settings)

    site.run_task("read_rss_new_projects_and_queue")
    site.run_task("read_rss_new_releases_and_queue")

    with site.redis.create_client() as client:
        for key, seconds in (("new:flask-thing", new), ("update:flask-thing:1.0", update)):
            ttl = client.ttl(f"pyf:dedup:{key}")
            assert ttl == -2 if seconds is None else seconds - 10 < ttl <= seconds


def test_ttl_of_zero_makes_no_dedup_requests(site: QueueSite) -> None:
    site.fill("flask")
    site.configure(rss_dedup_ttl=0)
    with site.redis.create_client() as client:
        client.config_resetstat()

        site.run_task("read_rss_new_releases_and_queue")

        assert client.info("commandstats").keys() & {"cmdstat_set", "cmdstat_del", "cmdstat_expire"} == set()
    assert site.count_queued()["inspect_project"] > 0


@covers_setting("discovery_interval")
@pytest.mark.parametrize(("interval", "browses"), [(0, True), (3600, False)])
def test_browse_interval(site: QueueSite, interval: int, browses: bool) -> None:
    site.fill("plone")
    site.configure(discovery_interval=interval)

    site.run_task("update_changed_packages")

    assert (site.pypi.requests.by_kind["browse"] > 0) is browses


@covers_setting("celery_fetch_batch_size")
@pytest.mark.parametrize(("size", "shards"), [(0, 0), (1, 3), (2, 2), (3, 0)])
def test_fetch_batch_size(site: QueueSite, size: int, shards: int) -> None:
    site.configure(celery_fetch_batch_size=size)

    site.run_task("full_fetch_all_packages", profile_name="plone")

    assert site.count_queued()["fetch_batch"] == shards


@covers_setting("celery_schedule_rss_projects")
@covers_setting("celery_schedule_rss_releases")
@covers_setting("celery_schedule_changes")
def test_schedule_settings(site: QueueSite) -> None:
    site.configure(
        celery_schedule_rss_projects="*/3 * * * *", celery_schedule_rss_releases="", celery_schedule_changes="7 * * * *"
    )

    due = {name: entry["schedule"].schedule for name, entry in build_beat_schedule(load_settings()).items()}

    assert (due["rss-new-projects"], due["changes"]) == (Schedule("*/3 * * * *"), Schedule("7 * * * *"))
    assert "rss-new-releases" not in due


@contextmanager
def running_worker(site: QueueSite, **settings: Any) -> Iterator[Celery]:
    """Run a worker and yield a Celery inspector."""
    environment = os.environ | {name.upper(): str(value) for name, value in settings.items()}
    log = Path("worker.log")
    with log.open("wb") as log_file:
        command = [sys.executable, "-m", "celery", "-A", "pyf.aggregator.queue", "worker"]
        process = Popen(command, env=environment, stdout=log_file, stderr=STDOUT)
    try:
        with Celery(broker=site.redis.url, set_as_current=False) as celery:
            wait_until(lambda: celery.control.ping(timeout=0.5) or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield celery
    finally:
        process.kill()
        process.wait()


@covers_setting("celery_worker_pool")
@covers_setting("celery_worker_concurrency")
@covers_setting("celery_worker_prefetch_multiplier")
@covers_setting("celery_task_soft_time_limit")
@covers_setting("celery_task_time_limit")
@covers_setting("celery_long_task_soft_time_limit")
@covers_setting("celery_long_task_time_limit")
@covers_setting("celery_visibility_timeout")
@covers_setting("celery_restore_interval")
@covers_setting("celery_task_max_retries")
@covers_setting("celery_task_retry_backoff")
def test_worker_settings(site: QueueSite) -> None:
    site.fill("plone")
    limits = {"celery_task_soft_time_limit": 31, "celery_task_time_limit": 61}
    long_limits = {"celery_long_task_soft_time_limit": 301, "celery_long_task_time_limit": 601}
    site.pypi.faults.add(Fault("503", request="project"))

    with running_worker(
        site,
        celery_worker_pool="prefork",
        celery_worker_concurrency=2,
        celery_worker_prefetch_multiplier=3,
        celery_visibility_timeout=1201,
        celery_restore_interval=7,
        celery_task_max_retries=2,
        celery_task_retry_backoff=0.2,
        **limits,
        **long_limits,
    ) as celery:
        celery.send_task(task_names.UPDATE, ("plone.api",), ignore_result=True)
        ((stats, conf),) = zip(
            (celery.control.inspect().stats() or {}).values(),
            (celery.control.inspect().conf() or {}).values(),
            strict=True,
        )
        wait_until(lambda: site.pypi.requests.by_kind["project"] == 3)

    assert (stats["pool"]["implementation"], stats["pool"]["max-concurrency"]) == (
        "celery.concurrency.prefork:TaskPool",
        2,
    )
    assert stats["prefetch_count"] == 6
    assert (conf["task_soft_time_limit"], conf["task_time_limit"]) == (31, 61)
    assert conf["task_annotations"][task_names.REFRESH] == {"soft_time_limit": 301, "time_limit": 601}
    options = conf["broker_transport_options"]
    assert (options["visibility_timeout"], options["unacked_restore_interval"]) == (1201, 7)
    moments = sorted(request.time for request in site.pypi.requests.log if request.kind == "project")
    assert moments[1] - moments[0] >= 0.2
    assert moments[2] - moments[1] >= 0.4


def test_ignored_settings_are_logged(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CELERY_WORKER_CONCURENCY=3\nno setting\n")
    program = "from pyf.aggregator.queue.monitoring import configure_logging; configure_logging()"

    completed = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env={}, capture_output=True, text=True, check=True
    )

    assert "unknown setting CELERY_WORKER_CONCURENCY. Did you mean CELERY_WORKER_CONCURRENCY?" in completed.stderr
    assert ".env, line 2 is ignored" in completed.stderr


def test_heartbeat_does_not_wait_for_redis(redis: RedisServer) -> None:
    """A second server is stopped; the first one has configured the app."""
    with start_redis() as server, queue.app.connection_for_write(server.url) as connection:
        dispatcher = queue.app.events.Dispatcher(connection)
        dispatcher.send("worker-heartbeat", retry=True)
        sent = len(dispatcher._outbound_buffer)
        server.stop()
        dispatcher.send("worker-heartbeat", retry=True)

    assert (sent, len(dispatcher._outbound_buffer)) == (0, 1)
