"""Feeds: everything new is handed on, once, and remembered only when it was."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from in_memory import in_memory
from pyf.aggregator.adapters.memory_coordination import MemorySeenStore
from pyf.aggregator.adapters.memory_registry import MemoryRegistry
from pyf.aggregator.domain.announcement import Feed, dedup_key
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.project import Project
from pyf.aggregator.ports import FeedEntry
from pyf.aggregator.usecases.announcements import CLAIM, FeedReport, read_announcements
from registries import released
from worlds import Clock

DAY = 86_400


def registry(*versions: str) -> MemoryRegistry:
    releases = tuple(released("Plone.Api", version, day) for day, version in enumerate(versions, 1))
    return MemoryRegistry([Project(name="Plone.Api", last_serial=5, releases=releases)])


class Queue:
    """What was handed on; `broken` is how often it will fail from now on."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []
        self.broken = 0

    def __call__(self, entry: FeedEntry) -> None:
        if self.broken:
            self.broken -= 1
            raise Unavailable("the queue does not answer")
        self.entries.append((entry.name, entry.version))


class NoStore:
    """A store that does not answer, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def claim(self, key: str, seconds: int) -> bool:
        return bool(self._fail())

    def keep(self, key: str, seconds: int) -> None:
        self._fail()

    def free(self, key: str) -> None:
        self._fail()

    def _fail(self) -> None:
        self.asked += 1
        raise Unavailable("Redis does not answer")


def reading(registry: MemoryRegistry, seen: MemorySeenStore, queue: Queue) -> Callable[..., FeedReport]:
    services = in_memory(registry=registry, feed=registry, requests=registry)
    return lambda feed=Feed.UPDATE, ttl=DAY: read_announcements(services, feed, seen, ttl=ttl, queue=queue)


def test_every_release_is_handed_on_once_the_oldest_first() -> None:
    queue = Queue()
    read = reading(registry("1.0", "1.1"), MemorySeenStore(), queue)

    first, second = read(), read()

    assert queue.entries == [("plone-api", "1.0"), ("plone-api", "1.1")]
    assert (first.found, first.queued, first.seen, first.requests) == (2, 2, 0, 1)
    assert (second.found, second.queued, second.seen) == (2, 0, 2)


def test_a_project_is_new_whatever_releases_of_it_were_seen() -> None:
    queue = Queue()
    read = reading(registry("1.0"), MemorySeenStore(), queue)

    read(Feed.UPDATE)
    read(Feed.NEW)
    read(Feed.NEW)

    assert queue.entries == [("plone-api", "1.0"), ("plone-api", "")]


@pytest.mark.parametrize("feed", Feed)
def test_what_was_seen_is_forgotten_in_time(feed: Feed) -> None:
    queue, clock = Queue(), Clock()
    read = reading(registry("1.0"), MemorySeenStore(now=clock), queue)

    read(feed, ttl=600)
    clock.pass_(599)
    read(feed, ttl=600)
    assert len(queue.entries) == 1
    clock.pass_(1)
    read(feed, ttl=600)

    assert len(queue.entries) == 2


def test_without_a_time_nothing_is_remembered_and_the_store_is_not_asked() -> None:
    queue, store = Queue(), NoStore()
    services = in_memory(feed=registry("1.0", "1.1"))

    for _ in range(2):
        report = read_announcements(services, Feed.UPDATE, store, ttl=0, queue=queue)

    assert (len(queue.entries), store.asked, report.notices) == (4, 0, [])


def test_a_store_that_does_not_answer_keeps_nothing_back_and_is_asked_once() -> None:
    queue, store = Queue(), NoStore()
    services = in_memory(feed=registry("1.0", "1.1", "1.2"))

    report = read_announcements(services, Feed.UPDATE, store, ttl=DAY, queue=queue)

    assert (report.queued, store.asked, report.stopped_by) == (3, 1, None)
    assert report.notices == ["what was seen before is not known: Redis does not answer"]


def test_what_could_not_be_queued_was_not_seen() -> None:
    queue = Queue()
    read = reading(registry("1.0", "1.1", "1.2"), MemorySeenStore(), queue)
    queue.broken = 1

    failed = read()
    assert isinstance(failed.stopped_by, Unavailable)
    assert (failed.queued, queue.entries) == (0, [])
    read()

    assert [version for _, version in queue.entries] == ["1.0", "1.1", "1.2"]


def test_who_dies_between_claiming_and_queueing_has_not_spoken_for_long() -> None:
    """The key is there for a moment, as by somebody who was killed then."""
    queue, clock = Queue(), Clock()
    seen = MemorySeenStore(now=clock)
    seen.claim(dedup_key("plone-api", "1.0"), CLAIM)
    read = reading(registry("1.0"), seen, queue)

    read()
    clock.pass_(CLAIM)
    read()

    assert queue.entries == [("plone-api", "1.0")]


def test_a_feed_that_does_not_answer_ends_the_run() -> None:
    silent = registry("1.0")
    silent.refusing = {"newest_releases"}

    report = reading(silent, MemorySeenStore(), Queue())()

    assert isinstance(report.stopped_by, Unavailable)


@given(st.lists(st.tuples(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True), st.text(max_size=5))))
def test_keys_of_different_announcements_differ(entries: list[tuple[str, str]]) -> None:
    assert len({dedup_key(*entry) for entry in entries}) == len(set(entries))


def test_keys_are_the_documented_ones() -> None:
    assert dedup_key("plone-api", "") == "pyf:dedup:new:plone-api"
    assert dedup_key("plone-api", "2.0") == "pyf:dedup:update:plone-api:2.0"
