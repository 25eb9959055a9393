"""The changelog of the fake registry and its two RSS feeds.

The changelog includes changes of filler projects and from before its start. The feeds contain neither removals nor
yanks, and only the newest entries.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime, getaddresses
from heapq import nlargest
from html import escape
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from .project import SITE_URL, Json, Project

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


MAX_RELEASES = 100
MAX_PROJECTS = 40

# XML 1.0 can't represent these characters, but a summary may contain them.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class _Item(NamedTuple):
    title: str
    link: str
    info: Json
    published: float
    is_guid: bool


def build_updates_feed(projects: Iterable[Project]) -> bytes:
    """Return `/rss/updates.xml`: the newest releases, newest first."""
    # Releases of all other projects are older.
    active_projects = _select_latest(projects, MAX_RELEASES, attrgetter("last_released_at"))
    newest_releases = nlargest(
        MAX_RELEASES,
        (
            (release.created, project.name, release.version, project, release)
            for project in active_projects
            for release in project.releases.values()
            if release.created
        ),
        key=lambda entry: entry[:3],
    )
    items = [
        _Item(
            f"{name} {version}", f"{_build_project_url(project)}{version}/", project.build_info(release), created, False
        )
        for created, name, version, project, release in newest_releases
    ]
    return _render_feed("PyPI recent updates", "Recent updates to the Python Package Index", items)


def build_packages_feed(projects: Iterable[Project]) -> bytes:
    """Return `/rss/packages.xml`: the newest projects, newest first, without their versions."""
    candidates = (p for p in _select_latest(projects, MAX_PROJECTS, attrgetter("created")) if p.created)
    newest_projects = nlargest(MAX_PROJECTS, candidates, key=lambda p: (p.created, p.name))
    items = []
    for project in newest_projects:
        info = project.build_info(project.newest) if project.newest else dict(project.info)
        items.append(_Item(f"{project.name} added to PyPI", _build_project_url(project), info, project.created, True))
    return _render_feed("PyPI newest packages", "Newest packages registered at the Python Package Index", items)


def _select_latest(projects: Iterable[Project], count: int, get_time: Callable[[Project], float]) -> list[Project]:
    """Return the latest projects, and those as late as the last of them; four times faster than sorting all."""
    project_list = list(projects)
    times = list(map(get_time, project_list))
    first = min(nlargest(count, times), default=0.0)
    return [project for project, project_time in zip(project_list, times, strict=True) if project_time >= first]


def _build_project_url(project: Project) -> str:
    return f"{SITE_URL}/project/{project.normalized_name}/"


def _render_feed(title: str, description: str, items: Iterable[_Item]) -> bytes:
    head = (
        f"<title>{title}</title><link>{SITE_URL}/</link><description>{description}</description><language>en</language>"
    )
    body = "\n".join(_render_item(item) for item in items)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>{head}\n{body}\n</channel></rss>\n'
    return _NOT_XML.sub("", text).encode()


def _render_item(item: _Item) -> str:
    guid = f"<guid>{escape(item.link)}</guid>" if item.is_guid else ""
    author = _format_author(item.info.get("author_email") or "")
    published = format_datetime(datetime.fromtimestamp(item.published, UTC), usegmt=True)
    return (
        f"<item><title>{escape(item.title)}</title><link>{escape(item.link)}</link>{guid}"
        f"<description>{escape(item.info.get('summary') or '')}</description>"
        f"{f'<author>{escape(author)}</author>' if author else ''}<pubDate>{published}</pubDate></item>"
    )


def _format_author(author_email: str) -> str:
    """Return the plain e-mail addresses; nothing if one of them is invalid."""
    addresses = [address for _, address in getaddresses([author_email])]
    return ", ".join(addresses) if all("@" in address for address in addresses) else ""
