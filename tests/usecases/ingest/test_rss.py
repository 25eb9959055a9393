"""Feeds: each new entry is queued once, and marked as seen after that."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.documents.project import Project
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.ports import FeedEntry
from pyf.aggregator.testing.coordination import FakeDedupStore
from pyf.aggregator.testing.registry import FakePackageRegistry
from pyf.aggregator.usecases.ingest.rss import RESERVATION_TTL, Feed, FeedReport, build_dedup_key, read_feed
from support.fake_dependencies import build_fake_dependencies
from support.registries import build_release
from support.registry_world import Clock

DAY = 86_400


def build_registry(*versions: str) -> FakePackageRegistry:
    releases = tuple(build_release("Plone.Api", version, day) for day, version in enumerate(versions, 1))
    return FakePackageRegistry([Project(name="Plone.Api", last_serial=5, releases=releases)])


class FakeQueue:
    """A queue; `broken` is how often it fails from now on."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []
        self.broken = 0

    def __call__(self, entry: FeedEntry) -> None:
        if self.broken:
            self.broken -= 1
            raise Unavailable("the queue does not respond")
        self.entries.append((entry.name, entry.version))


class UnavailableStore:
    """An unavailable store that counts calls."""

    def __init__(self) -> None:
        self.call_count = 0

    def reserve(self, key: str, seconds: int) -> bool:
        return bool(self._fail())

    def confirm(self, key: str, seconds: int) -> None:
        self._fail()

    def release(self, key: str) -> None:
        self._fail()

    def _fail(self) -> None:
        self.call_count += 1
        raise Unavailable("Redis does not respond")


def build_reader(
    registry: FakePackageRegistry, dedup_store: FakeDedupStore, queue: FakeQueue
) -> Callable[..., FeedReport]:
    deps = build_fake_dependencies(registry=registry, feed=registry, request_counter=registry)
    return lambda feed=Feed.UPDATE, ttl=DAY: read_feed(deps, feed, dedup_store, ttl=ttl, enqueue=queue)


def test_read_feed_enqueues_each_entry_once() -> None:
    queue = FakeQueue()
    read = build_reader(build_registry("1.0", "1.1"), FakeDedupStore(), queue)

    first, second = read(), read()

    assert queue.entries == [("plone-api", "1.0"), ("plone-api", "1.1")]
    assert (first.found, first.queued, first.seen, first.requests) == (2, 2, 0, 1)
    assert (second.found, second.queued, second.seen) == (2, 0, 2)


def test_new_and_update_entries_are_separate() -> None:
    queue = FakeQueue()
    read = build_reader(build_registry("1.0"), FakeDedupStore(), queue)

    read(Feed.UPDATE)
    read(Feed.NEW)
    read(Feed.NEW)

    assert queue.entries == [("plone-api", "1.0"), ("plone-api", "")]


@pytest.mark.parametrize("feed", Feed)
def test_dedup_key_expires(feed: Feed) -> None:
    queue, clock = FakeQueue(), Clock()
    read = build_reader(build_registry("1.0"), FakeDedupStore(now=clock), queue)

    read(feed, ttl=600)
    clock.advance(599)
    read(feed, ttl=600)
    assert len(queue.entries) == 1
    clock.advance(1)
    read(feed, ttl=600)

    assert len(queue.entries) == 2


def test_ttl_zero_disables_dedup_store() -> None:
    queue, store = FakeQueue(), UnavailableStore()
    deps = build_fake_dependencies(feed=build_registry("1.0", "1.1"))

    for _ in range(2):
        report = read_feed(deps, Feed.UPDATE, store, ttl=0, enqueue=queue)

    assert (len(queue.entries), store.call_count, report.notices) == (4, 0, [])


def test_unavailable_dedup_store_enqueues_all() -> None:
    queue, store = FakeQueue(), UnavailableStore()
    deps = build_fake_dependencies(feed=build_registry("1.0", "1.1", "1.2"))

    report = read_feed(deps, Feed.UPDATE, store, ttl=DAY, enqueue=queue)

    assert (report.queued, store.call_count, report.error) == (3, 1, None)
    assert report.notices == ["the deduplication store is unavailable; every entry was queued: Redis does not respond"]


def test_failed_enqueue_releases_entry() -> None:
    queue = FakeQueue()
    read = build_reader(build_registry("1.0", "1.1", "1.2"), FakeDedupStore(), queue)
    queue.broken = 1

    failed = read()
    assert isinstance(failed.error, Unavailable)
    assert (failed.queued, queue.entries) == (0, [])
    read()

    assert [version for _, version in queue.entries] == ["1.0", "1.1", "1.2"]


def test_reservation_expires_after_crash() -> None:
    """The reservation of a killed process expires."""
    queue, clock = FakeQueue(), Clock()
    seen = FakeDedupStore(now=clock)
    seen.reserve(build_dedup_key("plone-api", "1.0"), RESERVATION_TTL)
    read = build_reader(build_registry("1.0"), seen, queue)

    read()
    clock.advance(RESERVATION_TTL)
    read()

    assert queue.entries == [("plone-api", "1.0")]


def test_unavailable_feed_ends_run() -> None:
    silent = build_registry("1.0")
    silent.failing_methods = {"newest_releases"}

    report = build_reader(silent, FakeDedupStore(), FakeQueue())()

    assert isinstance(report.error, Unavailable)


@given(st.lists(st.tuples(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True), st.text(max_size=5))))
def test_dedup_keys_differ(entries: list[tuple[str, str]]) -> None:
    assert len({build_dedup_key(*entry) for entry in entries}) == len(set(entries))


def test_dedup_keys_are_documented() -> None:
    assert build_dedup_key("plone-api", "") == "pyf:dedup:new:plone-api"
    assert build_dedup_key("plone-api", "2.0") == "pyf:dedup:update:plone-api:2.0"
