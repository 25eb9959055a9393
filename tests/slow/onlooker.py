"""Somebody who reads through an alias all the time, and notes whatever is not complete."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.sqlite import SqliteIndex
from pyf.aggregator.domain.errors import AggregatorError

Releases = dict[str, int]

# Seconds between two looks: what is looked at shares the machine with the one who looks.
PAUSE = 0.03


class Onlooker:
    """Reads a collection in every way, for as long as the context lasts.

    `complete` are the collections that may be seen, one before the other: how many releases there are of each project
    (normalised name). What else is seen, or fails, ends up in `complaints`; `looks` counts how often all was read.
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
        listed = {holding.name_normalized: holding.releases for holding in self._index.holdings(self._alias)}
        if listed not in self._complete:
            self._complain("the listing", min((c.items() - listed.items() for c in self._complete), key=len))
        name = self._lasting[self.looks % len(self._lasting)]
        found = len(self._index.documents(self._alias, name))
        if not self._is_known(name, found):
            self._complain(name, found)
        # An export takes several transactions, in between which a rebuild may go live: each project is of one of both.
        exported = Counter(document.registry.name_normalized for document in self._index.export(self._alias))
        strange = [item for item in exported.items() if not self._is_known(*item)]
        missing = [name for name in self._lasting if name not in exported]
        if strange or missing:
            self._complain("the export", (strange, missing))

    def _is_known(self, name: str, releases: int) -> bool:
        return any(projects.get(name) == releases for projects in self._complete)

    def _complain(self, what: str, about: object) -> None:
        self.complaints.append(f"look {self.looks}: {what}: {about}")
