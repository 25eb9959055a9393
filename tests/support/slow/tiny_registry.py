"""A registry of a few projects with an index in this process: fast enough to try every step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.caches import SqliteMembershipCache, SqliteRenderCache
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.testing.enrichment import InlineRenderer
from pyf.aggregator.usecases.report import IngestReport
from support.cli_runner import CommandRunner, create_user
from support.registry_world import Clock, Json, World, build_fast_settings

# PyPI has no such classifier, so a run requests only this one. The classifier below it appears in documents only.
CLASSIFIER = "Framework :: Tiny"
NEWER_CLASSIFIER = f"{CLASSIFIER} :: 9.0"
TINY_FILTER = Filter(classifiers=(CLASSIFIER,))
INDEX_FILE = "index.sqlite3"

# The use cases that fill or update a collection: names of methods of `World`.
USE_CASES = ("fetch", "changes", "refresh", "recreate")


def build_tiny_registry(clock: Clock) -> FakeRegistry:
    """Return a registry of members, one with the newer classifier and one with no other, and one non-member."""
    classifiers = {
        "tiny.one": [CLASSIFIER, NEWER_CLASSIFIER],
        "tiny.two": [CLASSIFIER],
        "tiny.three": [CLASSIFIER],
        "tiny.four": [CLASSIFIER],
        "tiny.five": [CLASSIFIER],
        "tiny.six": [NEWER_CLASSIFIER],
        "stranger": [],
    }
    registry = FakeRegistry(clock=clock)
    for name, project_classifiers in classifiers.items():
        readme = {"description": f"# {name}\n\nIt is tiny.", "description_content_type": "text/markdown"}
        for version in ("1.0", "1.1"):
            registry.publish(name, version, info={"classifiers": project_classifiers, **readme})
    return registry


def change_registry(registry: FakeRegistry) -> None:
    """Change most projects, each in another way."""
    registry.publish("tiny.one", "2.0", info={"description": "# tiny.one\n\nIt has grown."})
    registry.yank("tiny.two", "1.1", "broken")
    registry.remove_project("tiny.three")
    registry.publish("tiny.four", "2.0", info={"classifiers": []})
    registry.remove_release("tiny.five", "1.1")
    registry.publish("tiny.seven", "1.0", info={"classifiers": [CLASSIFIER]})
    registry.publish("stranger", "2.0", info={"classifiers": [CLASSIFIER]})


# The changes of members. A refresh does not find new members, because it compares stored packages only.
REMOVED_NAMES = ("tiny-three", "tiny-four")
ADDED_NAMES = ("tiny-seven", "stranger")


def build_expected(world: World, use: str) -> dict[str, Json]:
    """Return what the index must have after a run."""
    undiscovered = ADDED_NAMES if use == "refresh" else ()
    return {
        id_: document for id_, document in world.expected().items() if document["name_normalized"] not in undiscovered
    }


@contextmanager
def open_tiny_world(
    pypi: LocalPyPI,
    folder: Path,
    clock: Clock,
    *,
    open_database: Callable[[Path], Database] = Database,
    **settings: Any,
) -> Iterator[World]:
    """Open a world on the file in `folder`; a test may replace `open_database`."""
    database = open_database(folder / INDEX_FILE)
    # One document a batch: every project is a transaction of its own.
    with open_dependencies(build_fast_settings(pypi, folder, **{"pypi_batch_size": 1, **settings})) as deps:
        try:
            deps = replace(
                deps,
                index=SqliteIndex(database),
                admin=SqliteAdmin(database),
                membership_cache=SqliteMembershipCache(database),
                renderer=InlineRenderer(SqliteRenderCache(database)),
                now=clock,
            )
            yield World(pypi.registry, pypi, deps, clock, TINY_FILTER, "tiny")
        finally:
            database.close()


def run_use_case(world: World, use: str) -> IngestReport:
    """Run one of `USES`, a refresh with all that it can do, and return the report."""
    use_cases: dict[str, Callable[[], IngestReport]] = {
        "fetch": world.fetch,
        "changes": world.changes,
        "refresh": lambda: world.refresh(sweep_all=True),
        "recreate": world.recreate,
    }
    return use_cases[use]()


def create_tiny_user(folder: Path, pypi: LocalPyPI, **settings: Any) -> CommandRunner:
    """Return a user whose only profile is that of the tiny projects."""
    return create_user(folder, pypi, profile="tiny", classifier=CLASSIFIER, **settings)
