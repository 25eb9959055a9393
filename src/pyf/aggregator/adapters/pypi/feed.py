"""PyPI's RSS feeds of new projects and releases; unreadable items are skipped."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from ...domain.documents.project import normalize_name
from ...ports import FeedEntry
from ..http.readers import BodyReader, BufferedReader
from ..http.retry import Transient
from ..http.service_client import CachedResponse, Request, ServiceClient
from ..timestamps import parse_email_date

# Links are parsed, not titles: a name in a title may contain what looks like a version.
_PROJECT_PATH = re.compile(r"/project/(?P<name>[^/]+)/(?:(?P<version>[^/]+)/?)?")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


class PyPIFeed:
    """The port `ReleaseFeed` on PyPI: the newest 40 projects and 100 releases, about half an hour's worth.

    Conditional requests avoid downloading an unchanged feed.
    """

    def __init__(self, service: ServiceClient, base_url: str) -> None:
        self._service = service
        self._base_url = base_url.rstrip("/")
        self._cached: dict[str, CachedResponse[list[FeedEntry]]] = {}

    def fetch_newest_projects(self) -> Sequence[FeedEntry]:
        entries = self._fetch_entries("packages.xml")
        return [FeedEntry(name=entry.name, version="", published=entry.published) for entry in entries]

    def fetch_newest_releases(self) -> Sequence[FeedEntry]:
        return [entry for entry in self._fetch_entries("updates.xml") if entry.version]

    def _fetch_entries(self, feed: str) -> list[FeedEntry]:
        request = Request(url=f"{self._base_url}/rss/{feed}", must_exist=True)
        cached = self._cached[feed] = self._service.get_if_modified(request, _make_feed_reader, self._cached.get(feed))
        return sorted(cached.value, key=lambda entry: -entry.published)


class _SafeTreeBuilder(TreeBuilder):
    """Tree builder that rejects a document type, whose entities can expand to gigabytes."""

    def doctype(self, *declaration: object) -> None:
        raise Transient("the response declares a document type, which a feed never does")


def _make_feed_reader() -> BodyReader[list[FeedEntry]]:
    return BufferedReader(_parse_feed)


def _parse_feed(body: bytes) -> list[FeedEntry]:
    try:
        parser = XMLParser(target=_SafeTreeBuilder())  # noqa: S314 - see _SafeTreeBuilder
        parser.feed(body)
        root = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        raise Transient(f"the response is not a feed ({error})") from error
    items = root.findall("channel/item")
    entries = list(_parse_items(items))
    if root.tag != "rss" or (items and not entries):
        raise Transient("the response is not a feed of projects")
    return entries


def _parse_items(items: list[Element]) -> Iterator[FeedEntry]:
    for item in items:
        page = _PROJECT_PATH.fullmatch(_get_path(item.findtext("link", "").strip()))
        if page is None or not _NAME.fullmatch(name := unquote(page["name"])):
            continue
        version = unquote(page["version"] or "").strip()
        published = int(parse_email_date(item.findtext("pubDate", "")) or 0)
        yield FeedEntry(name=normalize_name(name), version=version, published=published)


def _get_path(link: str) -> str:
    try:
        return urlsplit(link).path
    except ValueError:
        return ""
