"""A thread that reads a collection all the time and records incomplete states."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.domain.errors import AggregatorError

Releases = dict[str, int]

# Seconds between two passes: the commands under test need CPU time, too.
READ_INTERVAL = 0.03


class ReaderThread:
    """Reads a collection in every way until the context ends.

    `complete` are the allowed states: the number of releases by normalized name. `problems` lists other states and
    errors; `read_count` counts the finished passes.
    """

    def __init__(self, path: Path, alias: str, complete: Sequence[Releases]) -> None:
        self.read_count = 0
        self.problems: list[str] = []
        self._alias = alias
        self._complete_states = complete
        self._permanent_names = sorted(set.intersection(*map(set, complete)))
        self._database = Database(path)
        self._index = SqliteIndex(self._database)
        self._stop = Event()
        self._thread = Thread(target=self._read_loop, name="reader")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._database.close()

    def _read_loop(self) -> None:
        while not (self._stop.is_set() or self.problems):
            try:
                self._read_once()
            except AggregatorError as error:
                self.problems.append(f"pass {self.read_count} failed: {error}")
            self.read_count += 1
            self._stop.wait(READ_INTERVAL)

    def _read_once(self) -> None:
        listed_releases = {
            holding.name_normalized: holding.release_count for holding in self._index.iter_project_states(self._alias)
        }
        if listed_releases not in self._complete_states:
            self._record_problem(
                "the listing", min((c.items() - listed_releases.items() for c in self._complete_states), key=len)
            )
        name = self._permanent_names[self.read_count % len(self._permanent_names)]
        release_count = len(self._index.get_project_documents(self._alias, name))
        if not self._is_known(name, release_count):
            self._record_problem(name, release_count)
        # An export takes several transactions, in between which a rebuild may go live: each project is of one of both.
        exported = Counter(document.registry.name_normalized for document in self._index.export(self._alias))
        unexpected = [item for item in exported.items() if not self._is_known(*item)]
        missing = [name for name in self._permanent_names if name not in exported]
        if unexpected or missing:
            self._record_problem("the export", (unexpected, missing))

    def _is_known(self, name: str, releases: int) -> bool:
        return any(projects.get(name) == releases for projects in self._complete_states)

    def _record_problem(self, source: str, detail: object) -> None:
        self.problems.append(f"pass {self.read_count}: {source}: {detail}")
