"""The registry's two feeds: fast news, no removals, no yanks, soon forgotten."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import format_datetime, getaddresses
from heapq import nlargest
from html import escape
from operator import attrgetter
from typing import NamedTuple

from .metadata import SITE
from .project import Json, Project

RELEASES_SHOWN = 100
PROJECTS_SHOWN = 40

# XML 1.0 has no way to write these; a summary may hold them all the same.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class _Item(NamedTuple):
    title: str
    link: str
    info: Json
    published: float
    is_guid: bool


def updates(projects: Iterable[Project]) -> bytes:
    """Return `/rss/updates.xml`: the newest releases, newest first."""
    # As many projects have so many releases: those of all others are older.
    lively = _latest(projects, RELEASES_SHOWN, attrgetter("last_release"))
    recent = nlargest(
        RELEASES_SHOWN,
        (
            (release.created, project.name, release.version, project, release)
            for project in lively
            for release in project.releases.values()
            if release.created
        ),
        key=lambda entry: entry[:3],
    )
    items = [
        _Item(f"{name} {version}", f"{_page(project)}{version}/", project.info_of(release), created, False)
        for created, name, version, project, release in recent
    ]
    return _feed("PyPI recent updates", "Recent updates to the Python Package Index", items)


def packages(projects: Iterable[Project]) -> bytes:
    """Return `/rss/packages.xml`: the newest projects, newest first, without their versions."""
    candidates = (p for p in _latest(projects, PROJECTS_SHOWN, attrgetter("created")) if p.created)
    recent = nlargest(PROJECTS_SHOWN, candidates, key=lambda p: (p.created, p.name))
    items = []
    for project in recent:
        info = project.info_of(project.newest) if project.newest else dict(project.info)
        items.append(_Item(f"{project.name} added to PyPI", _page(project), info, project.created, True))
    return _feed("PyPI newest packages", "Newest packages registered at the Python Package Index", items)


def _latest(projects: Iterable[Project], count: int, moment: Callable[[Project], float]) -> list[Project]:
    """Return the latest of many projects, and those that are as late as the last of them: in a quarter of the time."""
    known = list(projects)
    moments = list(map(moment, known))
    first = min(nlargest(count, moments), default=0.0)
    return [project for project, its in zip(known, moments, strict=True) if its >= first]


def _page(project: Project) -> str:
    return f"{SITE}/project/{project.normalized_name}/"


def _feed(title: str, description: str, items: Iterable[_Item]) -> bytes:
    head = f"<title>{title}</title><link>{SITE}/</link><description>{description}</description><language>en</language>"
    body = "\n".join(_item(item) for item in items)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>{head}\n{body}\n</channel></rss>\n'
    return _NOT_XML.sub("", text).encode()


def _item(item: _Item) -> str:
    guid = f"<guid>{escape(item.link)}</guid>" if item.is_guid else ""
    author = _author(item.info.get("author_email") or "")
    published = format_datetime(datetime.fromtimestamp(item.published, UTC), usegmt=True)
    return (
        f"<item><title>{escape(item.title)}</title><link>{escape(item.link)}</link>{guid}"
        f"<description>{escape(item.info.get('summary') or '')}</description>"
        f"{f'<author>{escape(author)}</author>' if author else ''}<pubDate>{published}</pubDate></item>"
    )


def _author(author_email: str) -> str:
    """Return the plain addresses; nothing at all if one of them is none."""
    addresses = [address for _, address in getaddresses([author_email])]
    return ", ".join(addresses) if all("@" in address for address in addresses) else ""
