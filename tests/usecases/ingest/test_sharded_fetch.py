"""Test runs with a deadline and shared runs: the report counts what is skipped, and the next run reads it."""

import pytest
from msgspec.structs import replace

from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.ingest.fetch import fetch_collection, fetch_shard, plan_shards, read_seen_classifiers
from pyf.aggregator.usecases.ingest.incremental import update_collection, with_shared_changelog
from pyf.aggregator.usecases.ingest.run import RunOptions
from support.registry_world import PLONE_FILTER, START, World

DJANGO = Filter(profile="django", classifiers=("Framework :: Django",))
CLASSIFIERS = {"classifiers": ["Framework :: Plone"]}


class TickingClock:
    """A clock that advances by a second with each reading."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> float:
        self.time += 1
        return self.time


def publish_many(world: World, count: int = 40) -> World:
    for number in range(count):
        world.fake_registry.publish(f"plone.n{number}", "1.0", info=CLASSIFIERS)
    return world


def test_fetch_stops_at_deadline_and_next_continues(small: World) -> None:
    publish_many(small)
    clock = TickingClock()
    deps = replace(small.deps, now=clock)
    target = Target(collection="plone", filter=PLONE_FILTER)

    first = fetch_collection(deps, target, default=PLONE_FILTER, options=RunOptions(deadline=START + 20))

    assert first.skipped > 0
    assert (first.is_complete, first.should_retry) == (False, True)
    assert small.deps.index.get_state("plone").cursor is None
    small.pypi.requests.clear()
    second = small.fetch()
    assert (second.skipped, small.pypi.requests.by_kind["project"]) == (0, first.skipped)
    assert small.stored() == small.expected()


@pytest.mark.parametrize("use", ["changes", "refresh"])
def test_passed_deadline_changes_nothing(small: World, use: str) -> None:
    publish_many(small, 5)
    small.fetch()
    before = small.stored()
    for number in range(5):
        small.fake_registry.publish(f"plone.n{number}", "2.0")
    cursor = small.deps.index.get_state("plone").cursor

    late_report = getattr(small, use)(deadline=START)

    assert (late_report.skipped, late_report.is_complete, late_report.failed) == (5, False, [])
    assert small.stored() == before
    assert small.deps.index.get_state("plone").cursor == cursor
    assert getattr(small, use)().skipped == 0
    assert small.stored() == small.expected()


def test_discovery_interval_skips_classifiers(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("plone.api", "2.1")
    small.pypi.requests.clear()

    small.changes(discovery_interval=3600)

    assert (small.pypi.requests.by_kind["browse"], small.pypi.requests.total) == (0, 3)
    assert small.stored() == small.expected()


def test_next_discovery_finds_new_member(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("collective.new", "1.0", info=CLASSIFIERS)

    small.changes(discovery_interval=3600)
    assert "collective-new" not in small.names()
    small.clock.advance(3600)
    small.changes(discovery_interval=3600)

    assert small.stored() == small.expected()


def test_changed_non_member_is_read_between_discoveries(small: World) -> None:
    """`left.plone` had the classifier once, so it was evaluated at a serial that is outdated now."""
    small.fetch()
    small.fake_registry.publish("left.plone", "3.0", info=CLASSIFIERS)

    small.changes(discovery_interval=3600)

    assert "left-plone" in small.names()
    assert small.stored() == small.expected()


def test_shared_changelog_is_read_once(small: World) -> None:
    small.fetch()
    small.fetch(target=Target(collection="django", filter=DJANGO))
    small.fake_registry.publish("plone.api", "2.1")
    small.fake_registry.publish("django-blog", "2.0")
    small.pypi.requests.clear()
    deps = with_shared_changelog(small.deps)

    for collection, filter_ in (("plone", PLONE_FILTER), ("django", DJANGO)):
        update_collection(deps, Target(collection=collection, filter=filter_), default=filter_, discovery_interval=3600)

    requests = small.pypi.requests.by_kind
    assert (requests["last_serial"], requests["changelog"], requests["project"]) == (1, 1, 2)
    assert small.stored() == small.expected()


def test_sharded_fetch_equals_fetch(small: World) -> None:
    publish_many(small, 6)
    target = Target(collection="plone", filter=PLONE_FILTER)

    shard_plan = plan_shards(small.deps, target, default=PLONE_FILTER)
    names = list(shard_plan.min_serials)
    for shard in (names[:4], names[4:]):
        fetch_shard(small.deps, target, {name: shard_plan.min_serials[name] for name in shard})
    small.pypi.requests.clear()
    report = small.fetch(seen_classifiers=read_seen_classifiers(small.deps, target))

    assert (report.indexed, small.pypi.requests.by_kind["project"], report.is_complete) == (0, 0, True)
    assert small.stored() == small.expected()
    assert "Framework :: Plone :: 6.0" in small.deps.index.get_state("plone").seen_classifiers
    assert small.deps.index.get_state("plone").cursor == small.fake_registry.last_serial


def test_repeated_shard_reads_nothing(small: World) -> None:
    target = Target(collection="plone", filter=PLONE_FILTER)
    shard_plan = plan_shards(small.deps, target, default=PLONE_FILTER)

    late_report = fetch_shard(small.deps, target, shard_plan.min_serials, deadline=START)
    fetch_shard(small.deps, target, shard_plan.min_serials)
    small.pypi.requests.clear()
    again = fetch_shard(small.deps, target, shard_plan.min_serials)

    assert late_report.skipped == len(shard_plan.min_serials)
    assert (again.unchanged, small.pypi.requests.total) == (len(shard_plan.min_serials), 0)
