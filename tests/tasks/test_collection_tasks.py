"""Tasks on whole collections: which ones, in turns, and shared by several workers."""

import pytest

from pyf.aggregator import queue
from pyf.aggregator.domain.errors import Invalid, Unavailable
from pyf.aggregator.sample.faults import Fault
from tasks.conftest import Site

PLONE = {"classifiers": ["Framework :: Plone"]}
MEMBERS = ["both-worlds", "collective-one", "plone-api"]


def held(site: Site, collection: str) -> list[str]:
    return [holding.name_normalized for holding in site.shop.services.index.holdings(collection)]


def test_a_full_fetch_fills_the_collection_of_a_profile(site: Site) -> None:
    told = site.do("full_fetch_all_packages", collection_name="plone", profile_name="plone")

    assert (told["status"], told["indexed"]) == ("done", 3)
    assert held(site, "plone") == MEMBERS
    assert site.shop.services.index.state("plone").cursor == site.pypi.ecosystem.last_serial


def test_a_full_fetch_into_a_collection_of_another_name(site: Site) -> None:
    site.do("full_fetch_all_packages", "mine", "flask")

    assert held(site, "mine") == ["both-worlds", "flask-thing"]


@pytest.mark.parametrize("settings", [{"typesense_collection": "plone"}, {"default_profile": "plone"}])
def test_settings_say_what_a_call_leaves_open(site: Site, settings: dict[str, str]) -> None:
    site.set(**settings)

    site.do("full_fetch_all_packages")

    assert held(site, "plone") == MEMBERS
    assert site.do("refresh_all_indexed_packages")["collection"] == "plone"


def test_what_is_scheduled_serves_every_collection(site: Site) -> None:
    site.fill("plone", "flask")
    site.set(typesense_collection="plone")

    for task in ("refresh_all_indexed_packages", "full_fetch_all_packages"):
        told = site.do(task, "*")
        assert (told["status"], told["collections"]) == ("queued", ["flask", "plone"])
        assert [each["status"] for each in site.work()] == ["done", "done"]


def test_a_profile_that_there_is_not_is_refused(site: Site) -> None:
    with pytest.raises(Invalid, match="there is no profile 'ploen'"):
        site.do("full_fetch_all_packages", profile_name="ploen")
    with pytest.raises(Invalid, match="no collection mine, and no profile of that name"):
        site.do("full_fetch_all_packages", "mine")


def test_a_fetch_is_shared_in_parts_and_ended_by_whoever_is_last(site: Site) -> None:
    site.set(celery_fetch_batch_size=1)

    begun = site.do("full_fetch_all_packages", profile_name="plone")

    assert (begun["status"], begun["parts"], site.waiting()) == ("queued", 3, {"fetch_batch": 3})
    assert site.shop.services.index.state("plone").cursor is None
    ends = site.work()
    assert [each["status"] for each in ends] == ["done"] * 4
    assert held(site, "plone") == MEMBERS
    state = site.shop.services.index.state("plone")
    assert state.cursor == site.pypi.ecosystem.last_serial
    assert state.seen_classifiers == ("Framework :: Plone", "Framework :: Plone :: 6.0")
    # Each project is read once, by its part.
    assert site.pypi.requests.by_kind["project"] == 3
    assert site.remembered("pyf:lock:*") == []


def test_two_full_fetches_of_one_collection_do_not_run_at_once(site: Site) -> None:
    site.set(celery_fetch_batch_size=1)
    site.do("full_fetch_all_packages", profile_name="plone")

    assert site.do("full_fetch_all_packages", profile_name="plone")["status"] == "busy"
    assert site.do("full_fetch_all_packages", profile_name="flask")["status"] == "queued"
    changes = site.do("update_changed_packages")["collections"]

    assert changes["plone"]["status"] == "busy"


def test_the_journal_does_not_wait_for_a_fetch_of_a_collection_that_was_complete(site: Site) -> None:
    """Its worker may have been killed, and be missed for hours."""
    site.fill("plone")
    site.set(celery_fetch_batch_size=1)
    for name in MEMBERS:
        site.pypi.ecosystem.publish(name, "9.0", info=PLONE)
    assert site.do("full_fetch_all_packages", profile_name="plone")["status"] == "queued"

    told = site.do("update_changed_packages")

    assert told["collections"]["plone"]["indexed"] == 3
    site.pypi.requests.clear()
    site.work()
    assert site.pypi.requests.by_kind["project"] == 0


