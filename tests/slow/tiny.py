"""A registry of a handful of projects and an index of it in this process: so quick that every step can be tried."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.sqlite import SqliteIndex
from pyf.aggregator.adapters.index.sqlite_admin import SqliteAdmin
from pyf.aggregator.adapters.rendering_inline import InlineRenderer
from pyf.aggregator.adapters.sqlite_caches import SqliteRenderCache, SqliteVerdictStore
from pyf.aggregator.bootstrap import open_services
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.services import LocalPyPI
from pyf.aggregator.usecases.report import Report
from shell import Shell
from slow.user import user
from worlds import Clock, Json, World, quick

# No classifier of this name was ever published, so that it is the only one that is asked for; of the one below it
# only documents tell.
CLASSIFIER = "Framework :: Tiny"
NEWER = f"{CLASSIFIER} :: 9.0"
TINY = Filter(classifiers=(CLASSIFIER,))
FILE = "index.sqlite3"

# The uses that fill a collection or bring it up to date, by the name of the method of a `World`.
USES = ("fetch", "changes", "refresh", "recreate")


def tiny_ecosystem(clock: Clock) -> Ecosystem:
    """Return projects that belong, of which one shows the newer classifier and one has no other, and a stranger."""
    classifiers = {
        "tiny.one": [CLASSIFIER, NEWER],
        "tiny.two": [CLASSIFIER],
        "tiny.three": [CLASSIFIER],
        "tiny.four": [CLASSIFIER],
        "tiny.five": [CLASSIFIER],
        "tiny.six": [NEWER],
        "stranger": [],
    }
    ecosystem = Ecosystem(clock=clock)
    for name, carried in classifiers.items():
        readme = {"description": f"# {name}\n\nIt is tiny.", "description_content_type": "text/markdown"}
        for version in ("1.0", "1.1"):
            ecosystem.publish(name, version, info={"classifiers": carried, **readme})
    return ecosystem


def let_things_happen(ecosystem: Ecosystem) -> None:
    """Change most of the projects, each in a way of its own."""
    ecosystem.publish("tiny.one", "2.0", info={"description": "# tiny.one\n\nIt has grown."})
    ecosystem.yank("tiny.two", "1.1", "broken")
    ecosystem.remove_project("tiny.three")
    ecosystem.publish("tiny.four", "2.0", info={"classifiers": []})
    ecosystem.remove_release("tiny.five", "1.1")
    ecosystem.publish("tiny.seven", "1.0", info={"classifiers": [CLASSIFIER]})
    ecosystem.publish("stranger", "2.0", info={"classifiers": [CLASSIFIER]})


# Who leaves then, and who arrives, whom `refresh` does not look for: it only compares what is held.
LEAVING = ("tiny-three", "tiny-four")
ARRIVING = ("tiny-seven", "stranger")


def due(world: World, use: str) -> dict[str, Json]:
    """Return what the oracle says the index must hold after a run."""
    unseen = ARRIVING if use == "refresh" else ()
    return {id_: document for id_, document in world.due().items() if document["name_normalized"] not in unseen}


@contextmanager
def tiny_world(
    pypi: LocalPyPI,
    folder: Path,
    clock: Clock,
    *,
    opened: Callable[[Path], Database] = Database,
    **settings: Any,
) -> Iterator[World]:
    """Give a world on the file in `folder`; `opened` opens that file, so that a test may have a say in it."""
    database = opened(folder / FILE)
    # One document a batch: every project is a transaction of its own.
    with open_services(quick(pypi, folder, **{"pypi_batch_size": 1, **settings})) as services:
        try:
            services = replace(
                services,
                index=SqliteIndex(database),
                admin=SqliteAdmin(database),
                verdicts=SqliteVerdictStore(database),
                renderer=InlineRenderer(SqliteRenderCache(database)),
                now=clock,
            )
            yield World(pypi.ecosystem, pypi, services, clock, TINY, "tiny")
        finally:
            database.close()


def run(world: World, use: str) -> Report:
    """Run one of `USES`, a refresh with all that it can do, and return the report."""
    uses: dict[str, Callable[[], Report]] = {
        "fetch": world.fetch,
        "changes": world.changes,
        "refresh": lambda: world.refresh(sweep_all=True),
        "recreate": world.recreate,
    }
    return uses[use]()


def tiny_user(folder: Path, pypi: LocalPyPI, **settings: Any) -> Shell:
    """Return a user whose only profile is that of the tiny projects."""
    return user(folder, pypi, profile="tiny", classifier=CLASSIFIER, **settings)
