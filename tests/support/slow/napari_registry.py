"""Real documents of napari's plugins, an index of an earlier state, and the changes since then."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.project import Project
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner, create_user
from support.expected_index import MembershipRules, build_expected, to_comparable
from support.registry_world import Json, iter_served
from support.slow.index_contents import open_index, read_contents

CLASSIFIER = "Framework :: napari"


@dataclass(frozen=True)
class RunKind:
    """A kind of run: its arguments, the seconds per response, and the number of concurrent requests.

    A `fresh` one starts without an index, the others with an outdated one.
    """

    arguments: tuple[str, ...]
    starts_empty: bool = False
    latency: float = 0.02
    workers: int = 20


RUN_KINDS = {
    "full": RunKind(("-f",), starts_empty=True),
    "incremental": RunKind(("-i",), latency=0.05, workers=4),
    "refresh": RunKind(("--refresh-from-pypi", "--all"), latency=0.05, workers=4),
    "recreate": RunKind(("-f", "--recreate-collection")),
}


@dataclass(frozen=True)
class BaselineRun:
    """The result of an undisturbed run, its seconds and its requests."""

    contents: dict[str, Any]
    seconds: float
    requests: int


@dataclass(frozen=True)
class RegistryChanges:
    """The projects (normalized names) that were removed, added and hidden."""

    removed: Sequence[str]
    added: Sequence[str]
    hidden: Sequence[str]


class NapariRegistry:
    """A registry of real projects, and an index of them from before they changed."""

    def __init__(self, pypi: LocalPyPI, folder: Path) -> None:
        self.pypi = pypi
        self._folder = folder
        self._user_count = 0
        self._baselines: dict[str, BaselineRun] = {}
        old = self.create_user("full")
        assert old.run(*RUN_KINDS["full"].arguments).code == 0
        self._initial_folder = old.folder
        with open_index(get_index_path(old)) as (index, _):
            self.before = read_contents(index, "napari")
        self.changes = change_registry(pypi.registry)

    def create_user(self, name: str) -> CommandRunner:
        """Return a runner for a run of this kind, and let the registry respond at its pace."""
        kind = RUN_KINDS[name]
        self._user_count += 1
        folder = self._folder / str(self._user_count)
        if not kind.starts_empty:
            shutil.copytree(self._initial_folder, folder)
        self.pypi.latency = kind.latency
        # Few documents at once, so that there are many moments between two transactions.
        return create_user(
            folder,
            self.pypi,
            profile="napari",
            classifier=CLASSIFIER,
            pypi_batch_size=25,
            pypi_max_workers=kind.workers,
        )

    def run_baseline(self, name: str) -> BaselineRun:
        """Return the result of an undisturbed run."""
        if name not in self._baselines:
            shell = self.create_user(name)
            start, requests_before = time.monotonic(), self.pypi.requests.total
            result = shell.run(*RUN_KINDS[name].arguments)
            seconds, requests = time.monotonic() - start, self.pypi.requests.total - requests_before
            assert result.code == 0, result
            with open_index(get_index_path(shell)) as (index, _):
                self._baselines[name] = BaselineRun(self.read_contents(index), seconds, requests)
        return self._baselines[name]

    def read_contents(self, index: SqliteIndex) -> dict[str, Any]:
        """Return the contents of the napari collection."""
        return read_contents(index, "napari", self.changes.removed)

    def build_expected(self, name: str) -> dict[str, Json]:
        """Return what the index must have after a run, without hidden projects."""
        undiscovered = self.changes.added if name == "refresh" else ()
        documents = build_expected(iter_served(self.pypi.registry), MembershipRules([CLASSIFIER]))
        return {id_: document for id_, document in documents.items() if document["name_normalized"] not in undiscovered}

    def to_comparable(self, stored: dict[str, Any]) -> dict[str, Json]:
        """Return the part of stored contents that `build_expected` computes."""
        return {
            id_: to_comparable(document)
            for id_, document in stored["documents"].items()
            if document["name_normalized"] not in self.changes.hidden
        }


def get_index_path(shell: CommandRunner) -> Path:
    """Return the file of a user's index."""
    return shell.folder / "index.sqlite3"


def change_registry(registry: FakeRegistry) -> RegistryChanges:
    """Change every member, and remove, add and hide some."""
    members = [project for project in registry.list_projects() if _is_member(project)]
    non_members = [project for project in registry.list_projects() if project not in members]
    removed, reclassified, hidden, archived = members[:2], members[2:3], members[3:4], members[4:5]
    for project, change in zip(members[4:], cycle(("publish", "publish", "yank", "remove", "role"))):
        _change_project(registry, project, change)
    for project in removed:
        registry.remove_project(project.name)
    for project in reclassified:
        registry.publish(project.name, "9999.0", info={"classifiers": []})
    for project in hidden:
        registry.quarantine(project.name)
    for project in archived:
        registry.archive(project.name)
    for project in non_members[:2]:
        registry.publish(project.name, "9999.0", info={"classifiers": [CLASSIFIER]})
    registry.publish("napari-born-yesterday", "1.0", info={"classifiers": [CLASSIFIER]})
    return RegistryChanges(
        removed=[project.normalized_name for project in (*removed, *reclassified)],
        added=["napari-born-yesterday", *(project.normalized_name for project in non_members[:2])],
        hidden=[project.normalized_name for project in hidden],
    )


def _change_project(registry: FakeRegistry, project: Project, change: str) -> None:
    assert project.newest is not None
    newest = project.newest.version
    match change:
        case "yank":
            registry.yank(project.name, newest, "broken")
        case "remove" if len(project.releases) > 1:
            registry.remove_release(project.name, newest)
        case "role":
            registry.add_role(project.name, "somebody-new")
        case _:
            registry.publish(project.name, "9999.0")
            registry.publish(project.name, "9999.1")


def _is_member(project: Project) -> bool:
    newest = project.newest
    return newest is not None and CLASSIFIER in (project.build_info(newest)["classifiers"] or ())