def test_a_fetch_that_has_lost_a_part_is_ended_when_it_has_been_silent_for_long(site: Site) -> None:
    site.set(celery_fetch_batch_size=1)
    site.do("full_fetch_all_packages", profile_name="plone")
    with site.redis.client() as client:
        client.lpop("celery")
        site.work()
        assert site.shop.services.index.state("plone").cursor is None
        client.delete("pyf:lock:filling:plone")

    site.do("update_changed_packages")
    site.work()

    assert held(site, "plone") == MEMBERS
    assert site.shop.services.index.state("plone").seen_classifiers == (
        "Framework :: Plone",
        "Framework :: Plone :: 6.0",
    )
    assert site.remembered("pyf:lock:*") == []


def test_a_part_that_is_delivered_twice_is_done_once(site: Site) -> None:
    site.set(celery_fetch_batch_size=1)
    site.do("full_fetch_all_packages", profile_name="plone")
    with site.redis.client() as client:
        for message in client.lrange("celery", 0, -1):
            client.rpush("celery", message)

    site.work()

    assert site.pypi.requests.by_kind["project"] == 3
    assert held(site, "plone") == MEMBERS


def test_a_part_that_fails_for_good_is_read_by_the_end(site: Site) -> None:
    site.set(celery_fetch_batch_size=1)
    site.do("full_fetch_all_packages", profile_name="plone")
    site.pypi.faults.add(Fault("503", request="project", times=1))

    site.work()

    assert held(site, "plone") == MEMBERS
    assert site.shop.services.index.state("plone").cursor == site.pypi.ecosystem.last_serial


def test_a_refresh_whose_time_is_up_is_gone_on_with(site: Site) -> None:
    many = [f"plone.n{number}" for number in range(12)]
    for name in many:
        site.pypi.ecosystem.publish(name, "1.0", info=PLONE)
    site.fill("plone")
    for name in many:
        site.pypi.ecosystem.publish(name, "9.0")
    site.pypi.latency = 0.3
    site.set(celery_long_task_soft_time_limit=1, pypi_max_workers=1)

    turns = [site.do("refresh_all_indexed_packages", "plone")]
    assert turns[0]["status"] == "partial"
    assert turns[0]["left"] > 0
    assert site.waiting() == {"refresh_all_indexed_packages": 1}
    site.pypi.latency = 0
    turns += site.work()

    assert turns[-1]["status"] == "done"
    assert all(site.versions("plone", name)[-1] == "9.0" for name in many)


def test_a_right_that_another_has_makes_a_task_busy(site: Site) -> None:
    site.fill("plone")
    site.shop.agreed.locks.take("refresh:plone", "another", 60)

    assert site.do("refresh_all_indexed_packages", "plone") == {"status": "busy", "collection": "plone"}


def test_a_task_that_finds_the_right_of_its_own_earlier_delivery_is_tried_again(site: Site) -> None:
    """Of a pool's lost child the task is delivered again at once, while the right of the dead holds for an hour."""
    site.fill("plone")
    locks = site.shop.agreed.locks
    locks.take("refresh:plone", "delivered-twice first", 60)

    with pytest.raises(Unavailable, match="an earlier delivery of this task has the right refresh:plone"):
        site.do("refresh_all_indexed_packages", "plone", id_="delivered-twice")
    assert locks.holder("refresh:plone") == "delivered-twice first"
    locks.give_back("refresh:plone", "delivered-twice first")

    assert site.do("refresh_all_indexed_packages", "plone", id_="delivered-twice")["status"] == "done"


def test_changes_reach_every_collection_for_one_look_at_the_journal(site: Site) -> None:
    site.fill("plone", "flask")
    site.pypi.ecosystem.publish("Plone.Api", "3.0")
    site.pypi.ecosystem.publish("flask-thing", "2.0")

    told = site.do("update_changed_packages")

    assert {name: part["indexed"] for name, part in told["collections"].items()} == {"plone": 1, "flask": 1}
    assert (site.versions("plone", "plone-api"), site.versions("flask", "flask-thing")) == (
        ["1.0", "2.0", "3.0"],
        ["1.0", "2.0"],
    )
    asked = site.pypi.requests.by_kind
    assert (asked["last_serial"], asked["changelog"], asked["browse"]) == (1, 1, 0)


def test_an_outage_of_the_registry_is_told_and_left_to_the_next_run(site: Site) -> None:
    site.fill("plone")
    site.pypi.faults.add(Fault("503"))

    told = site.do("update_changed_packages")

    assert (told["status"], told["collections"]["plone"]["status"]) == ("unavailable", "unavailable")


def test_scores_are_renewed_without_asking_anybody(site: Site) -> None:
    site.fill("plone", "flask")

    told = site.do("rescore_all_packages")

    assert (told["status"], told["collections"]["plone"]["found"], site.pypi.requests.total) == ("done", 3, 0)


def test_the_tasks_arguments_are_the_documented_ones(site: Site) -> None:
    site.fill("plone")

    queue.refresh_all_indexed_packages.delay(collection_name="plone", profile_name="plone")

    (told,) = site.work()
    assert (told["status"], told["collection"]) == ("done", "plone")
