"""PyPI's feeds of news, of which an item that makes no sense must not hide the others."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from ...domain.project import normalized
from ...ports import FeedEntry
from ..body import Reader, Whole
from ..retry import Transient
from ..service import Held, Request, Service

# Titles hold the same, but in the project's own spelling, and a name may hold what looks like a version.
_PAGE = re.compile(r"/project/(?P<name>[^/]+)/(?:(?P<version>[^/]+)/?)?")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


class PyPIFeed:
    """The `ReleaseFeed` of PyPI: 40 projects, 100 releases, which it publishes in half an hour.

    A feed that has not changed since it was last asked for is not sent again.
    """

    def __init__(self, service: Service, base_url: str) -> None:
        self._service = service
        self._base_url = base_url.rstrip("/")
        self._held: dict[str, Held[list[FeedEntry]]] = {}

    def newest_projects(self) -> Sequence[FeedEntry]:
        entries = self._entries("packages.xml")
        return [FeedEntry(name=entry.name, version="", published=entry.published) for entry in entries]

    def newest_releases(self) -> Sequence[FeedEntry]:
        return [entry for entry in self._entries("updates.xml") if entry.version]

    def _entries(self, feed: str) -> list[FeedEntry]:
        request = Request(url=f"{self._base_url}/rss/{feed}", always_there=True)
        held = self._held[feed] = self._service.renew(request, _feed_reader, self._held.get(feed))
        return sorted(held.value, key=lambda entry: -entry.published)


class _Plain(TreeBuilder):
    """Builds a tree of a document without a document type: its entities could expand to gigabytes."""

    def doctype(self, *declaration: object) -> None:
        raise Transient("the answer declares a document type, which a feed does not")


def _feed_reader() -> Reader[list[FeedEntry]]:
    return Whole(_decode)


def _decode(body: bytes) -> list[FeedEntry]:
    try:
        parser = XMLParser(target=_Plain())  # noqa: S314 - see _Plain
        parser.feed(body)
        root = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        raise Transient(f"the answer is not a feed ({error})") from error
    items = root.findall("channel/item")
    entries = list(_usable(items))
    if root.tag != "rss" or (items and not entries):
        raise Transient("the answer is not a feed of projects")
    return entries


def _usable(items: list[Element]) -> Iterator[FeedEntry]:
    for item in items:
        page = _PAGE.fullmatch(_path(item.findtext("link", "").strip()))
        if page is None or not _NAME.fullmatch(name := unquote(page["name"])):
            continue
        version = unquote(page["version"] or "").strip()
        yield FeedEntry(name=normalized(name), version=version, published=_moment(item.findtext("pubDate", "")))


def _path(link: str) -> str:
    try:
        return urlsplit(link).path
    except ValueError:
        return ""


def _moment(date: str) -> int:
    """Return Unix seconds of a date in the form of e-mail, UTC where it does not say; 0 for what is none."""
    try:
        moment = parsedate_to_datetime(date)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return 0
