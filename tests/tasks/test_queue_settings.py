"""Every setting of the queue changes something that can be seen from outside."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import STDOUT, Popen
from typing import Any

import pytest
from celery import Celery

from effects import effect_of
from pyf.aggregator.domain.schedule import Schedule
from pyf.aggregator.queue import names
from pyf.aggregator.queue.timetable import timetable
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.settings import load_settings
from shell import Shell, wait_until
from tasks.conftest import Site


@effect_of("redis_host")
def test_the_queue_is_on_the_redis_that_is_named(site: Site, tmp_path: Path) -> None:
    site.shop.agreed.seen.claim("mine", 60)
    shell = Shell(tmp_path)

    assert site.remembered("mine") == ["mine"]
    assert shell.call("--purge-queue", command="pyfupdater", redis_host=f"{site.redis.url}").code == 0
    elsewhere = shell.call("--purge-queue", command="pyfupdater", redis_host="127.0.0.1:1")
    assert (elsewhere.code, elsewhere.error.startswith("Redis does not answer: ")) == (4, True)


@effect_of("typesense_collection")
def test_a_call_that_names_no_collection_means_the_one_of_the_settings(site: Site) -> None:
    site.fill("plone", "flask")
    site.set(typesense_collection="flask")

    assert site.do("refresh_all_indexed_packages")["collection"] == "flask"


@effect_of("rss_dedup_ttl")
@effect_of("rss_dedup_ttl_new")
@effect_of("rss_dedup_ttl_update")
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
def test_announcements_are_remembered_for_so_long(
    site: Site, settings: dict[str, Any], new: int | None, update: int | None
) -> None:
    site.fill("flask")
    site.set(**settings)

    site.do("read_rss_new_projects_and_queue")
    site.do("read_rss_new_releases_and_queue")

    with site.redis.client() as client:
        for key, seconds in (("new:flask-thing", new), ("update:flask-thing:1.0", update)):
            left = client.ttl(f"pyf:dedup:{key}")
            assert left == -2 if seconds is None else seconds - 10 < left <= seconds


def test_where_nothing_is_remembered_redis_is_not_asked(site: Site) -> None:
    site.fill("flask")
    site.set(rss_dedup_ttl=0)
    with site.redis.client() as client:
        client.config_resetstat()

        site.do("read_rss_new_releases_and_queue")

        assert client.info("commandstats").keys() & {"cmdstat_set", "cmdstat_del", "cmdstat_expire"} == set()
    assert site.waiting()["inspect_project"] > 0


@effect_of("celery_browse_interval")
@pytest.mark.parametrize(("interval", "asks"), [(0, True), (3600, False)])
def test_classifiers_are_asked_for_so_often(site: Site, interval: int, asks: bool) -> None:
    site.fill("plone")
    site.set(celery_browse_interval=interval)

    site.do("update_changed_packages")

    assert (site.pypi.requests.by_kind["browse"] > 0) is asks


@effect_of("celery_fetch_batch_size")
@pytest.mark.parametrize(("size", "parts"), [(0, 0), (1, 3), (2, 2), (3, 0)])
def test_a_full_fetch_is_shared_in_parts_of_that_size(site: Site, size: int, parts: int) -> None:
    site.set(celery_fetch_batch_size=size)

    site.do("full_fetch_all_packages", profile_name="plone")

    assert site.waiting()["fetch_batch"] == parts


@effect_of("celery_schedule_rss_projects")
@effect_of("celery_schedule_rss_releases")
@effect_of("celery_schedule_changes")
def test_what_recurs_does_so_by_its_schedule(site: Site) -> None:
    site.set(
        celery_schedule_rss_projects="*/3 * * * *", celery_schedule_rss_releases="", celery_schedule_changes="7 * * * *"
    )

    due = {name: entry["schedule"].schedule for name, entry in timetable(load_settings()).items()}

    assert (due["rss-new-projects"], due["changes"]) == (Schedule("*/3 * * * *"), Schedule("7 * * * *"))
    assert "rss-new-releases" not in due


@contextmanager
def working(site: Site, **settings: Any) -> Iterator[Celery]:
    """Run a worker, and give what asks it."""
    environment = os.environ | {name.upper(): str(value) for name, value in settings.items()}
    log = Path("worker.log")
    with log.open("wb") as written:
        command = [sys.executable, "-m", "celery", "-A", "pyf.aggregator.queue", "worker"]
        process = Popen(command, env=environment, stdout=written, stderr=STDOUT)
    try:
        with Celery(broker=site.redis.url, set_as_current=False) as caller:
            wait_until(lambda: caller.control.ping(timeout=0.5) or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield caller
    finally:
        process.kill()
        process.wait()


@effect_of("celery_worker_pool")
@effect_of("celery_worker_concurrency")
@effect_of("celery_worker_prefetch_multiplier")
@effect_of("celery_task_soft_time_limit")
@effect_of("celery_task_time_limit")
@effect_of("celery_long_task_soft_time_limit")
@effect_of("celery_long_task_time_limit")
@effect_of("celery_visibility_timeout")
@effect_of("celery_restore_interval")
@effect_of("celery_task_max_retries")
@effect_of("celery_task_retry_backoff")
def test_a_worker_is_as_the_settings_say(site: Site) -> None:
    site.fill("plone")
    limits = {"celery_task_soft_time_limit": 31, "celery_task_time_limit": 61}
    long_limits = {"celery_long_task_soft_time_limit": 301, "celery_long_task_time_limit": 601}
    site.pypi.faults.add(Fault("503", request="project"))

    with working(
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
    ) as caller:
        caller.send_task(names.UPDATE, ("plone.api",), ignore_result=True)
        ((told, conf),) = zip(
            (caller.control.inspect().stats() or {}).values(),
            (caller.control.inspect().conf() or {}).values(),
            strict=True,
        )
        wait_until(lambda: site.pypi.requests.by_kind["project"] == 3)

    assert (told["pool"]["implementation"], told["pool"]["max-concurrency"]) == (
        "celery.concurrency.prefork:TaskPool",
        2,
    )
    assert told["prefetch_count"] == 6
    assert (conf["task_soft_time_limit"], conf["task_time_limit"]) == (31, 61)
    assert conf["task_annotations"][names.REFRESH] == {"soft_time_limit": 301, "time_limit": 601}
    options = conf["broker_transport_options"]
    assert (options["visibility_timeout"], options["unacked_restore_interval"]) == (1201, 7)
    moments = sorted(request.time for request in site.pypi.requests.log if request.kind == "project")
    assert moments[1] - moments[0] >= 0.2
    assert moments[2] - moments[1] >= 0.4
