"""Test the enrichment with download counts: which packages are requested, what is written, what a failure keeps."""

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
from pyf.aggregator.usecases.report import EnrichmentReport, EnrichOptions
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
        """Return the packages requested from the source since the last call."""
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


def test_counts_reach_all_releases(world: DownloadsWorld) -> None:
    world.add_projects("plone-api", "plone-volto")
    world.set_counts("plone-api", "plone-volto")

    report = world.run()

    assert (report.found, report.enriched, report.cached, report.requests, report.is_complete) == (2, 2, 0, 2, True)
    fields = world.read_download_fields("plone-api")
    assert (fields["download_last_day"], fields["download_last_week"], fields["download_last_month"]) == (1, 7, 30)
    assert fields["download_updated"] == int(world.clock.time)
    assert "download_total" not in fields


def test_downloads_keep_other_fields(world: DownloadsWorld) -> None:
    world.add_projects("plone-api")
    world.set_counts("plone-api")
    world.index.update("plone", {"plone-api": RepositoryFields(repository_stars=7)})
    world.index.update("plone", {"plone-api": HealthFields(health_score=50)})

    world.run()

    document = world.index.get_project_documents("plone", "plone-api")[0].to_dict()
    assert (document["repository_stars"], document["health_score"], document["download_last_day"]) == (7, 50, 1)


def test_later_release_has_counts(world: DownloadsWorld) -> None:
    world.add_projects("plone-api")
    world.set_counts("plone-api")
    world.run()

    world.index.put("plone", [build_project("plone-api", "1.0", "2.0", "3.0")])

    assert len(world.index.get_project_documents("plone", "plone-api")) == 3
    assert world.read_download_fields("plone-api")["download_last_month"] == 30


def test_failure_keeps_counts_and_is_reported(world: DownloadsWorld) -> None:
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


def test_unknown_package_keeps_counts_and_is_missing(world: DownloadsWorld) -> None:
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


def test_unknown_count_is_not_zero(world: DownloadsWorld) -> None:
    world.add_projects("plone-api")
    world.source.downloads = {"plone-api": Downloads(last_day=0)}

    world.run()

    fields = world.read_download_fields("plone-api")
    assert fields["download_last_day"] == 0
    assert not fields.keys() & {"download_last_week", "download_last_month", "download_total", "download_history"}


def test_downloads_of_removed_package_are_dropped(world: DownloadsWorld) -> None:
    world.add_projects("plone-api", "left")
    world.set_counts("plone-api", "left")
    tombstone = Tombstone(name="left", removed_at=1, reason="gone")

    def leave(step: str, done: int, total: int | None) -> None:
        world.index.remove("plone", [tombstone])

    report = world.run(progress=leave)

    assert [project_state.name_normalized for project_state in world.index.iter_project_states("plone")] == [
        "plone-api"
    ]
    assert world.index.get_tombstone("plone", "left") == tombstone
    assert (report.enriched, report.failed) == (1, [])


def test_download_history_grows(world: DownloadsWorld) -> None:
    world.add_projects("plone-api")

    for last_month in (10, 20, 30):
        world.set_counts("plone-api", last_month=last_month)
        world.run()
        world.clock.advance(31 * 24 * HOUR)

    assert [*world.read_download_fields("plone-api")["download_history"].values()] == [10, 20, 30]


def test_oldest_checks_come_first(world: DownloadsWorld) -> None:
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


def test_runs_with_limit_request_each_package_once(world: DownloadsWorld) -> None:
    world.add_projects("a", "b", "c", "d", "e")
    world.set_counts("a", "b", "c", "d", "e")

    requested = []
    for _ in range(4):
        report = world.run(limit=2)
        world.clock.advance(60)
        requested.append(world.take_requested())
        assert (report.found, report.enriched) == (2, 2)

    assert requested == [["a", "b"], ["c", "d"], ["e"], []]
    assert "2 packages were skipped" in report.notices[0]
    world.clock.advance(MAX_AGE)
    world.run(limit=2)
    assert world.take_requested() == ["a", "b"]


