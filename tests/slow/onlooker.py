"""Somebody who reads through an alias all the time, and notes whatever is not complete."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.sqlite import SqliteIndex
from pyf.aggregator.domain.errors import AggregatorError, NotFound

Releases = dict[str, int]

# Seconds between two looks: what is looked at shares the machine with the one who looks.
PAUSE = 0.03


class Onlooker:
    """Reads a collection in every way, for as long as the context lasts.

    `complete` are the collections that may be seen: how many releases there are of each project (normalised name).
    What else is seen, or fails, ends up in `complaints`; `looks` counts how often everything was read.
    """

    def __init__(self, path: Path, alias: str, complete: Sequence[Releases]) -> None:
        self.looks = 0
        self.complaints: list[str] = []
        self._alias = alias
        self._complete = complete
        self._lasting = sorted(set.intersection(*map(set, complete)))
        self._database = Database(path)
        self._index = SqliteIndex(self._database)
        self._end = Event()
        self._thread = Thread(target=self._look_on, name="onlooker")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        self._database.close()

    def _look_on(self) -> None:
        while not (self._end.is_set() or self.complaints):
            try:
                self._look()
            except AggregatorError as error:
                self.complaints.append(f"look {self.looks} failed: {error}")
            self.looks += 1
            self._end.wait(PAUSE)

    def _look(self) -> None:
        self._judge("listing", {h.name_normalized: h.releases for h in self._index.holdings(self._alias)})
        name = self._lasting[self.looks % len(self._lasting)]
        found = len(self._index.documents(self._alias, name))
        if found not in {projects[name] for projects in self._complete}:
            self.complaints.append(f"look {self.looks}: {found} releases of {name}")
        try:
            self._judge("export", self._exported())
        except NotFound:
            # An export of several transactions stays with one collection, and says so when that is deleted meanwhile;
            # whoever tries again gets its successor.
            self._judge("export", self._exported())

    def _exported(self) -> Releases:
        return Counter(document.registry.name_normalized for document in self._index.export(self._alias))

    def _judge(self, what: str, seen: Releases) -> None:
        if seen not in self._complete:
            missing = [sorted(projects.items() - seen.items()) for projects in self._complete]
            self.complaints.append(f"look {self.looks}: the {what} lacks {min(missing, key=len)}")
