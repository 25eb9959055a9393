"""The registry's journal: what changed, numbered by serial, with room for the changes of everyone else."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

PAGE_SIZE = 50_000


class Row(NamedTuple):
    """One change as `changelog_since_serial` tells it; `version` is None for a change of the project itself."""

    name: str
    version: str | None
    timestamp: int
    action: str
    serial: int


class _Strangers(NamedTuple):
    """A run of changes in projects that the sample does not hold; its rows are made when somebody reads them."""

    first: int
    last: int
    timestamp: int

    def rows(self, after: int) -> Iterator[Row]:
        for serial in range(max(self.first, after + 1), self.last + 1):
            yield Row(f"stranger-{serial % 9973}", f"1.{serial}", self.timestamp, "new release", serial)


class Journal:
    """All changes, oldest first. Not thread-safe: its owner locks."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        known = sorted(rows, key=lambda row: row.serial)
        self._entries: list[Row | _Strangers] = list(known)
        self._ends = [row.serial for row in known]

    @property
    def last_serial(self) -> int:
        """The serial of the newest change, 0 where there is none."""
        return self._ends[-1] if self._ends else 0

    def append(self, name: str, version: str | None, timestamp: float, action: str) -> int:
        """Record one change and return its serial."""
        serial = self.last_serial + 1
        self._entries.append(Row(name, version, int(timestamp), action, serial))
        self._ends.append(serial)
        return serial

    def append_strangers(self, count: int, timestamp: float) -> None:
        """Record changes of other projects; the cost does not depend on how many."""
        if count < 1:
            raise ValueError("there must be one change at least")
        first = self.last_serial + 1
        self._entries.append(_Strangers(first, first + count - 1, int(timestamp)))
        self._ends.append(first + count - 1)

    def since(self, serial: int, limit: int = PAGE_SIZE) -> list[Row]:
        """Return the oldest changes above `serial`, ascending, at most `limit` of them."""
        return list(islice(self._after(serial), limit))

    def _after(self, serial: int) -> Iterator[Row]:
        for entry in islice(self._entries, bisect_right(self._ends, serial), None):
            if isinstance(entry, Row):
                yield entry
            else:
                yield from entry.rows(serial)
