"""Open a local registry with the program on top of it, and compute what the index must have."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from msgspec.structs import replace

from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.project import Project
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.sandbox.yaml_format import serialize_project, serialize_release
from pyf.aggregator.settings import SETTINGS, Settings, load_settings
from pyf.aggregator.testing.caches import FakeRenderCache
from pyf.aggregator.testing.enrichment import InlineRenderer
from pyf.aggregator.usecases.collections.rebuild import rebuild_collection
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.ingest.fetch import fetch_collection
from pyf.aggregator.usecases.ingest.incremental import update_collection
from pyf.aggregator.usecases.ingest.refresh import refresh_collection
from pyf.aggregator.usecases.ingest.run import RunOptions
from pyf.aggregator.usecases.report import IngestReport
from support.expected_index import MembershipRules, build_expected, to_comparable
from support.typesense_fake import ADMIN_KEY, LocalTypesense
from support.waiting import wait_until

Json = dict[str, Any]
PLONE_FILTER = Filter(profile="plone", classifiers=("Framework :: Plone",))
START = 1_800_000_000


@dataclass
class Clock:
    """The Unix time of a world; only `advance` moves it."""

    time: float = START

    def __call__(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class World:
    """One registry and one index of it; runs use the collection `plone` by default."""

    fake_registry: FakeRegistry
    pypi: LocalPyPI
    deps: Dependencies
    clock: Clock
    filter: Filter = PLONE_FILTER
    collection: str = "plone"
    seen_requests: list[int] = field(default_factory=list)

    def fetch(self, **options: Any) -> IngestReport:
        return self._run_use_case(fetch_collection, **options)

    def changes(self, **options: Any) -> IngestReport:
        return self._run_use_case(update_collection, **options)

    def refresh(self, **options: Any) -> IngestReport:
        return self._run_use_case(refresh_collection, **options)

    def recreate(self, **options: Any) -> IngestReport:
        return self._run_use_case(rebuild_collection, **options)

    def _run_use_case(self, use_case: Callable[..., IngestReport], **options: Any) -> IngestReport:
        """Run a use case with run options as keywords; check that it counts its requests as the registry does."""
        run_options = RunOptions(
            **{name: options.pop(name) for name in RunOptions.__struct_fields__ if name in options}
        )
        before = self.pypi.requests.total
        target = options.pop("target", Target(collection=self.collection, filter=self.filter))
        report = use_case(self.deps, target, default=self.filter, options=run_options, **options)
        # The last requests of a run that stopped may not have arrived yet.
        wait_until(lambda: report.requests == self.pypi.requests.total - before)
        return report

    def with_policy(self, **choices: Any) -> "World":
        """Return the same world with another policy, such as a later document version."""
        policy = replace(self.deps.policy, **choices)
        deps = replace(self.deps, policy=policy)
        return World(self.fake_registry, self.pypi, deps, self.clock, self.filter, self.collection)

    def stored(self) -> dict[str, Json]:
        """Return the comparable fields of every stored document, by id."""
        return {
            fields["id"]: to_comparable(fields)
            for fields in (document.to_dict() for document in self.deps.index.export(self.collection))
        }

    def names(self) -> list[str]:
        return [project_state.name_normalized for project_state in self.deps.index.iter_project_states(self.collection)]

    def document(self, name: str) -> Json:
        """Return the newest document of a project."""
        return self.deps.index.get_project_documents(self.collection, name)[0].to_dict()

    def expected(self) -> dict[str, Json]:
        """Return what the index must have."""
        profile_filter = self.filter
        rules = MembershipRules(
            profile_filter.classifiers,
            profile_filter.requires,
            profile_filter.names,
            profile_filter.include.keys(),
            profile_filter.exclude.keys(),
        )
        return build_expected(iter_served(self.fake_registry), rules)


def iter_served(registry: FakeRegistry) -> Iterator[tuple[Json, Mapping[str, Json]]]:
    """Yield every project's document with its release documents, as the registry would serve them, as JSON."""
    for project in registry.list_projects():
        if project not in _SERVED_CACHE:
            _SERVED_CACHE[project] = _serialize(project)
        if (responses := _SERVED_CACHE[project]) is not None:
            yield responses


# A changed project is a new object, so a cached document never gets outdated.
_SERVED_CACHE: WeakKeyDictionary[Project, tuple[Json, Mapping[str, Json]] | None] = WeakKeyDictionary()


def _serialize(project: Project) -> tuple[Json, Mapping[str, Json]] | None:
    document = serialize_project(project)
    if document is None:
        return None
    releases = {version: serialize_release(project, r) for version, r in project.releases.items()}
    responses: tuple[Json, Mapping[str, Json]] = msgspec.json.decode(msgspec.json.encode((document, releases)))
    return responses


@contextmanager
def open_world(
    registry: FakeRegistry,
    folder: Path,
    *,
    clock: Clock | None = None,
    latency: float = 0.0,
    filler_count: int = 0,
    uses_worker_pool: bool = False,
    **settings: Any,
) -> Iterator[World]:
    """Serve a registry, and yield a world with an empty index in `folder`.

    READMEs are rendered in this process unless `uses_worker_pool`: a worker takes as long to start as most tests.
    """
    clock = clock or Clock()
    service = LocalPyPI(registry, latency=latency, filler_count=filler_count)
    with service as pypi, open_dependencies(build_fast_settings(pypi, folder, **settings)) as deps:
        renderer = deps.renderer if uses_worker_pool else InlineRenderer(FakeRenderCache())
        yield World(registry, pypi, replace(deps, now=clock, renderer=renderer), clock)


@contextmanager
def open_engine_settings(engine: str) -> Iterator[dict[str, Any]]:
    """Yield the settings that select an engine; a server is a new local one."""
    if engine == "sqlite":
        yield {"index_backend": "sqlite"}
        return
    with LocalTypesense() as server:
        yield build_server_settings(server)


def build_server_settings(server: LocalTypesense) -> dict[str, Any]:
    """Return the settings for a server, with a retry timeout of one second."""
    return {
        "index_backend": "typesense",
        "typesense_nodes": server.url,
        "typesense_api_key": ADMIN_KEY,
        "typesense_retry_timeout": 1,
        "descriptions": "newest",
    }


def build_fast_settings(pypi: LocalPyPI, folder: Path, **settings: Any) -> Settings:
    """Return settings for a local service, without pauses."""
    defaults = {
        "pypi_base_url": pypi.url,
        "sqlite_path": str(folder / "index.sqlite3"),
        "pypi_rate_limit_delay": 0,
        "pypi_retry_backoff": 0,
        "pypi_max_retries": 1,
        "pypi_timeout": 5,
        "render_workers": 1,
    }
    assert settings.keys() <= SETTINGS.keys(), "load_settings ignores unknown names"
    return load_settings(**(defaults | settings))
