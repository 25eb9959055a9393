"""Turns counts, limits and the index's facts into Prometheus' text, worked out when somebody asks."""

from collections.abc import Iterator
from contextlib import suppress

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from .. import __version__
from ..domain.errors import Unavailable
from ..ports import Backlog, Services, TaskMeter, Traffic
from . import declared
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
        yield declared.BUILD.of({(__version__,): 1})
        yield from _traffic(self._services.traffic)
        yield from _index(self._facts.latest(), self._services.now())
        if self._tasks is not None:
            yield from _tasks(self._tasks)
        if self._backlog is not None:
            yield from _queue(self._backlog)


def _traffic(traffic: Traffic) -> Iterator[Metric]:
    quotas = {(quota.service, quota.kind): quota for quota in traffic.quotas()}
    yield declared.REQUESTS.of(traffic.requests())
    yield declared.LEFT.of({key: quota.left for key, quota in quotas.items()})
    yield declared.LIMIT.of({key: quota.limit for key, quota in quotas.items()})
    yield declared.RESET.of({key: quota.resets_at for key, quota in quotas.items()})


def _index(facts: list[Facts] | None, now: float) -> Iterator[Metric]:
    told = facts or []
    ages = {(fact.name,): max(0.0, now - fact.cursor_set) for fact in told if fact.cursor_set is not None}
    yield declared.INDEX_UP.of({(): int(facts is not None)})
    yield declared.PROJECTS.of({(fact.name,): fact.projects for fact in told})
    yield declared.DOCUMENTS.of({(fact.name,): fact.documents for fact in told})
    yield declared.AGE.of(ages)
    yield declared.CURSOR.of({(fact.name,): fact.cursor for fact in told if fact.cursor is not None})
    yield declared.AGAIN.of({(fact.name,): fact.to_be_asked_again for fact in told})


def _tasks(meter: TaskMeter) -> Iterator[Metric]:
    ended = meter.tasks()
    yield declared.TASKS.of({key: times.count for key, times in ended.items()})
    yield declared.TASK_SECONDS.of({key: times.seconds for key, times in ended.items()})
    yield declared.UNDER_WAY.of({(name,): count for name, count in meter.under_way().items()})


def _queue(backlog: Backlog) -> Iterator[Metric]:
    lengths: tuple[int, int] | None = None
    with suppress(Unavailable):  # told as such
        lengths = backlog.lengths()
    yield declared.QUEUE_UP.of({(): int(lengths is not None)})
    yield declared.WAITING.of({(): lengths[0]} if lengths else {})
    yield declared.IN_HAND.of({(): lengths[1]} if lengths else {})
