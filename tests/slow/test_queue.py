"""The queue with real workers, beat and Redis: whatever is killed or does not answer, the index ends as it should."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyf.aggregator.sample.faults import Fault
from shell import wait_until
from slow.plant import COLLECTIONS, HASTE, SMALL, TINY, WITHOUT_SCHEDULES, Plant, plant

pytestmark = pytest.mark.slow


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Plant]:
    """A plant where what takes an hour elsewhere takes seconds, and where the test queues what is queued."""
    with plant(tmp_path, **HASTE, **WITHOUT_SCHEDULES) as made:
        yield made


def let_things_happen(plant: Plant) -> None:
    """Publish releases, new projects, and let projects change sides, leave and vanish."""
    ecosystem = plant.pypi.ecosystem
    for number in range(12):
        ecosystem.publish(f"pkg.n{number}", "2.0")
    for number in range(20):
        ecosystem.publish(f"new.n{number}", "1.0", info={"classifiers": [TINY, SMALL] if number % 2 else [TINY]})
        ecosystem.publish(f"new.n{number}", "1.1")
    ecosystem.publish("pkg.n0", "3.0", info={"classifiers": [SMALL]})
    ecosystem.publish("pkg.n4", "3.0", info={"classifiers": []})
    ecosystem.remove_project("pkg.n8")


def announce(plant: Plant) -> None:
    plant.send("read_rss_new_projects_and_queue")
    plant.send("read_rss_new_releases_and_queue")


def stripped(contents: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a project has left behind: an index that was built just now has never held it."""
    kept = ("cursor", "filter", "seen_classifiers")
    return {
        name: {"documents": held["documents"], "state": {key: held["state"][key] for key in kept}}
        for name, held in contents.items()
    }


def is_as_it_should_be(plant: Plant) -> None:
    """Wait until nothing is left to be done; then the index is as one that was built undisturbed."""
    wait_until(plant.is_drained)
    plant.send("update_changed_packages")
    wait_until(plant.is_drained)
    due = stripped(plant.undisturbed())
    assert stripped(plant.contents()) == due


def is_at_work(plant: Plant) -> Callable[[], bool]:
    return lambda: plant.pypi.requests.by_kind["project"] >= 3


@pytest.mark.parametrize("pool", ["threads", "prefork", "solo"])
def test_every_pool_does_the_work_and_ends_when_told(hasty: Plant, pool: str) -> None:
    let_things_happen(hasty)
    worker = hasty.worker(celery_worker_pool=pool, celery_worker_concurrency=2)

    announce(hasty)
    wait_until(lambda: "new-n19" in hasty.shell.names("small"))
    is_as_it_should_be(hasty)
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(timeout=60) == 0
    assert "Traceback" not in hasty.log("one")


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_worker_is_killed_in_the_middle_and_another_takes_over(hasty: Plant, pool: str) -> None:
    let_things_happen(hasty)
    hasty.pypi.latency = 0.5
    hasty.pypi.requests.clear()
    first = hasty.worker("first", celery_worker_pool=pool)
    announce(hasty)
    wait_until(is_at_work(hasty))

    first.send_signal(signal.SIGKILL)
    first.wait()
    assert hasty.waiting()[1] > 0
    hasty.pypi.latency = 0
    hasty.worker("second", celery_worker_pool=pool)
    wait_until(hasty.is_drained)

    # Nobody has read the journal yet, and no task was lost.
    assert {f"new-n{number}" for number in range(20)} <= set(hasty.shell.names("tiny"))
    begun = re.findall(r"inspect_project\[(\S+)\] received", hasty.log("first"))
    ended = re.findall(r"inspect_project\[(\S+)\] succeeded", hasty.log("first") + hasty.log("second"))
    assert set(begun) <= set(ended)
    is_as_it_should_be(hasty)


def test_until_what_was_lost_is_delivered_again_the_journal_has_repaired_the_index(hasty: Plant) -> None:
    let_things_happen(hasty)
    hasty.pypi.latency = 0.5
    hasty.pypi.requests.clear()
    first = hasty.worker("first", celery_visibility_timeout=3600)
    announce(hasty)
    wait_until(is_at_work(hasty))
    first.send_signal(signal.SIGKILL)
    first.wait()
    hasty.pypi.latency = 0

    hasty.worker("second", celery_visibility_timeout=3600, celery_browse_interval=1)
    due = stripped(hasty.undisturbed())

    def is_repaired() -> bool:
        """The journal's run comes again and again, and asks for newcomers every hour; here every second."""
        hasty.send("update_changed_packages")
        time.sleep(1)
        return stripped(hasty.contents()) == due

    wait_until(is_repaired)
    assert hasty.waiting()[1] > 0


def test_of_two_workers_one_is_killed(hasty: Plant) -> None:
    let_things_happen(hasty)
    hasty.pypi.latency = 0.3
    hasty.pypi.requests.clear()
    first, _ = hasty.worker("first"), hasty.worker("second")
    announce(hasty)
    wait_until(is_at_work(hasty))

    first.send_signal(signal.SIGKILL)
    hasty.pypi.latency = 0

    is_as_it_should_be(hasty)


