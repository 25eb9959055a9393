"""The changelog of the fake registry, including changes of filler projects and from before its start."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from .project import Project

PAGE_SIZE = 50_000


class ChangelogRow(NamedTuple):
    """One change as `changelog_since_serial` returns it; `version` is None for a change of the project itself."""

    name: str
    version: str | None
    timestamp: int
    action: str
    serial: int


class _FillerChanges(NamedTuple):
    """A range of changes in filler projects; its rows are built when they are read."""

    first: int
    last: int
    timestamp: int

    def iter_rows(self, after: int) -> Iterator[ChangelogRow]:
        for serial in range(max(self.first, after + 1), self.last + 1):
            yield ChangelogRow(f"stranger-{serial % 9973}", f"1.{serial}", self.timestamp, "new release", serial)


class Changelog:
    """All changes, oldest first; not thread-safe, the owner locks it."""

    def __init__(self, rows: Iterable[ChangelogRow] = ()) -> None:
        sorted_rows = sorted(rows, key=lambda row: row.serial)
        self._entries: list[ChangelogRow | _FillerChanges] = list(sorted_rows)
        self._last_serials = [row.serial for row in sorted_rows]

    @property
    def last_serial(self) -> int:
        """The serial of the newest change, 0 without changes."""
        return self._last_serials[-1] if self._last_serials else 0

    def append(self, name: str, version: str | None, timestamp: float, action: str) -> int:
        """Record one change and return its serial."""
        serial = self.last_serial + 1
        self._entries.append(ChangelogRow(name, version, int(timestamp), action, serial))
        self._last_serials.append(serial)
        return serial

    def append_filler(self, count: int, timestamp: float) -> None:
        """Record changes of filler projects, in constant time."""
        if count < 1:
            raise ValueError("there must be one change at least")
        first = self.last_serial + 1
        self._entries.append(_FillerChanges(first, first + count - 1, int(timestamp)))
        self._last_serials.append(first + count - 1)

    def get_since(self, serial: int, limit: int = PAGE_SIZE) -> list[ChangelogRow]:
        """Return the oldest changes above `serial`, ascending, at most `limit` of them."""
        return list(islice(self._iter_after(serial), limit))

    def _iter_after(self, serial: int) -> Iterator[ChangelogRow]:
        for entry in islice(self._entries, bisect_right(self._last_serials, serial), None):
            if isinstance(entry, ChangelogRow):
                yield entry
            else:
                yield from entry.iter_rows(serial)


def assign_serials(projects: list[Project]) -> list[Project]:
    """Assign serials above all others to projects without one, in the order of their last release."""
    highest = max((project.last_serial for project in projects), default=0)
    without_serial = sorted(
        (p for p in projects if not p.last_serial), key=lambda p: (_get_last_release_time(p), p.name)
    )
    renumbered = {id(p): replace(p, last_serial=highest + n) for n, p in enumerate(without_serial, start=1)}
    return [renumbered.get(id(project), project) for project in projects]


def build_past_change(project: Project) -> ChangelogRow:
    """Build the change that gave the project its serial."""
    serial, timestamp = project.last_serial, int(_get_last_release_time(project))
    if project.status == "quarantined":
        return ChangelogRow(project.name, None, timestamp, "project quarantined", serial)
    latest = max(project.releases.values(), key=lambda release: release.created, default=None)
    if latest is None:
        return ChangelogRow(project.name, None, timestamp, "create", serial)
    return ChangelogRow(project.name, latest.version, timestamp, "new release", serial)


def _get_last_release_time(project: Project) -> float:
    return max((release.created for release in project.releases.values()), default=0.0)
