"""Test refreshes: stored packages are compared, and statuses, which have no serial, are swept."""

import pytest
from msgspec.structs import replace

from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.usecases.collections.target import Scope
from support.registry_world import World

WEEK = 7 * 86_400
PLONE = ["Framework :: Plone"]


def test_idle_refresh_costs_two_requests(small: World) -> None:
    small.fetch()

    report = small.refresh()

    assert report.requests <= 2
    assert (report.unchanged, report.indexed) == (3, 0)


def test_refresh_reads_changed_and_removes_absent(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("plone.api", "2.1")
    small.fake_registry.remove_project("collective.one")

    report = small.refresh()

    assert (report.indexed, report.removed) == (1, 1)
    assert small.stored() == small.expected()


def test_refresh_keeps_cursor_and_adds_nothing(small: World) -> None:
    small.fetch()
    cursor = small.deps.index.get_state("plone").cursor
    small.fake_registry.publish("collective.new", "1.0", info={"classifiers": PLONE})

    small.refresh()

    assert "collective-new" not in small.names()
    assert small.deps.index.get_state("plone").cursor == cursor
    small.changes()
    assert small.stored() == small.expected()


@pytest.mark.parametrize("kind", ["503", "429", "403", "broken", "half", "reset", "empty"])
def test_refresh_outage_removes_nothing(small: World, kind: str) -> None:
    """An unavailable registry does not report anything as removed."""
    small.fetch()
    before = small.stored()
    small.fake_registry.publish("plone.api", "2.1")
    small.pypi.faults.add(Fault(kind, request="project"))

    report = small.refresh()

    assert (report.removed, report.failed) == (0, ["plone-api"])
    assert small.stored() == before


def test_refresh_sweeps_a_seventh(small: World) -> None:
    for number in range(18):
        small.fake_registry.publish(f"collective.n{number:02}", "1.0", info={"classifiers": PLONE})
    small.fetch()
    small.clock.advance(WEEK + 1)
    small.pypi.requests.clear()

    small.refresh()

    assert small.pypi.requests.by_kind["simple_page"] == 3
    assert small.pypi.requests.by_kind["project"] == 3


def test_seven_refreshes_sweep_everything_once(small: World) -> None:
    small.fetch()
    for name in ("plone.api", "collective.one", "collective.two"):
        small.fake_registry.archive(name)
    small.clock.advance(WEEK + 1)
    small.pypi.requests.clear()

    for _ in range(8):
        small.refresh()

    assert {small.document(name)["project_status"] for name in small.names()} == {"archived"}
    assert small.pypi.requests.by_kind["simple_page"] == 3


def test_sweep_all_checks_every_status(small: World) -> None:
    small.fetch()
    small.fake_registry.archive("plone.api")
    small.fake_registry.set_vulnerabilities("plone.api", [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fixed_in": ["2.1"]}])

    small.refresh(sweep_all=True)

    document = small.document("plone.api")
    assert document["project_status"] == "archived"
    assert [advisory["id"] for advisory in document["vulnerabilities"]] == ["PYSEC-1"]
    small.fake_registry.unarchive("plone.api")
    small.refresh(sweep_all=True)
    assert small.document("plone.api")["project_status"] == "active"


def test_status_survives_other_runs(small: World) -> None:
    small.fetch()
    small.fake_registry.archive("plone.api")
    small.refresh(sweep_all=True)
    small.fake_registry.add_role("plone.api", "eve")

    small.changes()
    small.fetch()

    assert small.document("plone.api")["project_status"] == "archived"
    assert "eve" in small.document("plone.api")["maintainers"]


def test_status_max_age_setting(small: World) -> None:
    hourly = small.with_policy(status_max_age=3600)
    small.fetch()
    small.clock.advance(3601)
    small.pypi.requests.clear()

    hourly.refresh()

    assert small.pypi.requests.by_kind["simple_page"] == 1


def test_refresh_limit_selects_oldest_checks(small: World) -> None:
    small.fetch(scope=Scope(name_part="two"))
    small.clock.advance(60)
    small.fetch()
    small.clock.advance(WEEK + 1)

    small.refresh(scope=Scope(limit=1), sweep_all=True)

    checked = {h.name_normalized: h.status_checked for h in small.deps.index.iter_project_states("plone")}
    assert [name for name, when in checked.items() if when == small.clock.time] == ["collective-two"]


def test_failing_status_check_is_reported(small: World) -> None:
    small.fetch()
    small.pypi.faults.add(Fault("503", request="simple_page", project="plone-api"))

    report = small.refresh(sweep_all=True)

    assert report.failed == ["plone-api"]
    assert small.stored() == small.expected()


def test_refresh_rebuilds_outdated_documents(small: World) -> None:
    small.fetch()

    report = small.with_policy(builder_version=9).refresh()

    assert (report.indexed, report.rebuilt) == (3, 3)


def test_refresh_applies_narrowed_filter(small: World) -> None:
    small.fetch()
    narrowed = replace(small.filter, classifiers=("Framework :: Plone :: 6.0",))
    small.filter = narrowed
    small.fake_registry.publish("collective.two", "1.1")

    small.refresh()

    assert small.names() == ["collective-one", "plone-api"]


def test_status_checked_by_a_clock_in_the_future_counts_as_never(small: World) -> None:
    small.clock.advance(100 * 86_400)
    small.fetch()
    small.refresh(sweep_all=True)
    small.fake_registry.archive("plone.api")
    small.clock.advance(-100 * 86_400)

    for _ in range(7):
        small.refresh()

    assert small.document("plone.api")["project_status"] == "archived"