def test_limit_with_fresh_option_requests_oldest_again(world: DownloadsWorld) -> None:
    world.add_projects("a", "b", "c")
    world.set_counts("a", "b", "c")
    world.run()
    world.take_requested()

    world.run(limit=2, fresh=True)

    assert world.take_requested() == ["a", "b"]


def test_unknown_package_counts_as_checked(world: DownloadsWorld) -> None:
    world.add_projects("a", "b", "c", "d")
    world.set_counts("c", "d")

    world.run(limit=2)
    world.clock.advance(1)
    world.run(limit=2)

    assert world.take_requested() == ["a", "b", "c", "d"]


def test_fresh_packages_are_skipped(world: DownloadsWorld) -> None:
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


def test_counts_expire_after_a_day(world: DownloadsWorld) -> None:
    world.add_projects("a", "b")
    world.set_counts("a", "b")
    world.run()
    world.clock.advance(MAX_AGE)
    world.take_requested()

    world.run()

    assert world.take_requested() == ["a", "b"]


def test_option_fresh_requests_everything(world: DownloadsWorld) -> None:
    world.add_projects("a", "b")
    world.set_counts("a", "b")
    world.run()
    world.take_requested()

    report = world.run(fresh=True)

    assert world.take_requested() == ["a", "b"]
    assert report.cached == 0


def test_counts_of_another_source_are_not_fresh(world: DownloadsWorld) -> None:
    world.add_projects("a")
    world.set_counts("a")
    world.run()
    world.source.source = "another"

    report = world.run()

    assert report.cached == 0
    assert world.read_download_fields("a")["download_source"] == "another"


def test_counts_are_copied_from_another_collection(world: DownloadsWorld) -> None:
    world.add_projects("a", "b", "unknown")
    world.set_counts("a", "b", "c")
    world.run()
    world.add_projects("b", "c", "unknown", collection="django")
    world.take_requested()

    report = world.run(collection="django")

    assert world.take_requested() == ["c", "unknown"]
    assert (report.enriched, report.cached, report.missing) == (2, 1, ["unknown"])
    assert world.read_download_fields("b", collection="django") == world.read_download_fields("b")


def test_old_counts_are_not_copied(world: DownloadsWorld) -> None:
    world.add_projects("a")
    world.set_counts("a")
    world.run()
    world.clock.advance(MAX_AGE)
    world.add_projects("a", collection="django")
    world.take_requested()

    world.run(collection="django")

    assert world.take_requested() == ["a"]


def test_counts_are_written_before_next_request(world: DownloadsWorld) -> None:
    names = [f"p{number}" for number in range(5)]
    world.add_projects(*names)
    world.set_counts(*names)
    seen = []

    def look(step: str, done: int, total: int | None) -> None:
        seen.append((done, sum("download_last_day" in world.read_download_fields(name) for name in names), total))

    world.run(progress=look)

    assert seen == [(done, done, 5) for done in range(6)]


@given(st.integers(0, 12))
def test_next_run_continues_interrupted_run(after: int) -> None:
    names = [f"p{number:02}" for number in range(12)]
    world = build_world()
    world.add_projects(*names)
    world.set_counts(*names)

    def interrupt(step: str, done: int, total: int | None) -> None:
        if done == after:
            raise KeyboardInterrupt

    assert world.run(progress=interrupt).interrupted
    world.clock.advance(HOUR)
    interrupted = world.take_requested()
    report = world.run()

    assert interrupted == names[:after]
    assert world.take_requested() == names[after:]
    assert (report.found, report.enriched, report.cached) == (12, 12, after)


@pytest.mark.parametrize("at_once", [1, 4, 900])
def test_unavailable_source_ends_run(at_once: int) -> None:
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
    assert "memory does not respond" in str(report.error)
    assert report.failed == []
    assert len(world.take_requested()) < MAX_CONSECUTIVE_FAILURES + at_once
    assert world.read_download_fields("p000")["download_last_month"] == 30


def test_occasional_failures_do_not_end_run(world: DownloadsWorld) -> None:
    names = [f"p{number:03}" for number in range(100)]
    world.add_projects(*names)
    world.set_counts(*names)
    world.source.unavailable.update(name for name, number in zip(names, count()) if number % 8)

    report = world.run()

    assert report.error is None
    assert (report.enriched, len(report.failed)) == (13, 87)


