"""Prometheus metrics as scraped over HTTP."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from socket import create_server
from threading import Event

import pytest

from pyf.aggregator import __version__
from pyf.aggregator.adapters.metrics_store import LocalTaskMetrics
from pyf.aggregator.domain.collection import CollectionInfo, CollectionState
from pyf.aggregator.domain.errors import Invalid, Unavailable
from pyf.aggregator.metrics import CONTENT_TYPE, Metrics, serve_metrics
from pyf.aggregator.metrics.collectors import CollectionStats, CollectionStatsCache
from pyf.aggregator.metrics.definitions import COMMON_METRICS, WORKER_METRICS
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.testing.index import FakeIndex
from support.fake_dependencies import build_fake_dependencies
from support.prometheus import free_port, parse_samples, scrape
from support.registry_world import PLONE_FILTER, open_world


def test_metrics_report_index_and_requests(tmp_path: Path) -> None:
    fake_registry = FakeRegistry()
    for name in ("plone.api", "plone.base"):
        fake_registry.publish(name, "1.0", info={"classifiers": ["Framework :: Plone"]})
    fake_registry.publish("plone.api", "2.0")
    with open_world(fake_registry, tmp_path) as plone:
        plone.pypi.faults.add(Fault("503", request="project", times=1))
        report = plone.fetch()
        plone.clock.advance(120)

        with scrape(Metrics(plone.deps)) as samples:
            state = plone.deps.index.get_state("plone")

    assert samples["pyf_index_up", ()] == 1
    assert (samples["pyf_projects", ("plone",)], samples["pyf_documents", ("plone",)]) == (2, 3)
    assert samples["pyf_newest_change_age_seconds", ("plone",)] == 120
    assert samples["pyf_cursor_serial", ("plone",)] == state.cursor == fake_registry.last_serial
    assert samples["pyf_requests_total", ("pypi", "503")] == 1
    assert samples["pyf_requests_total", ("pypi", "200")] == report.requests - 1
    assert samples["process_resident_memory_bytes", ()] > 0


def test_unfinished_collection_has_no_age_and_no_cursor() -> None:
    deps = build_fake_dependencies()
    deps.admin.create("plone-1", CollectionState(filter=PLONE_FILTER), alias="plone")

    samples = parse_samples(Metrics(deps).render().decode())

    assert samples["pyf_documents", ("plone",)] == 0
    assert not [name for name, _ in samples if "age" in name or "cursor" in name]


def test_rebuild_is_not_reported_as_collection() -> None:
    deps = build_fake_dependencies()
    deps.admin.create("plone-1", CollectionState(filter=PLONE_FILTER), alias="plone")
    deps.admin.create("plone-2", CollectionState(filter=PLONE_FILTER, rebuild_of="plone"))

    samples = parse_samples(Metrics(deps).render().decode())

    assert [labels for name, labels in samples if name == "pyf_documents"] == [("plone",)]


def test_task_metrics_by_name_and_outcome() -> None:
    clock = iter([0.0, 1.0, 2.5, 3.0, 10.0])
    tasks = LocalTaskMetrics(clock=lambda: next(clock))
    tasks.start("1", "inspect_project")
    tasks.start("2", "inspect_project")
    tasks.finish("1", "done")
    tasks.start("3", "update_github")
    tasks.finish("2", "failed")
    tasks.finish("unheard of", "failed")

    samples = parse_samples(Metrics(build_fake_dependencies(), tasks=tasks).render().decode())

    assert samples["pyf_tasks_total", ("done", "inspect_project")] == 1
    assert samples["pyf_task_seconds_total", ("done", "inspect_project")] == 2.5
    assert samples["pyf_task_seconds_total", ("failed", "inspect_project")] == 9
    assert samples["pyf_tasks_running", ("update_github",)] == 1
    assert len([name for name, _ in samples if name == "pyf_tasks_total"]) == 2


def test_metrics_have_help_texts() -> None:
    text = Metrics(build_fake_dependencies()).render().decode()

    assert "# HELP pyf_requests_total Requests to services" in text
    assert CONTENT_TYPE.startswith("text/plain; version=")


class UnavailableIndex(FakeIndex):
    """An unavailable index."""

    def list_collections(self) -> Sequence[CollectionInfo]:
        raise Unavailable("no server")


def test_unavailable_index_keeps_other_metrics() -> None:
    samples = parse_samples(Metrics(build_fake_dependencies(admin=UnavailableIndex())).render().decode())

    assert (samples["pyf_index_up", ()], samples["pyf_build_info", (__version__,)]) == (0, 1)


def test_slow_index_is_loaded_once_and_reported_down() -> None:
    loads, released = [], Event()

    def load_slowly() -> list[CollectionStats]:
        loads.append(1)
        released.wait()
        return []

    cache = CollectionStatsCache(load_slowly, timeout=0.01)
    late = [cache.get_latest() for _ in range(3)]
    released.set()
    cache = CollectionStatsCache(load_slowly, timeout=30)

    assert (late, cache.get_latest(), len(loads)) == ([None] * 3, [], 2)


def test_collection_stats_cache_reloads_after_ttl() -> None:
    loads: list[int] = []

    def load() -> list[CollectionStats]:
        loads.append(1)
        return []

    patient, eager = CollectionStatsCache(load, ttl=1_000), CollectionStatsCache(load, ttl=-1)
    for _ in range(3):
        patient.get_latest()
    assert len(loads) == 1
    for _ in range(3):
        eager.get_latest()
    assert len(loads) == 4


def test_taken_metrics_port_is_invalid() -> None:
    with closing(create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

        with (
            pytest.raises(Invalid, match=f"METRICS_PORT={port}: .*Address already in use"),
            serve_metrics(Metrics(build_fake_dependencies()), host="127.0.0.1", port=port),
        ):
            pass


def test_metrics_port_is_released() -> None:
    port = free_port()

    for _ in range(2):
        with serve_metrics(Metrics(build_fake_dependencies()), host="127.0.0.1", port=port):
            pass


def test_every_metric_is_defined() -> None:
    text = Metrics(build_fake_dependencies(), tasks=LocalTaskMetrics(), backlog=FakeBacklog()).render().decode()

    names = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP pyf_")}
    assert names == {metric.sample_name for metric in (*COMMON_METRICS, *WORKER_METRICS)}


class FakeBacklog:
    """A queue with the given lengths, or an unavailable one."""

    def __init__(self, *lengths: int) -> None:
        self._lengths = lengths

    def get_lengths(self) -> tuple[int, int]:
        if not self._lengths:
            raise Unavailable("no Redis")
        return self._lengths[0], self._lengths[1]


def test_queue_metrics_report_availability() -> None:
    available = parse_samples(Metrics(build_fake_dependencies(), backlog=FakeBacklog(7, 2)).render().decode())
    unavailable = parse_samples(Metrics(build_fake_dependencies(), backlog=FakeBacklog()).render().decode())

    assert (available["pyf_queue_up", ()], available["pyf_queue_length", ()], available["pyf_queue_unacked", ()]) == (
        1,
        7,
        2,
    )
    assert unavailable["pyf_queue_up", ()] == 0
    assert ("pyf_queue_length", ()) not in unavailable
