"""Simulate a day at PyPI's real rate: count the requests that keep one profile current.

The output contains the counts by kind.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from msgspec import Struct

from pyf.aggregator.ports import FeedEntry
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.testing.coordination import FakeDedupStore
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.ingest.rss import Feed, read_feed
from pyf.aggregator.usecases.ingest.update_package import update_package
from support.registry_world import Clock, World, open_world

PLONE, OTHER = "Framework :: Plone", "Framework :: Django"
MINUTES = 24 * 60

# PyPI in a day: its feed of 100 releases covers half an hour, its changelog grows by 32,600.
RELEASES, PROJECTS, SERIALS = 4_800, 700, 32_600
# What of that happens to the profile, and how many projects it has.
OURS, HELD = 20, 2_000
TTL = 86_400


class SimulatedDay(Struct):
    """Events minute by minute, evenly distributed; few filler packages have many releases, as only these count."""

    fake_registry: FakeRegistry
    chance: Random
    done: Counter[str]

    def simulate_minute(self, number: int) -> None:
        """Let happen what has to have happened by the end of this minute."""
        before = self.fake_registry.last_serial
        while self.done["ours"] < OURS * number // MINUTES:
            self._publish("ours", f"plone.p{self.chance.randrange(HELD)}")
        while self.done["new"] < PROJECTS * number // MINUTES:
            name = f"new{self.done['new']}"
            self.fake_registry.publish(name, "0.1", info={"classifiers": [OTHER]}, files=["wheel"])
            self.done["new"] += 1
            self.done["releases"] += 1
        while self.done["releases"] < RELEASES * number // MINUTES:
            self._publish("releases", f"stranger{self.chance.randrange(500)}")
        self.done["serials"] += self.fake_registry.last_serial - before
        missing = SERIALS * number // MINUTES - self.done["serials"]
        assert missing >= 0
        self.fake_registry.add_filler_changes(missing)
        self.done["serials"] += missing

    def _publish(self, what: str, name: str) -> None:
        self.done["versions"] += 1
        self.fake_registry.publish(name, f"2.{self.done['versions']}", files=["wheel"])
        self.done[what] += 1


class IndexedFeed(Struct):
    """An index that the documented schedules keep current, and its requests."""

    plone: World
    seen: FakeDedupStore
    looked: Counter[str]

    def read_feed(self, feed: Feed) -> None:
        queued: list[FeedEntry] = []
        read_feed(self.plone.deps, feed, self.seen, ttl=TTL, enqueue=queued.append)
        target = Target(collection="plone", filter=self.plone.filter)
        for entry in queued:
            report = update_package(self.plone.deps, [target], entry.name, version=entry.version)
            assert report.is_complete
            self.looked["known" if report.is_up_to_date else "requested"] += 1


def _simulate_day(folder: Path, *, with_rss: bool) -> tuple[dict[str, int], IndexedFeed]:
    clock = Clock()
    fake_registry = FakeRegistry(clock=clock)
    for number in range(HELD):
        fake_registry.publish(f"plone.p{number}", "1.0", info={"classifiers": [PLONE]}, files=["wheel"])
    for number in range(500):
        fake_registry.publish(f"stranger{number}", "1.0", info={"classifiers": [OTHER]}, files=["wheel"])
    day = SimulatedDay(fake_registry, Random(1), Counter())
    with open_world(fake_registry, folder, clock=clock) as plone:
        plone.fetch()
        kept = IndexedFeed(plone, FakeDedupStore(now=clock), Counter())
        if with_rss:  # what is announced before the day begins belongs to another one
            kept.read_feed(Feed.NEW)
            kept.read_feed(Feed.UPDATE)
        kept.looked.clear()
        plone.pypi.requests.clear()
        for number in range(1, MINUTES + 1):
            clock.advance(60)
            day.simulate_minute(number)
            if with_rss:
                kept.read_feed(Feed.NEW)
                kept.read_feed(Feed.UPDATE)
            if number % 5 == 0:
                assert plone.changes(discovery_interval=3_600).is_complete
        assert plone.stored() == plone.expected()
        assert (day.done["serials"], day.done["releases"]) == (SERIALS, RELEASES)
        return dict(plone.pypi.requests.by_kind), kept


@pytest.mark.slow
@pytest.mark.parametrize(("with_rss", "most"), [(True, 10_000), (False, 1_500)])
def test_rss_day_at_pypi_rate(
    tmp_path: Path, record_property: Callable[[str, object], None], with_rss: bool, most: int
) -> None:
    request_counts, kept = _simulate_day(tmp_path, with_rss=with_rss)

    total = sum(request_counts.values())
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(request_counts.items(), key=lambda item: -item[1]))
    answers = kept.plone.deps.request_metrics.count_by_outcome()
    unchanged = f" ({answers['pypi', '304']:,} feeds unchanged)" if with_rss else ""
    label = "with RSS" if with_rss else "without RSS"
    record_property("measured", f"A day of {SERIALS:,} changes, {label}: {total:,} requests{unchanged}: {kinds}")
    assert total < most
    assert request_counts["last_serial"] == MINUTES / 5
    assert request_counts.get("rss", 0) == (2 * MINUTES if with_rss else 0)
    assert kept.looked["requested"] == (PROJECTS + RELEASES + OURS if with_rss else 0)