def test_source_failing_for_all_is_unavailable(world: DownloadsWorld) -> None:
    world.add_projects("a")
    world.source.unavailable.add("a")

    report = world.run()

    assert isinstance(report.error, Unavailable)
    assert report.failed == []  # it is the source that has failed


def test_last_failures_are_reported(world: DownloadsWorld) -> None:
    world.add_projects("a", "b", "c")
    world.set_counts("a")
    world.source.unavailable.update(["b", "c"])

    report = world.run()

    assert (report.error, report.enriched, report.failed) == (None, 1, ["b", "c"])


def test_downloads_of_empty_collection(world: DownloadsWorld) -> None:
    world.add_projects()

    report = world.run()

    assert (report.found, report.requests, report.is_complete) == (0, 0, True)


def test_downloads_of_missing_collection(world: DownloadsWorld) -> None:
    report = world.run()

    assert isinstance(report.error, NotFound)
    assert "pyf fetch -p plone" in str(report.error)
    assert world.index.list_collections() == []


def test_downloads_dry_run(world: DownloadsWorld) -> None:
    world.add_projects("a", "b")

    report = world.run(dry_run=True)

    assert (world.take_requested(), world.read_download_fields("a"), report.notices) == (
        [],
        {},
        ["would request 2 packages from memory, in 2 requests"],
    )


def test_estimate_precedes_first_request() -> None:
    world = build_world(batch_size=4, request_interval=2.0)
    world.add_projects(*(f"p{number}" for number in range(10)))
    estimates: list[tuple[RunEstimate, int]] = []

    world.run(on_start=lambda ahead: estimates.append((ahead, world.source.count())))

    ((ahead, requests),) = estimates
    assert (ahead.source, ahead.project_count, ahead.cost.requests, ahead.cost.seconds) == ("memory", 10, 3, 6.0)
    assert requests == 0


def test_no_estimate_without_due_packages(world: DownloadsWorld) -> None:
    world.add_projects("a")
    world.set_counts("a")
    world.run()
    estimates: list[RunEstimate] = []

    world.run(on_start=estimates.append)

    assert estimates == []


names = st.sampled_from([f"p{number}" for number in range(6)])


@given(st.lists(st.tuples(st.sets(names), st.sets(names), st.integers(0, 40 * HOUR)), max_size=8))
def test_no_failure_loses_counts(runs: Iterable[tuple[set[str], set[str], int]]) -> None:
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


def test_downloads_stop_at_deadline(world: DownloadsWorld) -> None:
    world.add_projects("a", "b", "c")
    world.set_counts("a", "b", "c")

    first = world.run(deadline=world.clock.time)
    asked_first = world.take_requested()
    second = world.run()

    assert (asked_first, first.enriched, first.deferred, first.is_complete) == (["a"], 1, ["b", "c"], False)
    assert (world.take_requested(), second.enriched, second.cached, second.is_complete) == (["b", "c"], 3, 1, True)


def test_counts_of_a_clock_in_the_future_are_replaced(world: DownloadsWorld) -> None:
    world.add_projects("plone-api", "unknown")
    world.set_counts("plone-api")
    world.clock.advance(100 * 86_400)
    future = world.run()
    world.clock.advance(-100 * 86_400)
    world.set_counts("plone-api", last_month=44)
    world.take_requested()

    world.run()
    fields, requested = world.read_download_fields("plone-api"), world.take_requested()
    world.run()

    assert (future.enriched, sorted(requested), world.take_requested()) == (1, ["plone-api", "unknown"], [])
    assert list(fields["download_history"].values()) == [44]
    assert fields["download_updated"] == fields["download_checked"] == int(world.clock.time)
    assert world.read_download_fields("unknown")["download_checked"] == int(world.clock.time)


def test_counts_of_a_clock_in_the_future_are_not_copied(world: DownloadsWorld) -> None:
    world.add_projects("plone-api")
    world.add_projects("plone-api", collection="django")
    world.set_counts("plone-api")
    world.clock.advance(100 * 86_400)
    world.run(collection="django")
    world.clock.advance(-100 * 86_400)
    world.take_requested()

    world.run()

    assert world.take_requested() == ["plone-api"]
