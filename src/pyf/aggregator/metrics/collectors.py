"""Turns counts, limits and the index's facts into Prometheus' text, worked out when somebody asks."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .. import __version__
from ..domain.errors import Unavailable
from ..ports import Backlog, Services, TaskMeter, Traffic
from .index_facts import Facts, IndexFacts, facts_of

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """All that one process has to tell; a worker adds its `tasks` and the `backlog`. Safe to share between threads."""

    def __init__(self, services: Services, *, tasks: TaskMeter | None = None, backlog: Backlog | None = None) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        self.registry.register(_Told(services, tasks, backlog))

    def text(self) -> bytes:
        """Return all metrics as `CONTENT_TYPE`; takes five seconds where the index does not answer."""
        return generate_latest(self.registry)


class _Told(Collector):
    def __init__(self, services: Services, tasks: TaskMeter | None, backlog: Backlog | None) -> None:
        self._services = services
        self._tasks = tasks
        self._backlog = backlog
        self._facts = IndexFacts(lambda: facts_of(services))

    def collect(self) -> Iterator[Metric]:
        yield _gauge("pyf_build_info", "Always 1; the version is the program's.", ["version"], {(__version__,): 1})
        yield from _traffic(self._services.traffic)
        yield from _index(self._facts.latest(), self._services.now())
        if self._tasks is not None:
            yield from _tasks(self._tasks)
        if self._backlog is not None:
            yield from _queue(self._backlog)


def _traffic(traffic: Traffic) -> Iterator[Metric]:
    yield _counter(
        "pyf_requests",
        "Requests to services, by how they ended: a status, or why there is none.",
        ["service", "status"],
        traffic.requests(),
    )
    quotas = {(quota.service, quota.kind): quota for quota in traffic.quotas()}
    labels = ["service", "kind"]
    yield _gauge(
        "pyf_rate_limit_remaining",
        "Requests (GitHub's graphql: points) that a service said were left until the reset.",
        labels,
        {key: quota.left for key, quota in quotas.items()},
    )
    yield _gauge(
        "pyf_rate_limit",
        "What a service allows from one reset to the next.",
        labels,
        {key: quota.limit for key, quota in quotas.items()},
    )
    yield _gauge(
        "pyf_rate_limit_reset_timestamp_seconds",
        "When a service allows everything again.",
        labels,
        {key: quota.resets_at for key, quota in quotas.items()},
    )


def _index(facts: list[Facts] | None, now: float) -> Iterator[Metric]:
    yield _gauge("pyf_index_up", "Whether the index answered.", [], {(): int(facts is not None)})
    told = facts or []
    yield _gauge("pyf_projects", "Projects in a collection.", ["collection"], {(f.name,): f.projects for f in told})
    yield _gauge(
        "pyf_documents",
        "Documents in a collection, one a release.",
        ["collection"],
        {(f.name,): f.documents for f in told},
    )
    yield _gauge(
        "pyf_newest_change_age_seconds",
        "Seconds since a run last saw that every change on PyPI is in the collection.",
        ["collection"],
        {(f.name,): max(0.0, now - f.cursor_set) for f in told if f.cursor_set is not None},
    )
    yield _gauge(
        "pyf_cursor_serial",
        "PyPI's number of the newest change up to which every one is in the collection.",
        ["collection"],
        {(f.name,): f.cursor for f in told if f.cursor is not None},
    )
    yield _gauge(
        "pyf_to_be_asked_again",
        "Projects of which an answer was older than the change that it was asked for.",
        ["collection"],
        {(f.name,): f.to_be_asked_again for f in told},
    )


def _tasks(meter: TaskMeter) -> Iterator[Metric]:
    ended = meter.tasks()
    labels = ["task", "outcome"]
    yield _counter("pyf_tasks", "Tasks that ended.", labels, {key: times.count for key, times in ended.items()})
    yield _counter(
        "pyf_task_seconds",
        "Seconds that tasks took, all together.",
        labels,
        {key: times.seconds for key, times in ended.items()},
    )
    under_way = {(name,): count for name, count in meter.under_way().items()}
    yield _gauge("pyf_tasks_under_way", "Tasks that are being worked on.", ["task"], under_way)


def _queue(backlog: Backlog) -> Iterator[Metric]:
    lengths: tuple[int, int] | None = None
    with suppress(Unavailable):  # told as such
        lengths = backlog.lengths()
    yield _gauge("pyf_queue_up", "Whether the Redis of the queue answered.", [], {(): int(lengths is not None)})
    if lengths is not None:
        yield _gauge("pyf_queue_length", "Tasks that wait in the queue.", [], {(): lengths[0]})
        yield _gauge("pyf_queue_in_hand", "Tasks that workers have taken, retries included.", [], {(): lengths[1]})


# Values are by the labels' own values, in the labels' order.
def _counter(name: str, about: str, labels: Iterable[str], values: Mapping[Any, float]) -> Metric:
    family = CounterMetricFamily(name, about, labels=list(labels))
    for key, value in sorted(values.items()):
        family.add_metric(list(key), value)
    return family


def _gauge(name: str, about: str, labels: Iterable[str], values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=list(labels))
    for key, value in sorted(values.items()):
        family.add_metric(list(key), value)
    return family
