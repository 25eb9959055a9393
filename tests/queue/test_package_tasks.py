"""Tasks on single packages, and the feeds that trigger them."""

from typing import Any

import pytest
from celery.exceptions import Retry

from pyf.aggregator import queue
from pyf.aggregator.domain.errors import Invalid, NotFound, Unavailable
from pyf.aggregator.queue.worker_context import get_worker_context
from pyf.aggregator.sandbox.faults import Fault
from support.queue_site import QueueSite

ANNOUNCED = {"classifiers": ["Framework :: Plone", "Framework :: Flask"]}


def publish_release(site: QueueSite, name: str, version: str) -> dict[str, Any]:
    site.pypi.registry.publish(name, version, info=ANNOUNCED)
    return {"package_id": name, "release_id": version}


def test_announced_release_is_indexed_in_every_profile(site: QueueSite) -> None:
    site.fill("plone", "flask")
    publish_release(site, "brand.new", "1.0")
    publish_release(site, "brand.new", "1.1")

    first = site.run_task("read_rss_new_releases_and_queue")
    site.run_queued()
    second = site.run_task("read_rss_new_releases_and_queue")

    assert (first["status"], first["queued"], first["seen"]) == ("done", 10, 0)
    assert (second["queued"], second["seen"], sum(site.count_queued().values())) == (0, 10, 0)
    assert site.versions("plone", "brand-new") == site.versions("flask", "brand-new") == ["1.0", "1.1"]
    # Unknown releases are inspected, the new project once, and current packages not at all.
    assert site.pypi.requests.by_kind["project"] == 2


def test_new_project_and_release_are_read_once(site: QueueSite) -> None:
    site.fill("plone", "flask")
    publish_release(site, "brand.new", "1.0")

    site.run_task("read_rss_new_projects_and_queue")
    site.run_task("read_rss_new_releases_and_queue")
    site.run_queued()

    assert "pyf:dedup:new:brand-new" in site.redis_keys()
    assert "pyf:dedup:update:brand-new:1.0" in site.redis_keys()
    requests = [request for request in site.pypi.requests.log if "brand-new/json" in request.path]
    assert len(requests) == 1


def test_rss_is_not_read_without_collections(site: QueueSite) -> None:
    assert site.run_task("read_rss_new_releases_and_queue")["status"] == "done"
    assert site.pypi.requests.total == 0


def test_dedup_key_ttls(site: QueueSite) -> None:
    site.fill("flask")
    site.configure(rss_dedup_ttl_new=500)

    site.run_task("read_rss_new_projects_and_queue")
    site.run_task("read_rss_new_releases_and_queue")

    with site.redis.create_client() as client:
        assert 490 < client.ttl("pyf:dedup:new:flask-thing") <= 500
        assert 86_390 < client.ttl("pyf:dedup:update:flask-thing:1.0") <= 86_400


def test_dedup_key_is_released_after_failure(site: QueueSite) -> None:
    site.fill("plone")
    site.run_task("read_rss_new_releases_and_queue")
    site.pypi.faults.add(Fault("503", request="project"))
    assert "pyf:dedup:update:unframed:1.0" in site.redis_keys()

    with pytest.raises(Unavailable):
        site.run_task("inspect_project", {"package_id": "unframed", "release_id": "1.0"})

    assert "pyf:dedup:update:unframed:1.0" not in site.redis_keys()
    assert "pyf:dedup:update:flask-thing:1.0" in site.redis_keys()


def test_inspect_project_result(site: QueueSite) -> None:
    site.fill("plone", "flask")
    announced = publish_release(site, "both.worlds", "2.0")

    first, second = site.run_task("inspect_project", announced), site.run_task("inspect_project", announced)

    assert first == {
        "status": "done",
        "project": "both-worlds",
        "indexed": ["flask", "plone"],
        "removed": [],
        "requests": 1,
    }
    assert (second["status"], second["requests"]) == ("up_to_date", 0)


@pytest.mark.parametrize("data", [{}, {"package_id": ""}, {"package_id": 5}, {"package_id": "x", "release_id": 1}])
def test_inspect_project_rejects_invalid_data(site: QueueSite, data: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="needs package_id"):
        site.run_task("inspect_project", data)


