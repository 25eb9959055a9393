"""A server and a file give the same documents, newest releases and reports."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pyf.aggregator.domain.documents.schema import DownloadFields, RepositoryFields
from pyf.aggregator.sandbox.faults import Fault
from support.registry_world import Clock, World, open_engine_settings, open_world
from usecases.conftest import build_plone_registry

PLONE = {"classifiers": ["Framework :: Plone"]}


def add_enrichments(world: World) -> None:
    world.deps.index.update(
        "plone", {"plone-api": RepositoryFields(repository_stars=7, repository_url="https://a.example")}
    )
    world.deps.index.update("plone", {"plone-api": DownloadFields(download_history={"2026-01": 1})})


def publish_changes(world: World) -> None:
    world.fake_registry.publish("plone.api", "2.1")
    world.fake_registry.publish("plone_api", "2.2", info={"summary": "Renamed"})
    world.fake_registry.publish("collective.new", "1.0", info=PLONE)
    world.fake_registry.yank("collective.one", "0.2", "bad")
    world.fake_registry.publish("left.plone", "3.0", info=PLONE)


def remove_projects(world: World) -> None:
    world.fake_registry.remove_project("collective.new")
    world.fake_registry.remove_release("plone.api", "2.2")
    world.fake_registry.quarantine("collective.two")
    world.fake_registry.archive("collective.one")
    world.fake_registry.publish("left.plone", "4.0", info={"classifiers": []})


def add_failures(world: World) -> None:
    world.fake_registry.publish("plone.api", "2.5")
    world.fake_registry.publish("collective.one", "0.5")
    world.pypi.faults.add(Fault("503", request="project", project="collective-one"))


def clear_failures(world: World) -> None:
    world.pypi.faults.clear()
    world.fake_registry.clear_quarantine("collective.two")
    world.fake_registry.publish("collective.new", "1.1", info=PLONE)


# What happens, and the run that follows.
HISTORY: list[tuple[Callable[[World], object], str, dict[str, Any]]] = [
    (lambda world: None, "fetch", {"dry_run": True}),
    (lambda world: None, "fetch", {}),
    (add_enrichments, "fetch", {}),
    (publish_changes, "changes", {}),
    (remove_projects, "changes", {}),
    (lambda world: None, "refresh", {"sweep_all": True}),
    (add_failures, "changes", {}),
    (lambda world: None, "recreate", {}),
    (clear_failures, "recreate", {}),
    (lambda world: world.fake_registry.add_filler_changes(200_000), "changes", {}),
    (lambda world: None, "fetch", {}),
]


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[list[World]]:
    """Two equal worlds, each with its own engine."""
    with ExitStack() as stack:
        built_worlds = []
        for engine in ("sqlite", "typesense"):
            clock, folder = Clock(), tmp_path / engine
            settings = stack.enter_context(open_engine_settings(engine))
            fake_registry = build_plone_registry(clock)
            built_worlds.append(stack.enter_context(open_world(fake_registry, folder, clock=clock, **settings)))
        yield built_worlds


def run_and_report(world: World, run_name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the report of a run without its duration and the port of the service."""
    report = getattr(world, run_name)(**options).to_dict()
    return {name: value for name, value in report.items() if name not in ("seconds", "reasons")} | {
        "reasons": {name: reason.replace(world.pypi.url, "") for name, reason in report["reasons"].items()}
    }


def read_index(world: World) -> dict[str, Any]:
    """Return everything that an engine returns for a world."""
    index, admin = world.deps.index, world.deps.admin
    if admin.resolve("plone") is None:
        return {}
    return {
        "documents": [document.to_dict() for document in index.export("plone")],
        "newest": {
            entry["name_normalized"]: entry["version"] for entry in world.stored().values() if entry["is_newest"]
        },
        "holdings": list(index.iter_project_states("plone")),
        "state": index.get_state("plone"),
        "tombstones": [index.get_tombstone("plone", name) for name in ("left-plone", "collective-new", "plone-api")],
        "collections": [(each.name, each.aliases, each.projects, each.documents) for each in admin.list_collections()],
    }


def test_engines_agree_after_every_run(worlds: list[World]) -> None:
    for change, run, options in HISTORY:
        for engine_world in worlds:
            change(engine_world)
            engine_world.clock.advance(3600)

        of_file, of_server = (run_and_report(each, run, options) for each in worlds)

        assert of_server == of_file, run
        assert read_index(worlds[1]) == read_index(worlds[0]), run
    assert worlds[1].document("plone.api")["repository_stars"] == 7
