"""A day at PyPI's real pace, on a simulated clock: what keeping one profile up costs in requests.

The end of the run's output has them by kind.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from msgspec import Struct

from pyf.aggregator.adapters.memory_coordination import MemorySeenStore
from pyf.aggregator.domain.announcement import Feed
from pyf.aggregator.ports import FeedEntry
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.usecases.announcements import read_announcements
from pyf.aggregator.usecases.inspect import inspect
from pyf.aggregator.usecases.target import Target
from worlds import Clock, World, world

PLONE, OTHER = "Framework :: Plone", "Framework :: Django"
MINUTES = 24 * 60

# PyPI in a day: its feed of 100 releases covers half an hour, its journal grows by 32,600.
RELEASES, PROJECTS, SERIALS = 4_800, 700, 32_600
# What of that happens to the profile, and how many projects it has.
OURS, HELD = 20, 2_000
TTL = 86_400


class Day(Struct):
    """What happens minute by minute, evenly spread; strangers are few and busy, because only their releases count."""

    ecosystem: Ecosystem
    chance: Random
    done: Counter[str]

    def minute(self, number: int) -> None:
        """Let happen what has to have happened by the end of this minute."""
        before = self.ecosystem.last_serial
        while self.done["ours"] < OURS * number // MINUTES:
            self._publish("ours", f"plone.p{self.chance.randrange(HELD)}")
        while self.done["new"] < PROJECTS * number // MINUTES:
            name = f"new{self.done['new']}"
            self.ecosystem.publish(name, "0.1", info={"classifiers": [OTHER]}, files=["wheel"])
            self.done["new"] += 1
            self.done["releases"] += 1
        while self.done["releases"] < RELEASES * number // MINUTES:
            self._publish("releases", f"stranger{self.chance.randrange(500)}")
        self.done["serials"] += self.ecosystem.last_serial - before
        missing = SERIALS * number // MINUTES - self.done["serials"]
        assert missing >= 0
        self.ecosystem.tick(missing)
        self.done["serials"] += missing

    def _publish(self, what: str, name: str) -> None:
        self.done["versions"] += 1
        self.ecosystem.publish(name, f"2.{self.done['versions']}", files=["wheel"])
        self.done[what] += 1


class Kept(Struct):
    """An index that is kept up by the documented schedules, and what that asked."""

    plone: World
    seen: MemorySeenStore
    looked: Counter[str]

    def every_minute(self, feed: Feed) -> None:
        queued: list[FeedEntry] = []
        read_announcements(self.plone.services, feed, self.seen, ttl=TTL, queue=queued.append)
        target = Target(collection="plone", filter=self.plone.filter)
        for entry in queued:
            report = inspect(self.plone.services, [target], entry.name, version=entry.version)
            assert report.is_whole
            self.looked["known" if report.is_known else "asked"] += 1


def _a_day(folder: Path, *, with_rss: bool) -> tuple[dict[str, int], Kept]:
    clock = Clock()
    ecosystem = Ecosystem(clock=clock)
    for number in range(HELD):
        ecosystem.publish(f"plone.p{number}", "1.0", info={"classifiers": [PLONE]}, files=["wheel"])
    for number in range(500):
        ecosystem.publish(f"stranger{number}", "1.0", info={"classifiers": [OTHER]}, files=["wheel"])
    day = Day(ecosystem, Random(1), Counter())
    with world(ecosystem, folder, clock=clock) as plone:
        plone.fetch()
        kept = Kept(plone, MemorySeenStore(now=clock), Counter())
        if with_rss:  # what is announced before the day begins belongs to another one
            kept.every_minute(Feed.NEW)
            kept.every_minute(Feed.UPDATE)
        kept.looked.clear()
        plone.pypi.requests.clear()
        for number in range(1, MINUTES + 1):
            clock.pass_(60)
            day.minute(number)
            if with_rss:
                kept.every_minute(Feed.NEW)
                kept.every_minute(Feed.UPDATE)
            if number % 5 == 0:
                assert plone.changes(browse_every=3_600).is_whole
        assert plone.held() == plone.due()
        assert (day.done["serials"], day.done["releases"]) == (SERIALS, RELEASES)
        return dict(plone.pypi.requests.by_kind), kept


@pytest.mark.slow
@pytest.mark.parametrize(("with_rss", "most"), [(True, 10_000), (False, 1_500)])
def test_a_day_at_pypis_pace(
    tmp_path: Path, record_property: Callable[[str, object], None], with_rss: bool, most: int
) -> None:
    asked, kept = _a_day(tmp_path, with_rss=with_rss)

    total = sum(asked.values())
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(asked.items(), key=lambda each: -each[1]))
    answers = kept.plone.services.traffic.requests()
    unchanged = f" ({answers['pypi', '304']:,} feeds unchanged)" if with_rss else ""
    label = "with RSS" if with_rss else "without RSS"
    record_property("measured", f"A day of {SERIALS:,} changes, {label}: {total:,} requests{unchanged}: {kinds}")
    assert total < most
    assert asked["last_serial"] == MINUTES / 5
    assert asked.get("rss", 0) == (2 * MINUTES if with_rss else 0)
    assert kept.looked["asked"] == (PROJECTS + RELEASES + OURS if with_rss else 0)