@pytest.mark.parametrize("task", ["update_project", "update_github"])
@pytest.mark.parametrize("package_id", ["", 5, None])
def test_package_tasks_reject_invalid_names(site: QueueSite, task: str, package_id: Any) -> None:
    with pytest.raises(Invalid, match="package_id must be a package name"):
        site.run_task(task, package_id)


def test_update_project_forces_a_read(site: QueueSite) -> None:
    site.fill("plone")

    result = site.run_task("update_project", "Plone_API")

    assert (result["status"], result["indexed"], result["requests"]) == ("done", ["plone"], 1)


def test_stale_response_is_left_to_the_changelog(site: QueueSite) -> None:
    site.fill("plone")
    announced = publish_release(site, "collective.one", "0.3")
    site.pypi.document_lag = 1

    result = site.run_task("inspect_project", announced)

    assert result["status"] == "stale_response"
    assert site.versions("plone", "collective-one") == ["0.1", "0.2"]


def test_update_github_of_unknown_package_fails(site: QueueSite) -> None:
    site.fill("plone")

    with pytest.raises(NotFound, match=r"no collection contains nobody-1\.0"):
        site.run_task("update_github", "nobody-1.0")


@pytest.mark.parametrize("package", ["Plone.Api", "Plone.Api-2.0", "plone-api"])
def test_update_github_accepts_document_ids_and_names(site: QueueSite, package: str) -> None:
    site.fill("plone")

    result = site.run_task("update_github", package)

    assert result["collections"]["plone"]["found"] == 1


@pytest.mark.parametrize("package_id", ["plone.api-3.0a1", "Plone.Api-2.0", "plone-api", "plone.api-9.9"])
def test_update_project_accepts_document_ids_and_names(site: QueueSite, package_id: str) -> None:
    site.fill("plone")

    result = site.run_task("update_project", package_id)

    assert (result["status"], result["project"], result["indexed"]) == ("done", "plone-api", ["plone"])


@pytest.mark.parametrize("package_id", ["new.thing-1.0", "new-thing"])
def test_update_project_finds_new_package(site: QueueSite, package_id: str) -> None:
    site.fill("plone")
    publish_release(site, "new.thing", "1.0")

    assert site.run_task("update_project", package_id)["indexed"] == ["plone"]


@pytest.mark.parametrize("package_id", ["nope-nope", "nope-1.0", "no-such.thing-2"])
def test_update_of_unknown_package_says_so(site: QueueSite, package_id: str) -> None:
    site.fill("plone")

    results = [
        site.run_task("update_project", package_id),
        site.run_task("inspect_project", {"package_id": package_id}),
    ]

    assert [(result["status"], result["indexed"]) for result in results] == [("not_found", [])] * 2


def test_update_of_foreign_package_says_so(site: QueueSite) -> None:
    site.fill("plone")

    results = [
        site.run_task("update_project", "unframed"),
        site.run_task("inspect_project", {"package_id": "unframed", "release_id": "1.0"}),
    ]

    assert [result["status"] for result in results] == ["no_match"] * 2


def test_locked_collection_is_retried_within_seconds(site: QueueSite) -> None:
    site.fill("plone")
    site.configure(celery_task_max_retries=8)
    context = get_worker_context()
    site.pypi.registry.publish("plone.api", "5.0", info={"classifiers": ["Framework :: Plone :: 7.0"]})

    with context.deps.admin.lock("plone"), pytest.raises(Retry) as retry:
        queue.update_project.apply(["plone.api"], throw=True)

    assert retry.value.when == 1.0
    assert site.run_task("update_project", "plone.api")["status"] == "done"


def test_documented_tasks_exist() -> None:
    documented = {
        "inspect_project",
        "update_project",
        "update_github",
        "read_rss_new_projects_and_queue",
        "read_rss_new_releases_and_queue",
        "refresh_all_indexed_packages",
        "full_fetch_all_packages",
        "enrich_downloads_all_packages",
    }

    assert documented <= set(queue.__all__)
    assert {f"pyf.aggregator.queue.{name}" for name in documented} <= queue.app.tasks.keys()
