"""Real workers, beat and Redis: the index is correct after killed processes and outages."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyf.aggregator.sandbox.faults import Fault
from support.slow.worker_cluster import (
    COLLECTIONS,
    FAST_SETTINGS,
    SMALL,
    TINY,
    WITHOUT_SCHEDULES,
    WorkerCluster,
    open_cluster,
)
from support.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[WorkerCluster]:
    """A cluster with short intervals, on which the test enqueues the tasks."""
    with open_cluster(tmp_path, **FAST_SETTINGS, **WITHOUT_SCHEDULES) as started_cluster:
        yield started_cluster


def change_registry(plant: WorkerCluster) -> None:
    """Publish releases and projects; let projects change their framework, and remove some."""
    fake_registry = plant.pypi.registry
    for number in range(12):
        fake_registry.publish(f"pkg.n{number}", "2.0")
    for number in range(20):
        fake_registry.publish(f"new.n{number}", "1.0", info={"classifiers": [TINY, SMALL] if number % 2 else [TINY]})
        fake_registry.publish(f"new.n{number}", "1.1")
    fake_registry.publish("pkg.n0", "3.0", info={"classifiers": [SMALL]})
    fake_registry.publish("pkg.n4", "3.0", info={"classifiers": []})
    fake_registry.remove_project("pkg.n8")


def queue_changes(plant: WorkerCluster) -> None:
    plant.send_task("read_rss_new_projects_and_queue")
    plant.send_task("read_rss_new_releases_and_queue")


def drop_volatile(contents: dict[str, Any]) -> dict[str, Any]:
    """Drop tombstones, which a newly built index does not have."""
    kept = ("cursor", "filter", "seen_classifiers")
    return {
        name: {
            "documents": collection_contents["documents"],
            "state": {key: collection_contents["state"][key] for key in kept},
        }
        for name, collection_contents in contents.items()
    }


def matches_baseline(plant: WorkerCluster) -> None:
    """Wait until the queue is idle, then compare the index with one built without disturbance."""
    wait_until(plant.is_drained)
    plant.send_task("update_changed_packages")
    wait_until(plant.is_drained)
    expected = drop_volatile(plant.build_baseline())
    assert drop_volatile(plant.read_contents()) == expected


def has_running_task(plant: WorkerCluster) -> Callable[[], bool]:
    return lambda: plant.pypi.requests.by_kind["project"] >= 3


@pytest.mark.parametrize("pool", ["threads", "prefork", "solo"])
def test_every_pool_works_and_stops(cluster: WorkerCluster, pool: str) -> None:
    change_registry(cluster)
    worker = cluster.start_worker(celery_worker_pool=pool, celery_worker_concurrency=2)

    queue_changes(cluster)
    wait_until(lambda: "new-n19" in cluster.shell.list_names("small"))
    matches_baseline(cluster)
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(timeout=60) == 0
    assert "Traceback" not in cluster.read_log("one")


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_killed_worker_is_replaced(cluster: WorkerCluster, pool: str) -> None:
    change_registry(cluster)
    cluster.pypi.latency = 0.5
    cluster.pypi.requests.clear()
    first = cluster.start_worker("first", celery_worker_pool=pool)
    queue_changes(cluster)
    wait_until(has_running_task(cluster))

    first.send_signal(signal.SIGKILL)
    first.wait()
    assert cluster.count_tasks()[1] > 0
    cluster.pypi.latency = 0
    cluster.start_worker("second", celery_worker_pool=pool)
    wait_until(cluster.is_drained)

    # No changelog run yet, and no task is lost.
    assert {f"new-n{number}" for number in range(20)} <= set(cluster.shell.list_names("tiny"))
    started_ids = re.findall(r"inspect_project\[(\S+)\] received", cluster.read_log("first"))
    completed_ids = re.findall(
        r"inspect_project\[(\S+)\] succeeded", cluster.read_log("first") + cluster.read_log("second")
    )
    assert set(started_ids) <= set(completed_ids)
    matches_baseline(cluster)


def test_incremental_run_repairs_before_redelivery(cluster: WorkerCluster) -> None:
    change_registry(cluster)
    cluster.pypi.latency = 0.5
    cluster.pypi.requests.clear()
    first = cluster.start_worker("first", celery_visibility_timeout=3600)
    queue_changes(cluster)
    wait_until(has_running_task(cluster))
    first.send_signal(signal.SIGKILL)
    first.wait()
    cluster.pypi.latency = 0

    cluster.start_worker("second", celery_visibility_timeout=3600, discovery_interval=1)
    expected = drop_volatile(cluster.build_baseline())

    def is_repaired() -> bool:
        """Changelog runs repeat, and check classifiers every hour; here every second."""
        cluster.send_task("update_changed_packages")
        time.sleep(1)
        return drop_volatile(cluster.read_contents()) == expected

    wait_until(is_repaired)
    assert cluster.count_tasks()[1] > 0


def test_second_worker_completes_tasks_of_killed_one(cluster: WorkerCluster) -> None:
    change_registry(cluster)
    cluster.pypi.latency = 0.3
    cluster.pypi.requests.clear()
    first, _ = cluster.start_worker("first"), cluster.start_worker("second")
    queue_changes(cluster)
    wait_until(has_running_task(cluster))

    first.send_signal(signal.SIGKILL)
    cluster.pypi.latency = 0

    matches_baseline(cluster)


def test_redis_outage_of_20_seconds(cluster: WorkerCluster) -> None:
    change_registry(cluster)
    cluster.pypi.latency = 0.3
    cluster.pypi.requests.clear()
    worker = cluster.start_worker()
    beat = cluster.start_process("beat", "beat", celery_schedule_rss_releases="* * * * *")
    queue_changes(cluster)
    wait_until(has_running_task(cluster))

    cluster.redis.stop()
    time.sleep(20)
    cluster.redis.start()
    cluster.pypi.latency = 0

    matches_baseline(cluster)
    assert (worker.poll(), beat.poll()) == (None, None)


def test_redis_restart_with_running_task(cluster: WorkerCluster) -> None:
    """A worker at full capacity polls no more; one that waits for a task holds an open channel."""
    cluster.pypi.registry.publish("new.one", "1.0", info={"classifiers": [TINY, SMALL]})
    cluster.pypi.latency = 3
    cluster.pypi.requests.clear()
    worker = cluster.start_worker()
    cluster.send_task("inspect_project", {"package_id": "new.one", "release_id": "1.0"})
    wait_until(lambda: cluster.pypi.requests.by_kind["project"] == 1)

    cluster.redis.stop()
    wait_until(lambda: "Connection to broker lost" in cluster.read_log("one"))
    cluster.redis.start()
    wait_until(lambda: cluster.is_drained() or worker.poll() is not None)

    assert worker.poll() is None, cluster.read_log("one")
    cluster.pypi.latency = 0
    matches_baseline(cluster)


def test_registry_returns_503(cluster: WorkerCluster) -> None:
    """Eight seconds stand for a minute: retries start after half a second instead of half a minute."""
    change_registry(cluster)
    cluster.start_worker()
    cluster.pypi.faults.add(Fault("503", request="project"))
    queue_changes(cluster)
    wait_until(lambda: cluster.pypi.faults.hits["503"] >= 20)
    time.sleep(8)

    cluster.pypi.faults.clear()

    matches_baseline(cluster)
    assert "Retry in" in cluster.read_log("one")


def test_sharded_fetch_with_killed_worker(tmp_path: Path) -> None:
    with open_cluster(tmp_path, projects=80, **FAST_SETTINGS, **WITHOUT_SCHEDULES, celery_fetch_batch_size=5) as shared:
        expected = drop_volatile(shared.read_contents())
        for collection in COLLECTIONS:
            assert (
                shared.shell.run(
                    "--delete-collection", f"{collection}-1", "-f", module="pyf.aggregator.cli.documented.updater"
                ).code
                == 0
            )
        shared.pypi.latency = 0.2
        shared.pypi.requests.clear()
        first, _ = shared.start_worker("first"), shared.start_worker("second")
        for collection in COLLECTIONS:
            shared.send_task("full_fetch_all_packages", collection_name=collection, profile_name=collection)
        wait_until(has_running_task(shared))

        first.send_signal(signal.SIGKILL)
        shared.pypi.latency = 0
        wait_until(shared.is_drained)

        def is_whole() -> bool:
            """Redis may lose the message of a shard when the worker is killed; the changelog run finishes the fetch."""
            shared.send_task("update_changed_packages")
            time.sleep(1)
            return drop_volatile(shared.read_contents()) == expected

        wait_until(is_whole)
        wait_until(shared.is_drained)
        assert {
            name: collection_contents["state"]["cursor"] for name, collection_contents in shared.read_contents().items()
        } == dict.fromkeys(COLLECTIONS, shared.pypi.registry.last_serial)


def test_redelivered_task_runs_once(cluster: WorkerCluster) -> None:
    """The second delivery arrives while the first one runs."""
    cluster.pypi.registry.publish("new.one", "1.0", info={"classifiers": [TINY, SMALL]})
    cluster.pypi.requests.clear()
    cluster.start_worker()
    for _ in range(3):
        cluster.send_task("inspect_project", {"package_id": "new.one", "release_id": "1.0"})
        wait_until(cluster.is_drained)

    assert cluster.pypi.requests.by_kind["project"] == 1
    matches_baseline(cluster)


def test_release_is_indexed_within_90_seconds(tmp_path: Path) -> None:
    with open_cluster(tmp_path, pypi_rate_limit_delay=0, render_workers=1) as cluster:
        cluster.start_worker()
        cluster.start_process("beat", "beat")
        wait_until(lambda: "Starting" in cluster.read_log("beat"))
        cluster.pypi.registry.publish("brand.new", "1.0", info={"classifiers": [TINY, SMALL]})
        deadline = time.monotonic() + 90

        def is_shown(collection: str) -> bool:
            return cluster.shell.run("--show", "brand.new", "-t", collection).code == 0

        while not all("brand-new" in cluster.shell.list_names(collection) for collection in COLLECTIONS):
            assert time.monotonic() < deadline, cluster.read_log("one")
            time.sleep(0.5)

        assert all(is_shown(collection) for collection in COLLECTIONS)
        matching_requests = [request for request in cluster.pypi.requests.log if "brand-new" in request.path]
        assert len(matching_requests) == 1
