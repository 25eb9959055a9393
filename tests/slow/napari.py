"""Real documents of napari's plugins, an index of them as it was, and what has happened to them since."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from oracle import Rules, comparable, expected
from pyf.aggregator.adapters.index.sqlite import SqliteIndex
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.project import Project
from pyf.aggregator.sample.services import LocalPyPI
from shell import Shell
from slow.contents import contents, opened
from slow.user import user
from worlds import Json, served

CLASSIFIER = "Framework :: napari"


@dataclass(frozen=True)
class Kind:
    """A kind of run: its arguments, the seconds that an answer takes, and how many requests are under way at once.

    A `fresh` one begins without an index, the others with one that is out of date.
    """

    arguments: tuple[str, ...]
    fresh: bool = False
    latency: float = 0.02
    workers: int = 20


KINDS = {
    "full": Kind(("-f",), fresh=True),
    "incremental": Kind(("-i",), latency=0.05, workers=4),
    "refresh": Kind(("--refresh-from-pypi", "--all"), latency=0.05, workers=4),
    "recreate": Kind(("-f", "--recreate-collection")),
}


@dataclass(frozen=True)
class Undisturbed:
    """What a run that nobody disturbs leaves behind, and what it takes: seconds, and requests."""

    contents: dict[str, Any]
    seconds: float
    requests: int


@dataclass(frozen=True)
class Happened:
    """Which projects (normalised names) left, arrived, and were hidden by the registry."""

    leaving: Sequence[str]
    arriving: Sequence[str]
    hidden: Sequence[str]


class Napari:
    """A registry of real projects, and an index of them from before they changed."""

    def __init__(self, pypi: LocalPyPI, folder: Path) -> None:
        self.pypi = pypi
        self._folder = folder
        self._rounds = 0
        self._undisturbed: dict[str, Undisturbed] = {}
        old = self.user("full")
        assert old.run(*KINDS["full"].arguments).code == 0
        self._old = old.folder
        with opened(index_of(old)) as (index, _):
            self.before = contents(index, "napari")
        self.happened = let_things_happen(pypi.ecosystem)

    def user(self, name: str) -> Shell:
        """Return a user who may begin a run of this kind, and have the registry answer at its pace."""
        kind = KINDS[name]
        self._rounds += 1
        folder = self._folder / str(self._rounds)
        if not kind.fresh:
            shutil.copytree(self._old, folder)
        self.pypi.latency = kind.latency
        # Few documents at once, so that there are many moments between two transactions.
        return user(
            folder,
            self.pypi,
            profile="napari",
            classifier=CLASSIFIER,
            pypi_batch_size=25,
            pypi_max_workers=kind.workers,
        )

    def undisturbed(self, name: str) -> Undisturbed:
        """Return what comes of a run that nobody disturbs."""
        if name not in self._undisturbed:
            shell = self.user(name)
            began, asked = time.monotonic(), self.pypi.requests.total
            ended = shell.run(*KINDS[name].arguments)
            seconds, requests = time.monotonic() - began, self.pypi.requests.total - asked
            assert ended.code == 0, ended
            with opened(index_of(shell)) as (index, _):
                self._undisturbed[name] = Undisturbed(self.contents(index), seconds, requests)
        return self._undisturbed[name]

    def contents(self, index: SqliteIndex) -> dict[str, Any]:
        """Return all that the index holds of napari."""
        return contents(index, "napari", self.happened.leaving)

    def due(self, name: str) -> dict[str, Json]:
        """Return what the oracle says must be there after a run; of a hidden project it can't tell anything."""
        unseen = self.happened.arriving if name == "refresh" else ()
        due = expected(served(self.pypi.ecosystem), Rules([CLASSIFIER]))
        return {id_: document for id_, document in due.items() if document["name_normalized"] not in unseen}

    def shown(self, held: dict[str, Any]) -> dict[str, Json]:
        """Return of what is held what the oracle tells, too."""
        return {
            id_: comparable(document)
            for id_, document in held["documents"].items()
            if document["name_normalized"] not in self.happened.hidden
        }


def index_of(shell: Shell) -> Path:
    """Return the file of a user's index."""
    return shell.folder / "index.sqlite3"


def let_things_happen(ecosystem: Ecosystem) -> Happened:
    """Change every project that belongs, and have some leave, join, go and hide."""
    members = [project for project in ecosystem.projects() if _belongs(project)]
    strangers = [project for project in ecosystem.projects() if project not in members]
    gone, left, hidden, archived = members[:2], members[2:3], members[3:4], members[4:5]
    for project, change in zip(members[4:], cycle(("publish", "publish", "yank", "remove", "role"))):
        _change(ecosystem, project, change)
    for project in gone:
        ecosystem.remove_project(project.name)
    for project in left:
        ecosystem.publish(project.name, "9999.0", info={"classifiers": []})
    for project in hidden:
        ecosystem.quarantine(project.name)
    for project in archived:
        ecosystem.archive(project.name)
    for project in strangers[:2]:
        ecosystem.publish(project.name, "9999.0", info={"classifiers": [CLASSIFIER]})
    ecosystem.publish("napari-born-yesterday", "1.0", info={"classifiers": [CLASSIFIER]})
    return Happened(
        leaving=[project.normalized_name for project in (*gone, *left)],
        arriving=["napari-born-yesterday", *(project.normalized_name for project in strangers[:2])],
        hidden=[project.normalized_name for project in hidden],
    )


def _change(ecosystem: Ecosystem, project: Project, change: str) -> None:
    assert project.newest is not None
    newest = project.newest.version
    match change:
        case "yank":
            ecosystem.yank(project.name, newest, "broken")
        case "remove" if len(project.releases) > 1:
            ecosystem.remove_release(project.name, newest)
        case "role":
            ecosystem.add_role(project.name, "somebody-new")
        case _:
            ecosystem.publish(project.name, "9999.0")
            ecosystem.publish(project.name, "9999.1")


def _belongs(project: Project) -> bool:
    newest = project.newest
    return newest is not None and CLASSIFIER in (project.info_of(newest)["classifiers"] or ())
