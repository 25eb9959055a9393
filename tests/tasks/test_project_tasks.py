"""Tasks about single projects: feeds are read, what is new is queued once, and reaches every profile."""

from typing import Any

import pytest

from pyf.aggregator import queue
from pyf.aggregator.domain.errors import Invalid, NotFound, Unavailable
from pyf.aggregator.sample.faults import Fault
from tasks.conftest import Site

ANNOUNCED = {"classifiers": ["Framework :: Plone", "Framework :: Flask"]}


def released(site: Site, name: str, version: str) -> dict[str, Any]:
    site.pypi.ecosystem.publish(name, version, info=ANNOUNCED)
    return {"package_id": name, "release_id": version}


def test_a_release_is_found_once_in_every_profile_that_it_belongs_to(site: Site) -> None:
    site.fill("plone", "flask")
    released(site, "brand.new", "1.0")
    released(site, "brand.new", "1.1")

    first = site.do("read_rss_new_releases_and_queue")
    site.work()
    second = site.do("read_rss_new_releases_and_queue")

    assert (first["status"], first["queued"], first["seen"]) == ("done", 8, 0)
    assert (second["queued"], second["seen"], sum(site.waiting().values())) == (0, 8, 0)
    assert site.versions("plone", "brand-new") == site.versions("flask", "brand-new") == ["1.0", "1.1"]
    # Each strange release is looked at, the new project once, and what is held not at all.
    assert site.pypi.requests.by_kind["project"] == 2


def test_a_new_project_and_its_release_are_two_announcements_and_one_look(site: Site) -> None:
    site.fill("plone", "flask")
    released(site, "brand.new", "1.0")

    site.do("read_rss_new_projects_and_queue")
    site.do("read_rss_new_releases_and_queue")
    site.work()

    assert "pyf:dedup:new:brand-new" in site.remembered()
    assert "pyf:dedup:update:brand-new:1.0" in site.remembered()
    asked = [request for request in site.pypi.requests.log if "brand-new/json" in request.path]
    assert len(asked) == 1


def test_without_a_collection_no_feed_is_read(site: Site) -> None:
    assert site.do("read_rss_new_releases_and_queue")["status"] == "done"
    assert site.pypi.requests.total == 0


def test_the_documented_lifetimes_of_keys(site: Site) -> None:
    site.fill("flask")
    site.set(rss_dedup_ttl_new=500)

    site.do("read_rss_new_projects_and_queue")
    site.do("read_rss_new_releases_and_queue")

    with site.redis.client() as client:
        assert 490 < client.ttl("pyf:dedup:new:flask-thing") <= 500
        assert 86_390 < client.ttl("pyf:dedup:update:flask-thing:1.0") <= 86_400


def test_a_key_is_freed_when_its_task_fails_for_good(site: Site) -> None:
    site.fill("plone")
    site.do("read_rss_new_releases_and_queue")
    site.pypi.faults.add(Fault("503", request="project"))
    assert "pyf:dedup:update:unframed:1.0" in site.remembered()

    with pytest.raises(Unavailable):
        site.do("inspect_project", {"package_id": "unframed", "release_id": "1.0"})

    assert "pyf:dedup:update:unframed:1.0" not in site.remembered()
    assert "pyf:dedup:update:flask-thing:1.0" in site.remembered()


def test_inspecting_tells_what_came_of_it(site: Site) -> None:
    site.fill("plone", "flask")
    announced = released(site, "both.worlds", "2.0")

    first, second = site.do("inspect_project", announced), site.do("inspect_project", announced)

    assert first == {
        "status": "done",
        "project": "both-worlds",
        "indexed": ["flask", "plone"],
        "removed": [],
        "requests": 1,
    }
    assert (second["status"], second["requests"]) == ("known", 0)


@pytest.mark.parametrize("data", [{}, {"package_id": ""}, {"package_id": 5}, {"package_id": "x", "release_id": 1}])
def test_what_names_no_project_is_refused(site: Site, data: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="needs a package_id"):
        site.do("inspect_project", data)


@pytest.mark.parametrize("task", ["update_project", "update_github"])
@pytest.mark.parametrize("package_id", ["", 5, None])
def test_what_can_be_no_name_is_refused(site: Site, task: str, package_id: Any) -> None:
    with pytest.raises(Invalid, match="package_id must be a name"):
        site.do(task, package_id)


def test_updating_reads_anew_whatever_is_held(site: Site) -> None:
    site.fill("plone")

    told = site.do("update_project", "Plone_API")

    assert (told["status"], told["indexed"], told["requests"]) == ("done", ["plone"], 1)


def test_a_stale_answer_is_asked_for_again_and_left_to_the_journal_in_the_end(site: Site) -> None:
    site.fill("plone")
    announced = released(site, "collective.one", "0.2")
    site.pypi.document_lag = 1

    told = site.do("inspect_project", announced)

    assert told["status"] == "stale"
    assert site.versions("plone", "collective-one") == ["0.1"]


def test_a_task_of_a_package_that_nobody_holds_fails(site: Site) -> None:
    site.fill("plone")

    with pytest.raises(NotFound, match=r"no collection holds nobody-1\.0"):
        site.do("update_github", "nobody-1.0")


@pytest.mark.parametrize("package", ["Plone.Api", "Plone.Api-2.0", "plone-api"])
def test_a_package_is_named_by_a_documents_id_or_its_own_name(site: Site, package: str) -> None:
    site.fill("plone")

    told = site.do("update_github", package)

    assert told["collections"]["plone"]["found"] == 1


def test_every_documented_task_is_there_by_its_name() -> None:
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
