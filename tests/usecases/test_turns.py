"""Runs that have a deadline, or share their work: what is left is told, and the next run does just that."""

import pytest
from msgspec.structs import replace

from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.usecases.changes import changes
from pyf.aggregator.usecases.fetch import fetch
from pyf.aggregator.usecases.fetch_in_parts import plan, read_part, shown_so_far
from pyf.aggregator.usecases.journal_once import reading_once
from pyf.aggregator.usecases.target import Target
from worlds import PLONE, START, World

DJANGO = Filter(profile="django", classifiers=("Framework :: Django",))
CLASSIFIERS = {"classifiers": ["Framework :: Plone"]}


class Ticking:
    """A clock that goes on by a second whenever somebody looks at it."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> float:
        self.time += 1
        return self.time


def many(world: World, count: int = 40) -> World:
    for number in range(count):
        world.ecosystem.publish(f"plone.n{number}", "1.0", info=CLASSIFIERS)
    return world


def test_a_fetch_stops_in_time_and_the_next_one_reads_what_is_left(small: World) -> None:
    many(small)
    clock = Ticking()
    services = replace(small.services, now=clock)
    target = Target(collection="plone", filter=PLONE)

    first = fetch(services, target, default=PLONE, until=START + 20)

    assert first.left > 0
    assert (first.is_whole, first.wants_another_turn) == (False, True)
    assert small.services.index.state("plone").cursor is None
    small.pypi.requests.clear()
    second = small.fetch()
    assert (second.left, small.pypi.requests.by_kind["project"]) == (0, first.left)
    assert small.held() == small.due()


@pytest.mark.parametrize("use", ["changes", "refresh"])
def test_a_run_without_any_time_changes_nothing_and_says_what_is_left(small: World, use: str) -> None:
    many(small, 5)
    small.fetch()
    before = small.held()
    for number in range(5):
        small.ecosystem.publish(f"plone.n{number}", "2.0")
    cursor = small.services.index.state("plone").cursor

    late = getattr(small, use)(until=START)

    assert (late.left, late.is_whole, late.failed) == (5, False, [])
    assert small.held() == before
    assert small.services.index.state("plone").cursor == cursor
    assert getattr(small, use)().left == 0
    assert small.held() == small.due()


def test_between_two_questions_for_classifiers_the_journal_suffices(small: World) -> None:
    small.fetch()
    small.ecosystem.publish("plone.api", "2.1")
    small.pypi.requests.clear()

    small.changes(browse_every=3600)

    assert (small.pypi.requests.by_kind["browse"], small.pypi.requests.total) == (0, 3)
    assert small.held() == small.due()


def test_who_arrives_in_between_is_found_by_the_next_question(small: World) -> None:
    small.fetch()
    small.ecosystem.publish("collective.new", "1.0", info=CLASSIFIERS)

    small.changes(browse_every=3600)
    assert "collective-new" not in small.names()
    small.clock.pass_(3600)
    small.changes(browse_every=3600)

    assert small.held() == small.due()


def test_who_was_judged_not_to_belong_and_joins_in_between_is_not_passed_over(small: World) -> None:
    """`left.plone` carried the classifier once: who asks for it has judged it, at a serial that is about to be old."""
    small.fetch()
    small.ecosystem.publish("left.plone", "3.0", info=CLASSIFIERS)

    small.changes(browse_every=3600)

    assert "left-plone" in small.names()
    assert small.held() == small.due()


def test_collections_at_one_serial_read_the_journal_once(small: World) -> None:
    small.fetch()
    small.fetch(target=Target(collection="django", filter=DJANGO))
    small.ecosystem.publish("plone.api", "2.1")
    small.ecosystem.publish("django-thing", "2.0")
    small.pypi.requests.clear()
    services = reading_once(small.services)

    for collection, filter_ in (("plone", PLONE), ("django", DJANGO)):
        changes(services, Target(collection=collection, filter=filter_), default=filter_, browse_every=3600)

    asked = small.pypi.requests.by_kind
    assert (asked["last_serial"], asked["changelog"], asked["project"]) == (1, 1, 2)
    assert small.held() == small.due()


def test_a_fetch_in_parts_reads_what_a_whole_one_reads(small: World) -> None:
    many(small, 6)
    target = Target(collection="plone", filter=PLONE)

    planned = plan(small.services, target, default=PLONE)
    names = list(planned.to_read)
    for part in (names[:4], names[4:]):
        read_part(small.services, target, {name: planned.to_read[name] for name in part})
    small.pypi.requests.clear()
    report = small.fetch(shown=shown_so_far(small.services, target))

    assert (report.indexed, small.pypi.requests.by_kind["project"], report.is_whole) == (0, 0, True)
    assert small.held() == small.due()
    assert "Framework :: Plone :: 6.0" in small.services.index.state("plone").seen_classifiers
    assert small.services.index.state("plone").cursor == small.ecosystem.last_serial


def test_a_part_done_twice_is_done_once_and_one_that_is_late_says_so(small: World) -> None:
    target = Target(collection="plone", filter=PLONE)
    planned = plan(small.services, target, default=PLONE)

    late = read_part(small.services, target, planned.to_read, until=START)
    read_part(small.services, target, planned.to_read)
    small.pypi.requests.clear()
    again = read_part(small.services, target, planned.to_read)

    assert late.left == len(planned.to_read)
    assert (again.unchanged, small.pypi.requests.total) == (len(planned.to_read), 0)
