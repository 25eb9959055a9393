"""A registry on this machine, the program's services on top of it, and what the oracle says the index must hold."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from msgspec.structs import replace

from oracle import Rules, comparable, expected
from pyf.aggregator.adapters.memory_caches import MemoryRenderCache
from pyf.aggregator.adapters.rendering_inline import InlineRenderer
from pyf.aggregator.bootstrap import open_services
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.ports import Services
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.project import Project
from pyf.aggregator.sample.services import LocalPyPI
from pyf.aggregator.sample.views import project_document, release_document
from pyf.aggregator.settings import Settings, load_settings
from pyf.aggregator.usecases.changes import changes
from pyf.aggregator.usecases.fetch import fetch
from pyf.aggregator.usecases.recreate import recreate
from pyf.aggregator.usecases.refresh import refresh
from pyf.aggregator.usecases.report import Report
from pyf.aggregator.usecases.target import Target
from typesense_double import ADMIN_KEY, LocalTypesense

Json = dict[str, Any]
PLONE = Filter(profile="plone", classifiers=("Framework :: Plone",))
START = 1_800_000_000


@dataclass
class Clock:
    """The time of a world, in Unix seconds; it moves only when it is told to."""

    time: float = START

    def __call__(self) -> float:
        return self.time

    def pass_(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class World:
    """One registry and one index of it; runs work on the collection `plone` unless told otherwise."""

    ecosystem: Ecosystem
    pypi: LocalPyPI
    services: Services
    clock: Clock
    filter: Filter = PLONE
    collection: str = "plone"
    asked: list[int] = field(default_factory=list)

    def fetch(self, **options: Any) -> Report:
        return self._run(fetch, **options)

    def changes(self, **options: Any) -> Report:
        return self._run(changes, **options)

    def refresh(self, **options: Any) -> Report:
        return self._run(refresh, **options)

    def recreate(self, **options: Any) -> Report:
        return self._run(recreate, **options)

    def _run(self, use_case: Callable[..., Report], **options: Any) -> Report:
        """Run a use case; its own count of requests must be what the registry counted, whatever happened."""
        before = self.pypi.requests.total
        target = options.pop("target", Target(collection=self.collection, filter=self.filter))
        report = use_case(self.services, target, default=self.filter, **options)
        deadline = time.monotonic() + 5
        while report.requests != self.pypi.requests.total - before and time.monotonic() < deadline:
            time.sleep(0.01)  # what a run that gave up has sent last may still be on its way
        assert report.requests == self.pypi.requests.total - before
        return report

    def with_policy(self, **choices: Any) -> "World":
        """The same world seen by a program with other choices, such as a later composition."""
        policy = replace(self.services.policy, **choices)
        services = replace(self.services, policy=policy)
        return World(self.ecosystem, self.pypi, services, self.clock, self.filter, self.collection)

    def held(self) -> dict[str, Json]:
        """Return what is comparable of everything in the index, by id."""
        return {
            each["id"]: comparable(each)
            for each in (document.as_mapping() for document in self.services.index.export(self.collection))
        }

    def names(self) -> list[str]:
        return [holding.name_normalized for holding in self.services.index.holdings(self.collection)]

    def document(self, name: str) -> Json:
        """Return the newest document of a project."""
        return self.services.index.documents(self.collection, name)[0].as_mapping()

    def due(self) -> dict[str, Json]:
        """Return what the oracle says the index must hold."""
        known = self.filter
        rules = Rules(known.classifiers, known.requires, known.names, known.include.keys(), known.exclude.keys())
        return expected(served(self.ecosystem), rules)


def served(ecosystem: Ecosystem) -> Iterator[tuple[Json, Mapping[str, Json]]]:
    """Yield every project's document with its release documents, as the registry would serve them, as JSON."""
    for project in ecosystem.projects():
        if project not in _SERVED:
            _SERVED[project] = _answers(project)
        if (answers := _SERVED[project]) is not None:
            yield answers


# A change makes another project of it: what was served of one holds for as long as it lives.
_SERVED: WeakKeyDictionary[Project, tuple[Json, Mapping[str, Json]] | None] = WeakKeyDictionary()


def _answers(project: Project) -> tuple[Json, Mapping[str, Json]] | None:
    document = project_document(project)
    if document is None:
        return None
    releases = {version: release_document(project, r) for version, r in project.releases.items()}
    answers: tuple[Json, Mapping[str, Json]] = msgspec.json.decode(msgspec.json.encode((document, releases)))
    return answers


@contextmanager
def world(
    ecosystem: Ecosystem,
    folder: Path,
    *,
    clock: Clock | None = None,
    latency: float = 0.0,
    others: int = 0,
    pooled: bool = False,
    **settings: Any,
) -> Iterator[World]:
    """Serve an ecosystem, and so many others by name, and give a world with an empty index in `folder`.

    READMEs are rendered in this process, for a worker takes as long to start as most tests; `pooled` has workers.
    """
    clock = clock or Clock()
    served_by = LocalPyPI(ecosystem, latency=latency, others=others)
    with served_by as pypi, open_services(quick(pypi, folder, **settings)) as services:
        renderer = services.renderer if pooled else InlineRenderer(MemoryRenderCache())
        yield World(ecosystem, pypi, replace(services, now=clock, renderer=renderer), clock)


@contextmanager
def engine_settings(engine: str) -> Iterator[dict[str, Any]]:
    """Give the settings that choose an engine; a server is an empty one of its own on this machine."""
    if engine == "sqlite":
        yield {"index_backend": "sqlite"}
        return
    with LocalTypesense() as server:
        yield of_server(server)


def of_server(server: LocalTypesense) -> dict[str, Any]:
    """Return the settings of one who uses a server, and waits for it no longer than a second."""
    return {
        "index_backend": "typesense",
        "typesense_nodes": server.url,
        "typesense_api_key": ADMIN_KEY,
        "typesense_patience": 1,
        "descriptions": "newest",
    }


def quick(pypi: LocalPyPI, folder: Path, **settings: Any) -> Settings:
    """Return settings for a service on this machine: nothing is waited for."""
    chosen = {
        "pypi_base_url": pypi.url,
        "sqlite_path": str(folder / "index.sqlite3"),
        "pypi_rate_limit_delay": 0,
        "pypi_retry_backoff": 0,
        "pypi_max_retries": 1,
        "pypi_timeout": 5,
        "render_workers": 1,
    }
    return load_settings(**(chosen | settings))
