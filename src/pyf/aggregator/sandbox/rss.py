"""The registry's two RSS feeds, which contain neither removals nor yanks, and only the newest entries."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import format_datetime, getaddresses
from heapq import nlargest
from html import escape
from operator import attrgetter
from typing import NamedTuple

from .project import Json, Project
from .release_metadata import SITE_URL

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