def test_redis_is_away_for_twenty_seconds(hasty: Plant) -> None:
    let_things_happen(hasty)
    hasty.pypi.latency = 0.3
    hasty.pypi.requests.clear()
    worker = hasty.worker()
    beat = hasty.start("beat", "beat", celery_schedule_rss_releases="* * * * *")
    announce(hasty)
    wait_until(is_at_work(hasty))

    hasty.redis.stop()
    time.sleep(20)
    hasty.redis.start()
    hasty.pypi.latency = 0

    is_as_it_should_be(hasty)
    assert (worker.poll(), beat.poll()) == (None, None)


def test_redis_begins_anew_while_a_worker_with_a_task_in_hand_waits_for_more(hasty: Plant) -> None:
    """A worker whose hands are full asks for no more; one that waits for the next task has more to let go of."""
    hasty.pypi.ecosystem.publish("new.one", "1.0", info={"classifiers": [TINY, SMALL]})
    hasty.pypi.latency = 3
    hasty.pypi.requests.clear()
    worker = hasty.worker()
    hasty.send("inspect_project", {"package_id": "new.one", "release_id": "1.0"})
    wait_until(lambda: hasty.pypi.requests.by_kind["project"] == 1)

    hasty.redis.stop()
    wait_until(lambda: "Connection to broker lost" in hasty.log("one"))
    hasty.redis.start()
    wait_until(lambda: hasty.is_drained() or worker.poll() is not None)

    assert worker.poll() is None, hasty.log("one")
    hasty.pypi.latency = 0
    is_as_it_should_be(hasty)


def test_the_registry_answers_503_for_a_while(hasty: Plant) -> None:
    """Eight seconds stand for a minute: tasks are tried again after half a second here, after half a minute there."""
    let_things_happen(hasty)
    hasty.worker()
    hasty.pypi.faults.add(Fault("503", request="project"))
    announce(hasty)
    wait_until(lambda: hasty.pypi.faults.struck["503"] >= 20)
    time.sleep(8)

    hasty.pypi.faults.clear()

    is_as_it_should_be(hasty)
    assert "Retry in" in hasty.log("one")


def test_a_full_fetch_is_shared_and_one_of_its_workers_is_killed(tmp_path: Path) -> None:
    with plant(tmp_path, projects=80, **HASTE, **WITHOUT_SCHEDULES, celery_fetch_batch_size=5) as shared:
        due = stripped(shared.contents())
        for collection in COLLECTIONS:
            assert (
                shared.shell.run(
                    "--delete-collection", f"{collection}-1", "-f", module="pyf.aggregator.cli.updater"
                ).code
                == 0
            )
        shared.pypi.latency = 0.2
        shared.pypi.requests.clear()
        first, _ = shared.worker("first"), shared.worker("second")
        for collection in COLLECTIONS:
            shared.send("full_fetch_all_packages", collection_name=collection, profile_name=collection)
        wait_until(is_at_work(shared))

        first.send_signal(signal.SIGKILL)
        shared.pypi.latency = 0
        wait_until(shared.is_drained)

        def is_whole() -> bool:
            """Redis may have handed out a part just when the worker was killed: the journal's run sees to that."""
            shared.send("update_changed_packages")
            time.sleep(1)
            return stripped(shared.contents()) == due

        wait_until(is_whole)
        wait_until(shared.is_drained)
        assert {name: held["state"]["cursor"] for name, held in shared.contents().items()} == dict.fromkeys(
            COLLECTIONS, shared.pypi.ecosystem.last_serial
        )


def test_delivered_twice_is_done_once(hasty: Plant) -> None:
    """The second delivery comes while the first one is at work."""
    hasty.pypi.ecosystem.publish("new.one", "1.0", info={"classifiers": [TINY, SMALL]})
    hasty.pypi.requests.clear()
    hasty.worker()
    for _ in range(3):
        hasty.send("inspect_project", {"package_id": "new.one", "release_id": "1.0"})
        wait_until(hasty.is_drained)

    assert hasty.pypi.requests.by_kind["project"] == 1
    is_as_it_should_be(hasty)


def test_a_release_is_found_within_ninety_seconds_with_the_documented_schedules(tmp_path: Path) -> None:
    with plant(tmp_path, pypi_rate_limit_delay=0, render_workers=1) as found:
        found.worker()
        found.start("beat", "beat")
        wait_until(lambda: "Starting" in found.log("beat"))
        found.pypi.ecosystem.publish("brand.new", "1.0", info={"classifiers": [TINY, SMALL]})
        deadline = time.monotonic() + 90

        def is_shown(collection: str) -> bool:
            return found.shell.run("--show", "brand.new", "-t", collection).code == 0

        while not all("brand-new" in found.shell.names(collection) for collection in COLLECTIONS):
            assert time.monotonic() < deadline, found.log("one")
            time.sleep(0.5)

        assert all(is_shown(collection) for collection in COLLECTIONS)
        asked = [request for request in found.pypi.requests.log if "brand-new" in request.path]
        assert len(asked) == 1
