"""Counting downloads: which projects are asked about, what is written, and what a failure leaves as it was."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import collection_state, project_documents
from pyf.aggregator.adapters.index.memory import MemoryIndex
from pyf.aggregator.adapters.index.memory_keys import MemoryApiKeys
from pyf.aggregator.adapters.memory_caches import MemoryRenderCache, MemoryVerdictStore
from pyf.aggregator.adapters.memory_downloads import MemoryDownloads
from pyf.aggregator.adapters.memory_registry import MemoryRegistry
from pyf.aggregator.adapters.rendering_inline import InlineRenderer
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.downloads import Downloads
from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.domain.schema import HealthFields, RepositoryFields
from pyf.aggregator.ports import Services
from pyf.aggregator.usecases.enrich_downloads import FRESH, SILENCE, Ahead, enrich_downloads
from pyf.aggregator.usecases.report import EnrichmentReport
from pyf.aggregator.usecases.target import Target
from worlds import Clock

PLONE = Target(collection="plone", filter=Filter(profile="plone", classifiers=("Framework :: Plone",)))
HOUR = 3600


@dataclass
class World:
    """An index with collections of projects, and a source of counts."""

    index: MemoryIndex
    source: MemoryDownloads
    clock: Clock
    services: Services

    def hold(self, *names: str, collection: str = "plone") -> None:
        if self.index.resolve(collection) is None:
            self.index.create(f"{collection}-1", collection_state(collection), alias=collection)
        self.index.put(collection, [project_documents(name, "1.0", "2.0") for name in names])

    def known(self, *names: str, last_month: int = 30) -> None:
        self.source.downloads |= {name: Downloads(last_day=1, last_week=7, last_month=last_month) for name in names}

    def run(self, *, collection: str = "plone", **options: Any) -> EnrichmentReport:
        return enrich_downloads(self.services, Target(collection=collection, filter=PLONE.filter), **options)

    def asked(self) -> list[str]:
        """Return whom the source was asked about since the last call."""
        asked, self.source.asked = self.source.asked, []
        return asked

    def shown(self, name: str, *, collection: str = "plone") -> dict[str, Any]:
        """Return what all releases of a project show of its downloads; they must agree."""
        first, *others = (
            {field: value for field, value in each.as_mapping().items() if field.startswith("download_")}
            for each in self.index.documents(collection, name)
        )
        assert all(other == first for other in others)
        return first


@pytest.fixture
def world() -> World:
    return made()


def made(**source: Any) -> World:
    clock, registry = Clock(), MemoryRegistry()
    index, downloads = MemoryIndex(now=clock), MemoryDownloads(**source)
    services = Services(
        registry=registry,
        journal=registry,
        index=index,
        admin=index,
        keys=MemoryApiKeys(index.resolve),
        renderer=InlineRenderer(MemoryRenderCache()),
        verdicts=MemoryVerdictStore(),
        downloads=downloads,
        requests=downloads,
        now=clock,
    )
    return World(index, downloads, clock, services)


def test_every_release_of_every_project_gets_the_counts(world: World) -> None:
    world.hold("plone-api", "plone-volto")
    world.known("plone-api", "plone-volto")

    report = world.run()

    assert (report.found, report.enriched, report.remembered, report.requests, report.is_whole) == (2, 2, 0, 2, True)
    shown = world.shown("plone-api")
    assert (shown["download_last_day"], shown["download_last_week"], shown["download_last_month"]) == (1, 7, 30)
    assert shown["download_updated"] == int(world.clock.time)
    assert "download_total" not in shown


def test_no_other_owners_fields_are_touched(world: World) -> None:
    world.hold("plone-api")
    world.known("plone-api")
    world.index.update("plone", {"plone-api": RepositoryFields(github_stars=7)})
    world.index.update("plone", {"plone-api": HealthFields(health_score=50)})

    world.run()

    document = world.index.documents("plone", "plone-api")[0].as_mapping()
    assert (document["github_stars"], document["health_score"], document["download_last_day"]) == (7, 50, 1)


def test_a_release_that_arrives_later_carries_the_counts_from_its_first_write(world: World) -> None:
    world.hold("plone-api")
    world.known("plone-api")
    world.run()

    world.index.put("plone", [project_documents("plone-api", "1.0", "2.0", "3.0")])

    assert len(world.index.documents("plone", "plone-api")) == 3
    assert world.shown("plone-api")["download_last_month"] == 30


def test_a_failure_keeps_the_old_counts_and_is_told(world: World) -> None:
    world.hold("plone-api", "plone-volto")
    world.known("plone-api", "plone-volto")
    world.run()
    before = world.shown("plone-api")
    world.clock.pass_(FRESH)
    world.known("plone-volto", last_month=99)
    world.source.down.add("plone-api")

    report = world.run()

    assert (report.enriched, report.failed, report.is_whole, report.stopped_by) == (1, ["plone-api"], False, None)
    assert world.shown("plone-api") == before
    assert world.shown("plone-volto")["download_last_month"] == 99


def test_a_project_that_the_source_does_not_know_keeps_the_old_counts_and_is_missing(world: World) -> None:
    world.hold("plone-api", "new")
    world.known("plone-api")
    world.run()
    world.clock.pass_(FRESH)
    world.source.downloads.clear()

    report = world.run()

    assert (report.missing, report.failed, report.enriched, report.is_whole) == (["new", "plone-api"], [], 0, True)
    assert report.reasons.keys() == {"new", "plone-api"}
    assert world.shown("plone-api")["download_last_month"] == 30
    assert "download_last_month" not in world.shown("new")


def test_what_is_not_told_is_not_zero(world: World) -> None:
    world.hold("plone-api")
    world.source.downloads = {"plone-api": Downloads(last_day=0)}

    world.run()

    shown = world.shown("plone-api")
    assert shown["download_last_day"] == 0
    assert not shown.keys() & {"download_last_week", "download_last_month", "download_total", "download_history"}


def test_a_project_that_leaves_meanwhile_is_not_brought_back(world: World) -> None:
    world.hold("plone-api", "left")
    world.known("plone-api", "left")
    gone = Tombstone(name="left", removed_at=1, reason="gone")

    def leave(step: str, done: int, total: int | None) -> None:
        world.index.remove("plone", [gone])

    report = world.run(progress=leave)

    assert [holding.name_normalized for holding in world.index.holdings("plone")] == ["plone-api"]
    assert world.index.tombstone("plone", "left") == gone
    assert (report.enriched, report.failed) == (1, [])


def test_history_grows_with_the_runs(world: World) -> None:
    world.hold("plone-api")

    for last_month in (10, 20, 30):
        world.known("plone-api", last_month=last_month)
        world.run()
        world.clock.pass_(31 * 24 * HOUR)

    assert [*world.shown("plone-api")["download_history"].values()] == [10, 20, 30]


def test_never_counted_ones_come_first_then_those_that_were_asked_about_longest_ago(world: World) -> None:
    for name in ("c", "a", "b"):
        world.hold(name)
        world.known(name)
        world.run()
        world.clock.pass_(HOUR)
    world.clock.pass_(FRESH)
    world.hold("z-new")
    world.asked()

    world.run()

    assert world.asked() == ["z-new", "c", "a", "b"]


def test_a_limit_takes_the_stalest_ones_however_fresh_they_are(world: World) -> None:
    world.hold("a", "b", "c", "d", "e")
    world.known("a", "b", "c", "d", "e")

    asked = []
    for _ in range(5):
        report = world.run(limit=2)
        world.clock.pass_(1)
        asked.append(world.asked())
        assert (report.found, report.enriched, report.requests) == (2, 2, 2)

    assert asked == [["a", "b"], ["c", "d"], ["e", "a"], ["b", "c"], ["d", "a"]]


def test_what_the_source_does_not_know_is_not_the_stalest_for_ever(world: World) -> None:
    world.hold("a", "b", "c", "d")
    world.known("c", "d")

    world.run(limit=2)
    world.clock.pass_(1)
    world.run(limit=2)

    assert world.asked() == ["a", "b", "c", "d"]


def test_what_was_asked_about_a_short_time_ago_is_not_asked_about_again(world: World) -> None:
    world.hold("a", "b", "unknown")
    world.known("a", "b")
    world.run()
    world.clock.pass_(FRESH - 1)
    world.hold("c")
    world.known("c")
    world.asked()

    report = world.run()

    assert world.asked() == ["c"]
    assert (report.found, report.enriched, report.remembered, report.missing) == (4, 3, 2, ["unknown"])
    assert report.requests == 1
    assert any("--all" in notice for notice in report.notices)


def test_a_day_later_everything_is_asked_about_again(world: World) -> None:
    world.hold("a", "b")
    world.known("a", "b")
    world.run()
    world.clock.pass_(FRESH)
    world.asked()

    world.run()

    assert world.asked() == ["a", "b"]


def test_everything_is_asked_about_where_that_is_wished(world: World) -> None:
    world.hold("a", "b")
    world.known("a", "b")
    world.run()
    world.asked()

    report = world.run(everything=True)

    assert world.asked() == ["a", "b"]
    assert report.remembered == 0


def test_what_another_source_said_is_no_reason_not_to_ask(world: World) -> None:
    world.hold("a")
    world.known("a")
    world.run()
    world.source.source = "another"

    report = world.run()

    assert report.remembered == 0
    assert world.shown("a")["download_source"] == "another"


def test_counts_are_taken_over_from_another_collection(world: World) -> None:
    world.hold("a", "b", "unknown")
    world.known("a", "b", "c")
    world.run()
    world.hold("b", "c", "unknown", collection="django")
    world.asked()

    report = world.run(collection="django")

    assert world.asked() == ["c", "unknown"]
    assert (report.enriched, report.remembered, report.missing) == (2, 1, ["unknown"])
    assert world.shown("b", collection="django") == world.shown("b")


def test_counts_that_are_old_in_the_other_collection_are_asked_for(world: World) -> None:
    world.hold("a")
    world.known("a")
    world.run()
    world.clock.pass_(FRESH)
    world.hold("a", collection="django")
    world.asked()

    world.run(collection="django")

    assert world.asked() == ["a"]


def test_each_answer_is_written_before_the_next_question(world: World) -> None:
    names = [f"p{number}" for number in range(5)]
    world.hold(*names)
    world.known(*names)
    seen = []

    def look(step: str, done: int, total: int | None) -> None:
        seen.append((done, sum("download_last_day" in world.shown(name) for name in names), total))

    world.run(progress=look)

    assert seen == [(done, done, 5) for done in range(6)]


@given(st.integers(0, 12))
def test_a_run_that_was_interrupted_is_gone_on_with(after: int) -> None:
    names = [f"p{number:02}" for number in range(12)]
    world = made()
    world.hold(*names)
    world.known(*names)

    def interrupt(step: str, done: int, total: int | None) -> None:
        if done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.run(progress=interrupt)
    world.clock.pass_(HOUR)
    interrupted = world.asked()
    report = world.run()

    assert interrupted == names[:after]
    assert world.asked() == names[after:]
    assert (report.found, report.enriched, report.remembered) == (12, 12, after)


@pytest.mark.parametrize("at_once", [1, 4, 900])
def test_a_source_that_is_down_ends_the_run_and_what_was_learned_is_kept(at_once: int) -> None:
    names = [f"p{number:03}" for number in range(100)]
    world = made(at_once=at_once)
    world.hold(*names)
    world.known(*names)
    world.run(limit=8) if at_once < 900 else world.run()
    world.clock.pass_(FRESH)
    world.source.down.update(names)
    world.asked()

    report = world.run()

    assert isinstance(report.stopped_by, Unavailable)
    assert "memory does not answer" in str(report.stopped_by)
    assert report.failed == []
    assert len(world.asked()) < SILENCE + at_once
    assert world.shown("p000")["download_last_month"] == 30


def test_a_source_that_answers_now_and_then_is_not_down(world: World) -> None:
    names = [f"p{number:03}" for number in range(100)]
    world.hold(*names)
    world.known(*names)
    world.source.down.update(name for name, number in zip(names, count()) if number % 8)

    report = world.run()

    assert report.stopped_by is None
    assert (report.enriched, len(report.failed)) == (13, 87)


def test_a_source_that_answers_for_nobody_is_down_however_few_there_are(world: World) -> None:
    world.hold("a")
    world.source.down.add("a")

    report = world.run()

    assert isinstance(report.stopped_by, Unavailable)
    assert report.failed == []  # it is the source that has failed


def test_the_last_failures_of_a_run_are_told_too(world: World) -> None:
    world.hold("a", "b", "c")
    world.known("a")
    world.source.down.update(["b", "c"])

    report = world.run()

    assert (report.stopped_by, report.enriched, report.failed) == (None, 1, ["b", "c"])


def test_a_collection_without_projects_is_done_at_once(world: World) -> None:
    world.hold()

    report = world.run()

    assert (report.found, report.requests, report.is_whole) == (0, 0, True)


def test_a_collection_that_does_not_exist_is_not_made(world: World) -> None:
    report = world.run()

    assert isinstance(report.stopped_by, NotFound)
    assert "pyfaggregator -f -p plone" in str(report.stopped_by)
    assert world.index.collections() == []


def test_a_dry_run_asks_and_writes_nothing(world: World) -> None:
    world.hold("a", "b")

    report = world.run(dry_run=True)

    assert (world.asked(), world.shown("a"), report.notices) == (
        [],
        {},
        ["would ask memory about 2 projects, in 2 requests"],
    )


def test_what_is_ahead_is_told_before_the_first_question() -> None:
    world = made(at_once=4, pace=2.0)
    world.hold(*(f"p{number}" for number in range(10)))
    told: list[tuple[Ahead, int]] = []

    world.run(begin=lambda ahead: told.append((ahead, world.source.count())))

    ((ahead, requests),) = told
    assert (ahead.source, ahead.projects, ahead.effort.requests, ahead.effort.seconds) == ("memory", 10, 3, 6.0)
    assert requests == 0


def test_where_nothing_is_due_nothing_is_announced(world: World) -> None:
    world.hold("a")
    world.known("a")
    world.run()
    told: list[Ahead] = []

    world.run(begin=told.append)

    assert told == []


names = st.sampled_from([f"p{number}" for number in range(6)])


@given(st.lists(st.tuples(st.sets(names), st.sets(names), st.integers(0, 40 * HOUR)), max_size=8))
def test_whatever_fails_no_count_is_ever_lost(runs: Iterable[tuple[set[str], set[str], int]]) -> None:
    world = made()
    everyone = [f"p{number}" for number in range(6)]
    world.hold(*everyone)
    counted: set[str] = set()

    for down, unknown, later in runs:
        world.source.downloads.clear()
        world.known(*(set(everyone) - unknown))
        world.source.down = down
        report = world.run()
        counted |= {name for name in everyone if "download_last_month" in world.shown(name)}
        assert report.stopped_by or len(report.failed) + len(report.missing) + report.enriched == 6
        world.clock.pass_(later)

    assert {name for name in everyone if world.shown(name).get("download_last_month") == 30} == counted
