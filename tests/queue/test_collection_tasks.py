"""Tasks on whole collections: selection, time slices and shards."""

import pytest

from pyf.aggregator import queue
from pyf.aggregator.domain.errors import Invalid, Unavailable
from pyf.aggregator.metrics import Metrics
from pyf.aggregator.sandbox.faults import Fault
from support.queue_site import QueueSite
from support.webhook_receiver import SECRET, run_documented_receiver

PLONE = {"classifiers": ["Framework :: Plone"]}
MEMBERS = ["both-worlds", "collective-one", "plone-api"]


def member_names(site: QueueSite, collection: str) -> list[str]:
    return [state.name_normalized for state in site.context.deps.index.iter_project_states(collection)]


def test_full_fetch_fills_the_collection(site: QueueSite) -> None:
    result = site.run_task("full_fetch_all_packages", collection_name="plone", profile_name="plone")

    assert (result["status"], result["indexed"]) == ("done", 3)
    assert member_names(site, "plone") == MEMBERS
    assert site.context.deps.index.get_state("plone").cursor == site.pypi.registry.last_serial


def test_full_fetch_into_named_collection(site: QueueSite) -> None:
    site.run_task("full_fetch_all_packages", "mine", "flask")

    assert member_names(site, "mine") == ["both-worlds", "flask-thing"]


@pytest.mark.parametrize("settings", [{"typesense_collection": "plone"}, {"default_profile": "plone"}])
def test_settings_choose_the_default_collection(site: QueueSite, settings: dict[str, str]) -> None:
    site.configure(**settings)

    site.run_task("full_fetch_all_packages")

    assert member_names(site, "plone") == MEMBERS
    assert site.run_task("refresh_all_indexed_packages")["collection"] == "plone"


def test_star_enqueues_every_collection(site: QueueSite) -> None:
    site.fill("plone", "flask")
    site.configure(typesense_collection="plone")

    for task in ("refresh_all_indexed_packages", "full_fetch_all_packages"):
        result = site.run_task(task, "*")
        assert (result["status"], result["collections"]) == ("queued", ["flask", "plone"])
        assert [result_["status"] for result_ in site.run_queued()] == ["done", "done"]


def test_unknown_profile_is_invalid(site: QueueSite) -> None:
    with pytest.raises(Invalid, match="unknown profile 'ploen'"):
        site.run_task("full_fetch_all_packages", profile_name="ploen")
    with pytest.raises(Invalid, match="collection mine does not exist and no profile has that name"):
        site.run_task("full_fetch_all_packages", "mine")


def test_full_fetch_runs_in_shards(site: QueueSite) -> None:
    site.configure(celery_fetch_batch_size=1)

    first = site.run_task("full_fetch_all_packages", profile_name="plone")

    assert (first["status"], first["shards"], site.count_queued()) == ("queued", 3, {"fetch_batch": 3})
    assert site.context.deps.index.get_state("plone").cursor is None
    results = site.run_queued()
    assert [result["status"] for result in results] == ["done"] * 4
    assert member_names(site, "plone") == MEMBERS
    state = site.context.deps.index.get_state("plone")
    assert state.cursor == site.pypi.registry.last_serial
    assert state.seen_classifiers == ("Framework :: Plone", "Framework :: Plone :: 6.0")
    # Each package is read once, by its shard.
    assert site.pypi.requests.by_kind["project"] == 3
    assert site.redis_keys("pyf:lock:*") == []


def test_full_fetch_is_locked(site: QueueSite) -> None:
    site.configure(celery_fetch_batch_size=1)
    site.run_task("full_fetch_all_packages", profile_name="plone")

    assert site.run_task("full_fetch_all_packages", profile_name="plone")["status"] == "locked"
    assert site.run_task("full_fetch_all_packages", profile_name="flask")["status"] == "queued"
    changes = site.run_task("update_changed_packages")["collections"]

    assert changes["plone"]["status"] == "locked"


def test_update_runs_during_a_refetch(site: QueueSite) -> None:
    """The worker of a fetch may have been killed; its lock lasts for hours."""
    site.fill("plone")
    site.configure(celery_fetch_batch_size=1)
    for name in MEMBERS:
        site.pypi.registry.publish(name, "9.0", info=PLONE)
    assert site.run_task("full_fetch_all_packages", profile_name="plone")["status"] == "queued"

    result = site.run_task("update_changed_packages")

    assert result["collections"]["plone"]["indexed"] == 3
    site.pypi.requests.clear()
    site.run_queued()
    assert site.pypi.requests.by_kind["project"] == 0


def test_stalled_fetch_is_finished(site: QueueSite) -> None:
    site.configure(celery_fetch_batch_size=1)
    site.run_task("full_fetch_all_packages", profile_name="plone")
    with site.redis.create_client() as client:
        client.lpop("celery")
        site.run_queued()
        assert site.context.deps.index.get_state("plone").cursor is None
        client.delete("pyf:lock:fetch-heartbeat:plone")

    site.run_task("update_changed_packages")
    site.run_queued()

    assert member_names(site, "plone") == MEMBERS
    assert site.context.deps.index.get_state("plone").seen_classifiers == (
        "Framework :: Plone",
        "Framework :: Plone :: 6.0",
    )
    assert site.redis_keys("pyf:lock:*") == []


