"""A server gives the same results as a file: the same documents, the same newest releases, the same reports."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pyf.aggregator.domain.schema import DownloadFields, RepositoryFields
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.expand import expanded
from pyf.aggregator.sample.faults import Fault
from usecases.conftest import PROJECTS
from worlds import Clock, World, engine_settings, world

PLONE = {"classifiers": ["Framework :: Plone"]}


def stars(world: World) -> None:
    world.services.index.update(
        "plone", {"plone-api": RepositoryFields(github_stars=7, github_url="https://a.example")}
    )
    world.services.index.update("plone", {"plone-api": DownloadFields(download_history={"2026-01": 1})})


def news(world: World) -> None:
    world.ecosystem.publish("plone.api", "2.1")
    world.ecosystem.publish("plone_api", "2.2", info={"summary": "Spelt anew"})
    world.ecosystem.publish("collective.new", "1.0", info=PLONE)
    world.ecosystem.yank("collective.one", "0.2", "bad")
    world.ecosystem.publish("left.plone", "3.0", info=PLONE)


def losses(world: World) -> None:
    world.ecosystem.remove_project("collective.new")
    world.ecosystem.remove_release("plone.api", "2.2")
    world.ecosystem.quarantine("collective.two")
    world.ecosystem.archive("collective.one")
    world.ecosystem.publish("left.plone", "4.0", info={"classifiers": []})


def trouble(world: World) -> None:
    world.ecosystem.publish("plone.api", "2.5")
    world.ecosystem.publish("collective.one", "0.5")
    world.pypi.faults.add(Fault("503", request="project", project="collective-one"))


def peace(world: World) -> None:
    world.pypi.faults.clear()
    world.ecosystem.clear_quarantine("collective.two")
    world.ecosystem.publish("collective.new", "1.1", info=PLONE)


# What happens, and the run that follows.
HISTORY: list[tuple[Callable[[World], object], str, dict[str, Any]]] = [
    (lambda world: None, "fetch", {"dry_run": True}),
    (lambda world: None, "fetch", {}),
    (stars, "fetch", {}),
    (news, "changes", {}),
    (losses, "changes", {}),
    (lambda world: None, "refresh", {"sweep_all": True}),
    (trouble, "changes", {}),
    (lambda world: None, "recreate", {}),
    (peace, "recreate", {}),
    (lambda world: world.ecosystem.tick(200_000), "changes", {}),
    (lambda world: None, "fetch", {}),
]


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[list[World]]:
    """The same small world twice, each with an engine of its own."""
    with ExitStack() as stack:
        made = []
        for engine in ("sqlite", "typesense"):
            clock, folder = Clock(), tmp_path / engine
            settings = stack.enter_context(engine_settings(engine))
            ecosystem = Ecosystem(expanded(PROJECTS), clock=clock)
            made.append(stack.enter_context(world(ecosystem, folder, clock=clock, **settings)))
        yield made


def told(world: World, run: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return what a run reports, but for the time that it took and the port that it asked at."""
    report = getattr(world, run)(**options).as_mapping()
    return {name: value for name, value in report.items() if name not in ("seconds", "reasons")} | {
        "reasons": {name: reason.replace(world.pypi.url, "") for name, reason in report["reasons"].items()}
    }


def shown(world: World) -> dict[str, Any]:
    """Return all that an engine shows of a world."""
    index, admin = world.services.index, world.services.admin
    if admin.resolve("plone") is None:
        return {}
    return {
        "documents": [document.as_mapping() for document in index.export("plone")],
        "newest": {each["name_normalized"]: each["version"] for each in world.held().values() if each["is_newest"]},
        "holdings": list(index.holdings("plone")),
        "state": index.state("plone"),
        "tombstones": [index.tombstone("plone", name) for name in ("left-plone", "collective-new", "plone-api")],
        "collections": [(each.name, each.aliases, each.projects, each.documents) for each in admin.collections()],
    }


def test_a_server_shows_and_tells_what_a_file_does_after_every_run(worlds: list[World]) -> None:
    for happen, run, options in HISTORY:
        for each in worlds:
            happen(each)
            each.clock.pass_(3600)

        of_file, of_server = (told(each, run, options) for each in worlds)

        assert of_server == of_file, run
        assert shown(worlds[1]) == shown(worlds[0]), run
    assert worlds[1].document("plone.api")["github_stars"] == 7
