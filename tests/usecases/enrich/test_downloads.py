"""Counting downloads: which projects are asked about, what is written, and what a failure leaves as it was."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.schema import HealthFields, RepositoryFields
from pyf.aggregator.domain.downloads import Downloads
from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.testing.enrichment import FakeDownloadStats
from pyf.aggregator.testing.index import FakeIndex
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.enrich.downloads import MAX_AGE, MAX_CONSECUTIVE_FAILURES, RunEstimate, enrich_downloads
from pyf.aggregator.usecases.enrich.options import EnrichOptions
from pyf.aggregator.usecases.report import EnrichmentReport
from support.builders import build_project, build_state
from support.fake_dependencies import build_fake_dependencies
from support.registry_world import Clock

PLONE = Target(collection="plone", filter=Filter(profile="plone", classifiers=("Framework :: Plone",)))
HOUR = 3600


@dataclass
class DownloadsWorld:
    """An index with collections of projects, and a source of counts."""

    index: FakeIndex
    source: FakeDownloadStats
    clock: Clock
    deps: Dependencies

    def add_projects(self, *names: str, collection: str = "plone") -> None:
        if self.index.resolve(collection) is None:
            self.index.create(f"{collection}-1", build_state(collection), alias=collection)
        self.index.put(collection, [build_project(name, "1.0", "2.0") for name in names])

    def set_counts(self, *names: str, last_month: int = 30) -> None:
        self.source.downloads |= {name: Downloads(last_day=1, last_week=7, last_month=last_month) for name in names}

    def run(self, *, collection: str = "plone", **options: Any) -> EnrichmentReport:
        names = options.keys() & set(EnrichOptions.__struct_fields__)
        enrich_options = EnrichOptions(**{name: options.pop(name) for name in names})
        target = Target(collection=collection, filter=PLONE.filter)
        return enrich_downloads(self.deps, target, options=enrich_options, **options)

    def take_requested(self) -> list[str]:
        """Return whom the source was asked about since the last call."""
        requested, self.source.requested = self.source.requested, []
        return requested

    def read_download_fields(self, name: str, *, collection: str = "plone") -> dict[str, Any]:
        """Return what all releases of a project show of its downloads; they must agree."""
        first_fields, *other_fields = (
            {field: value for field, value in document.to_dict().items() if field.startswith("download_")}
            for document in self.index.get_project_documents(collection, name)
        )
        assert all(fields == first_fields for fields in other_fields)
        return first_fields


@pytest.fixture
def world() -> DownloadsWorld:
    return build_world()


def build_world(**source: Any) -> DownloadsWorld:
    clock, downloads = Clock(), FakeDownloadStats(**source)
    index = FakeIndex(now=clock)
    deps = build_fake_dependencies(
        index=index, admin=index, download_stats=downloads, request_counter=downloads, now=clock
    )
    return DownloadsWorld(index, downloads, clock, deps)


def test_every_release_of_every_project_gets_the_counts(world: DownloadsWorld) -> None:
    world.add_projects("plone-api", "plone-volto")
    world.set_counts("plone-api", "plone-volto")

    report = world.run()

    assert (report.found, report.enriched, report.cached, report.requests, report.is_complete) == (2, 2, 0, 2, True)
    fields = world.read_download_fields("plone-api")
    assert (fields["download_last_day"], fields["download_last_week"], fields["download_last_month"]) == (1, 7, 30)
    assert fields["download_updated"] == int(world.clock.time)
    assert "download_total" not in fields


def test_no_other_owners_fields_are_touched(world: DownloadsWorld) -> None:
    world.add_projects("plone-api")
    world.set_counts("plone-api")
    world.index.update("plone", {"plone-api": RepositoryFields(github_stars=7)})
    world.index.update("plone", {"plone-api": HealthFields(health_score=50)})

    world.run()

    document = world.index.get_project_documents("plone", "plone-api")[0].to_dict()
    assert (document["github_stars"], document["health_score"], document["download_last_day"]) == (7, 50, 1)


def test_a_release_that_arrives_later_carries_the_counts_from_its_first_write(world: DownloadsWorld) -> None:
    world.add_projects("plone-api")
    world.set_counts("plone-api")
    world.run()

    world.index.put("plone", [build_project("plone-api", "1.0", "2.0", "3.0")])

    assert len(world.index.get_project_documents("plone", "plone-api")) == 3
    assert world.read_download_fields("plone-api")["download_last_month"] == 30


def test_a_failure_keeps_the_old_counts_and_is_told(world: DownloadsWorld) -> None:
    world.add_projects("plone-api", "plone-volto")
    world.set_counts("plone-api", "plone-volto")
    world.run()
    before = world.read_download_fields("plone-api")
    world.clock.advance(MAX_AGE)
    world.set_counts("plone-volto", last_month=99)
    world.source.unavailable.add("plone-api")

    report = world.run()

    assert (report.enriched, report.failed, report.is_complete, report.error) == (1, ["plone-api"], False, None)
    assert world.read_download_fields("plone-api") == before
    assert world.read_download_fields("plone-volto")["download_last_month"] == 99


def test_a_project_that_the_source_does_not_know_keeps_the_old_counts_and_is_missing(world: DownloadsWorld) -> None:
    world.add_projects("plone-api", "new")
    world.set_counts("plone-api")
    world.run()
    world.clock.advance(MAX_AGE)
    world.source.downloads.clear()

    report = world.run()

    assert (report.missing, report.failed, report.enriched, report.is_complete) == (["new", "plone-api"], [], 0, True)
    assert report.reasons.keys() == {"new", "plone-api"}
    assert world.read_download_fields("plone-api")["download_last_month"] == 30
    assert "download_last_month" not in world.read_download_fields("new")


def test_what_is_not_told_is_not_zero(world: DownloadsWorld) -> None:
    world.add_projects("plone-api")
    world.source.downloads = {"plone-api": Downloads(last_day=0)}

    world.run()

    fields = world.read_download_fields("plone-api")
    assert fields["download_last_day"] == 0
    assert not fields.keys() & {"download_last_week", "download_last_month", "download_total", "download_history"}


def test_a_project_that_leaves_meanwhile_is_not_brought_back(world: DownloadsWorld) -> None:
    world.add_projects("plone-api", "left")
    world.set_counts("plone-api", "left")
    tombstone = Tombstone(name="left", removed_at=1, reason="gone")

    def leave(step: str, done: int, total: int | None) -> None:
        world.index.remove("plone", [tombstone])

    report = world.run(progress=leave)

    assert [project_state.name_normalized for project_state in world.index.project_states("plone")] == ["plone-api"]
    assert world.index.get_tombstone("plone", "left") == tombstone
    assert (report.enriched, report.failed) == (1, [])


def test_history_grows_with_the_runs(world: DownloadsWorld) -> None:
    world.add_projects("plone-api")

    for last_month in (10, 20, 30):
        world.set_counts("plone-api", last_month=last_month)
        world.run()
        world.clock.advance(31 * 24 * HOUR)

    assert [*world.read_download_fields("plone-api")["download_history"].values()] == [10, 20, 30]


def test_never_counted_ones_come_first_then_those_that_were_asked_about_longest_ago(world: DownloadsWorld) -> None:
    for name in ("c", "a", "b"):
        world.add_projects(name)
        world.set_counts(name)
        world.run()
        world.clock.advance(HOUR)
    world.clock.advance(MAX_AGE)
    world.add_projects("z-new")
    world.take_requested()

    world.run()

    assert world.take_requested() == ["z-new", "c", "a", "b"]


def test_a_limit_takes_the_stalest_ones_however_fresh_they_are(world: DownloadsWorld) -> None:
    world.add_projects("a", "b", "c", "d", "e")
    world.set_counts("a", "b", "c", "d", "e")

    requested = []
    for _ in range(5):
        report = world.run(limit=2)
        world.clock.advance(1)
        requested.append(world.take_requested())
        assert (report.found, report.enriched, report.requests) == (2, 2, 2)

    assert requested == [["a", "b"], ["c", "d"], ["e", "a"], ["b", "c"], ["d", "a"]]


def test_what_the_source_does_not_know_is_not_the_stalest_for_ever(world: DownloadsWorld) -> None:
    world.add_projects("a", "b", "c", "d")
    world.set_counts("c", "d")

    world.run(limit=2)
    world.clock.advance(1)
    world.run(limit=2)

    assert world.take_requested() == ["a", "b", "c", "d"]


def test_what_was_asked_about_a_short_time_ago_is_not_asked_about_again(world: DownloadsWorld) -> None:
    world.add_projects("a", "b", "unknown")
    world.set_counts("a", "b")
    world.run()
    world.clock.advance(MAX_AGE - 1)
    world.add_projects("c")
    world.set_counts("c")
    world.take_requested()

    report = world.run()

    assert world.take_requested() == ["c"]
    assert (report.found, report.enriched, report.cached, report.missing) == (4, 3, 2, ["unknown"])
    assert report.requests == 1
    assert any("--all" in notice for notice in report.notices)


def test_a_day_later_everything_is_asked_about_again(world: DownloadsWorld) -> None:
    world.add_projects("a", "b")
    world.set_counts("a", "b")
    world.run()
    world.clock.advance(MAX_AGE)
    world.take_requested()

    world.run()

    assert world.take_requested() == ["a", "b"]


def test_everything_is_asked_about_where_that_is_wished(world: DownloadsWorld) -> None:
    world.add_projects("a", "b")
    world.set_counts("a", "b")
    world.run()
    world.take_requested()

    report = world.run(fresh=True)

    assert world.take_requested() == ["a", "b"]
    assert report.cached == 0


def test_what_another_source_said_is_no_reason_not_to_ask(world: DownloadsWorld) -> None:
    world.add_projects("a")
    world.set_counts("a")
    world.run()
    world.source.source = "another"

    report = world.run()

    assert report.cached == 0
    assert world.read_download_fields("a")["download_source"] == "another"


def test_counts_are_taken_over_from_another_collection(world: DownloadsWorld) -> None:
    world.add_projects("a", "b", "unknown")
    world.set_counts("a", "b", "c")
    world.run()
    world.add_projects("b", "c", "unknown", collection="django")
    world.take_requested()

    report = world.run(collection="django")

    assert world.take_requested() == ["c", "unknown"]
    assert (report.enriched, report.cached, report.missing) == (2, 1, ["unknown"])
    assert world.read_download_fields("b", collection="django") == world.read_download_fields("b")


def test_counts_that_are_old_in_the_other_collection_are_asked_for(world: DownloadsWorld) -> None:
    world.add_projects("a")
    world.set_counts("a")
    world.run()
    world.clock.advance(MAX_AGE)
    world.add_projects("a", collection="django")
    world.take_requested()

    world.run(collection="django")

    assert world.take_requested() == ["a"]


def test_each_answer_is_written_before_the_next_question(world: DownloadsWorld) -> None:
    names = [f"p{number}" for number in range(5)]
    world.add_projects(*names)
    world.set_counts(*names)
    seen = []

    def look(step: str, done: int, total: int | None) -> None:
        seen.append((done, sum("download_last_day" in world.read_download_fields(name) for name in names), total))

    world.run(progress=look)

    assert seen == [(done, done, 5) for done in range(6)]


@given(st.integers(0, 12))
def test_a_run_that_was_interrupted_is_gone_on_with(after: int) -> None:
    names = [f"p{number:02}" for number in range(12)]
    world = build_world()
    world.add_projects(*names)
    world.set_counts(*names)

    def interrupt(step: str, done: int, total: int | None) -> None:
        if done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.run(progress=interrupt)
    world.clock.advance(HOUR)
    interrupted = world.take_requested()
    report = world.run()

    assert interrupted == names[:after]
    assert world.take_requested() == names[after:]
    assert (report.found, report.enriched, report.cached) == (12, 12, after)


@pytest.mark.parametrize("at_once", [1, 4, 900])
def test_a_source_that_is_down_ends_the_run_and_what_was_learned_is_kept(at_once: int) -> None:
    names = [f"p{number:03}" for number in range(100)]
    world = build_world(batch_size=at_once)
    world.add_projects(*names)
    world.set_counts(*names)
    world.run(limit=8) if at_once < 900 else world.run()
    world.clock.advance(MAX_AGE)
    world.source.unavailable.update(names)
    world.take_requested()

    report = world.run()

    assert isinstance(report.error, Unavailable)
    assert "memory does not answer" in str(report.error)
    assert report.failed == []
    assert len(world.take_requested()) < MAX_CONSECUTIVE_FAILURES + at_once
    assert world.read_download_fields("p000")["download_last_month"] == 30


def test_a_source_that_answers_now_and_then_is_not_down(world: DownloadsWorld) -> None:
    names = [f"p{number:03}" for number in range(100)]
    world.add_projects(*names)
    world.set_counts(*names)
    world.source.unavailable.update(name for name, number in zip(names, count()) if number % 8)

    report = world.run()

    assert report.error is None
    assert (report.enriched, len(report.failed)) == (13, 87)


def test_a_source_that_answers_for_nobody_is_down_however_few_there_are(world: DownloadsWorld) -> None:
    world.add_projects("a")
    world.source.unavailable.add("a")

    report = world.run()

    assert isinstance(report.error, Unavailable)
    assert report.failed == []  # it is the source that has failed


def test_the_last_failures_of_a_run_are_told_too(world: DownloadsWorld) -> None:
    world.add_projects("a", "b", "c")
    world.set_counts("a")
    world.source.unavailable.update(["b", "c"])

    report = world.run()

    assert (report.error, report.enriched, report.failed) == (None, 1, ["b", "c"])


def test_a_collection_without_projects_is_done_at_once(world: DownloadsWorld) -> None:
    world.add_projects()

    report = world.run()

    assert (report.found, report.requests, report.is_complete) == (0, 0, True)


def test_a_collection_that_does_not_exist_is_not_made(world: DownloadsWorld) -> None:
    report = world.run()

    assert isinstance(report.error, NotFound)
    assert "pyfaggregator -f -p plone" in str(report.error)
    assert world.index.list_collections() == []


def test_a_dry_run_asks_and_writes_nothing(world: DownloadsWorld) -> None:
    world.add_projects("a", "b")

    report = world.run(dry_run=True)

    assert (world.take_requested(), world.read_download_fields("a"), report.notices) == (
        [],
        {},
        ["would request 2 packages from memory, in 2 requests"],
    )


def test_what_is_ahead_is_told_before_the_first_question() -> None:
    world = build_world(batch_size=4, request_interval=2.0)
    world.add_projects(*(f"p{number}" for number in range(10)))
    estimates: list[tuple[RunEstimate, int]] = []

    world.run(on_start=lambda ahead: estimates.append((ahead, world.source.count())))

    ((ahead, requests),) = estimates
    assert (ahead.source, ahead.project_count, ahead.cost.requests, ahead.cost.seconds) == ("memory", 10, 3, 6.0)
    assert requests == 0


def test_where_nothing_is_due_nothing_is_announced(world: DownloadsWorld) -> None:
    world.add_projects("a")
    world.set_counts("a")
    world.run()
    estimates: list[RunEstimate] = []

    world.run(on_start=estimates.append)

    assert estimates == []


names = st.sampled_from([f"p{number}" for number in range(6)])


@given(st.lists(st.tuples(st.sets(names), st.sets(names), st.integers(0, 40 * HOUR)), max_size=8))
def test_whatever_fails_no_count_is_ever_lost(runs: Iterable[tuple[set[str], set[str], int]]) -> None:
    world = build_world()
    everyone = [f"p{number}" for number in range(6)]
    world.add_projects(*everyone)
    counted: set[str] = set()

    for down, unknown, later in runs:
        world.source.downloads.clear()
        world.set_counts(*(set(everyone) - unknown))
        world.source.unavailable = down
        report = world.run()
        counted |= {name for name in everyone if "download_last_month" in world.read_download_fields(name)}
        assert report.error or len(report.failed) + len(report.missing) + report.enriched == 6
        world.clock.advance(later)

    assert {name for name in everyone if world.read_download_fields(name).get("download_last_month") == 30} == counted


def test_a_run_whose_time_is_up_leaves_the_rest_to_the_next(world: DownloadsWorld) -> None:
    world.add_projects("a", "b", "c")
    world.set_counts("a", "b", "c")

    first = world.run(deadline=world.clock.time)
    asked_first = world.take_requested()
    second = world.run()

    assert (asked_first, first.enriched, first.deferred, first.is_complete) == (["a"], 1, ["b", "c"], False)
    assert (world.take_requested(), second.enriched, second.cached, second.is_complete) == (["b", "c"], 3, 1, True)
