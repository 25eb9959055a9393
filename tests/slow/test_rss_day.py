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


def _simulate_day(folder: Path, *, interval: int, with_rss: bool) -> tuple[dict[str, int], IndexedFeed]:
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
            if number % interval == 0:
                assert plone.changes(discovery_interval=3_600).is_complete
        assert plone.stored() == plone.expected()
        assert (day.done["serials"], day.done["releases"]) == (SERIALS, RELEASES)
        return dict(plone.pypi.requests.by_kind), kept


# The documented runs: minutes between two updates, and whether the feeds are read.
RUNS = {
    "queue with the feeds": (5, True),
    "queue without the feeds, or `pyf watch`": (5, False),
    "`pyf update` every hour": (60, False),
    "`pyf update` once a day": (MINUTES, False),
}
# The columns of the documented table, and the kinds of requests that they count.
COLUMNS = {
    "changelog": ("last_serial", "changelog"),
    "classifiers": ("browse",),
    "feeds": ("rss",),
    "packages": ("project", "release"),
}


def read_documented_counts() -> dict[str, list[int]]:
    """Return the numbers of the table "Requests a day" by the first cell of each row."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "keep-up-to-date.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return {row[0]: [int(cell.replace(",", "")) for cell in row[1:]] for row in rows if row[0] in RUNS}


@pytest.mark.slow
@pytest.mark.parametrize("run", RUNS)
def test_requests_of_a_day_are_the_documented_ones(
    tmp_path: Path, record_property: Callable[[str, object], None], run: str
) -> None:
    interval, with_rss = RUNS[run]

    request_counts, kept = _simulate_day(tmp_path, interval=interval, with_rss=with_rss)

    total = sum(request_counts.values())
    counts = [sum(request_counts.get(kind, 0) for kind in kinds) for kinds in COLUMNS.values()]
    record_property("measured", f"A day of {SERIALS:,} changes, {run}: {total:,} requests: {dict(request_counts)}")
    assert [total, *counts] == read_documented_counts()[run]
    assert sum(counts) == total
    assert kept.looked["requested"] == (PROJECTS + RELEASES + OURS if with_rss else 0)