def test_redelivered_shard_is_done_once(site: QueueSite) -> None:
    site.configure(celery_fetch_batch_size=1)
    site.run_task("full_fetch_all_packages", profile_name="plone")
    with site.redis.create_client() as client:
        for message in client.lrange("celery", 0, -1):
            client.rpush("celery", message)

    site.run_queued()

    assert site.pypi.requests.by_kind["project"] == 3
    assert member_names(site, "plone") == MEMBERS


def test_failed_shard_is_read_by_the_finish(site: QueueSite) -> None:
    site.configure(celery_fetch_batch_size=1)
    site.run_task("full_fetch_all_packages", profile_name="plone")
    site.pypi.faults.add(Fault("503", request="project", times=1))

    site.run_queued()

    assert member_names(site, "plone") == MEMBERS
    assert site.context.deps.index.get_state("plone").cursor == site.pypi.registry.last_serial


def test_refresh_continues_in_the_next_slice(site: QueueSite) -> None:
    names = [f"plone.n{number}" for number in range(12)]
    for name in names:
        site.pypi.registry.publish(name, "1.0", info=PLONE)
    site.fill("plone")
    for name in names:
        site.pypi.registry.publish(name, "9.0")
    site.pypi.latency = 0.3
    site.configure(celery_long_task_soft_time_limit=1, pypi_max_workers=1)

    slices = [site.run_task("refresh_all_indexed_packages", "plone")]
    assert slices[0]["status"] == "incomplete"
    assert slices[0]["skipped"] > 0
    assert site.count_queued() == {"refresh_all_indexed_packages": 1}
    site.pypi.latency = 0
    slices += site.run_queued()

    assert slices[-1]["status"] == "done"
    assert all(site.versions("plone", name)[-1] == "9.0" for name in names)


def test_locked_task_is_skipped(site: QueueSite) -> None:
    site.fill("plone")
    site.context.coordination.locks.acquire("refresh:plone", "another", 60)

    assert site.run_task("refresh_all_indexed_packages", "plone") == {"status": "locked", "collection": "plone"}


def test_redelivered_task_retries_while_locked(site: QueueSite) -> None:
    """The task of a killed pool process is redelivered at once, while its lock lasts for an hour."""
    site.fill("plone")
    locks = site.context.coordination.locks
    locks.acquire("refresh:plone", "delivered-twice first", 60)

    with pytest.raises(Unavailable, match="an earlier delivery of this task holds the lock refresh:plone"):
        site.run_task("refresh_all_indexed_packages", "plone", task_id="delivered-twice")
    assert locks.owner("refresh:plone") == "delivered-twice first"
    locks.release("refresh:plone", "delivered-twice first")

    assert site.run_task("refresh_all_indexed_packages", "plone", task_id="delivered-twice")["status"] == "done"


def test_update_reads_the_changelog_once(site: QueueSite) -> None:
    site.fill("plone", "flask")
    site.pypi.registry.publish("Plone.Api", "3.0")
    site.pypi.registry.publish("flask-thing", "2.0")

    result = site.run_task("update_changed_packages")

    assert {name: part["indexed"] for name, part in result["collections"].items()} == {"plone": 1, "flask": 1}
    assert (site.versions("plone", "plone-api"), site.versions("flask", "flask-thing")) == (
        ["1.0", "2.0", "3.0", "3.0a1"],
        ["1.0", "2.0"],
    )
    requests = site.pypi.requests.by_kind
    assert (requests["last_serial"], requests["changelog"], requests["browse"]) == (1, 1, 0)


def test_update_reports_unavailable_registry(site: QueueSite) -> None:
    site.fill("plone")
    site.pypi.faults.add(Fault("503"))

    result = site.run_task("update_changed_packages")

    assert (result["status"], result["collections"]["plone"]["status"]) == ("unavailable", "unavailable")


def test_rescore_makes_no_requests(site: QueueSite) -> None:
    site.fill("plone", "flask")

    result = site.run_task("rescore_all_packages")

    assert (result["status"], result["collections"]["plone"]["found"], site.pypi.requests.total) == ("done", 3, 0)


def test_documented_task_arguments(site: QueueSite) -> None:
    site.fill("plone")

    queue.refresh_all_indexed_packages.delay(collection_name="plone", profile_name="plone")

    (result,) = site.run_queued()
    assert (result["status"], result["collection"]) == ("done", "plone")


def test_webhooks_report_what_any_task_has_changed(site: QueueSite) -> None:
    with run_documented_receiver() as url:
        site.configure(webhook_urls=url, webhook_secret=SECRET)
        site.fill("plone", "flask")
        first = site.run_task("deliver_webhooks")
        site.pypi.registry.publish("Plone.Api", "9.0")
        site.run_task("update_changed_packages")
        second = site.run_task("deliver_webhooks")

    assert (first["status"], first["delivered"]) == ("done", 0)
    assert (second["status"], second["delivered"], second["waiting"]) == ("done", 1, 0)
    assert b'pyf_webhook_deliveries_total{outcome="delivered"' in Metrics(site.context.deps).render()
