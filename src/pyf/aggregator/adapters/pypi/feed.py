"""PyPI's RSS feeds of new projects and releases; unreadable items are skipped."""

import re
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import unquote, urlsplit
from xml.parsers import expat

from ...domain.documents.project import normalize_name
from ...domain.timestamps import parse_email_date
from ...ports import FeedEntry
from ..http.readers import BodyReader, BufferedReader
from ..http.retry import Transient
from ..http.service_client import MEBIBYTE, CachedResponse, Request, ServiceClient
from .xml_text import repair_xml

# Links are parsed, not titles: a name in a title may contain what looks like a version.
_PROJECT_PATH = re.compile(r"/project/(?P<name>[^/]+)/(?:(?P<version>[^/]+)/?)?")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_ITEM = re.compile(r"<item(?=[\s>/])")
_ENCODING = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_MAX_DEPTH = 32
_MAX_BYTES = 4 * MEBIBYTE


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
        request = Request(url=f"{self._base_url}/rss/{feed}", max_bytes=_MAX_BYTES, must_exist=True)
        cached = self._cached[feed] = self._service.get_if_modified(request, _make_feed_reader, self._cached.get(feed))
        return sorted(cached.value, key=lambda entry: -entry.published)


def _make_feed_reader() -> BodyReader[list[FeedEntry]]:
    return BufferedReader(_parse_feed)


def _parse_feed(body: bytes) -> list[FeedEntry]:
    """Return the entries of a feed.

    Items are parsed one by one: authors write their texts, and an XML parser rejects all items for one bad character.
    """
    parts = _ITEM.split(_decode(body))
    head, *items = parts
    if "<rss" not in head or "<!DOCTYPE" in head or "</rss>" not in parts[-1]:
        raise Transient("the response is not a complete RSS feed")
    entries = [entry for item in items if (entry := _parse_item(item)) is not None]
    if items and not entries:
        raise Transient("the response is not a feed of projects")
    return entries


def _decode(body: bytes) -> str:
    declared = _ENCODING.match(body)
    try:
        return body.decode(declared[1].decode() if declared else "utf-8", "replace")
    except (LookupError, ValueError) as error:
        raise Transient(f"the response is not a feed ({error})") from error


def _parse_item(item: str) -> FeedEntry | None:
    """Return the entry of the text after `<item`, None if it names no project."""
    values = _ItemParser().parse(f"<item{item}")
    page = _PROJECT_PATH.fullmatch(_get_path(values.get("link", "").strip()))
    if page is None or not _NAME.fullmatch(name := unquote(page["name"])):
        return None
    version = unquote(page["version"] or "").strip()
    published = int(parse_email_date(values.get("pubDate", "")) or 0)
    return FeedEntry(name=normalize_name(name), version=version, published=published)


class _ItemParser:
    """Parser of one item, which keeps the texts of its children and needs no memory for deeper elements."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start_element
        self._parser.EndElementHandler = self._end_element
        self._parser.CharacterDataHandler = self._add_text
        self._depth = 0
        self._text: list[str] = []
        self._values: dict[str, str] = {}

    def parse(self, item: str) -> dict[str, str]:
        """Return the texts of an item's children by tag; after an error, of those before it."""
        # Text after the item, such as the end of the feed, is an error as well.
        with suppress(expat.ExpatError):
            self._parser.Parse(repair_xml(item), True)
        return self._values

    def _start_element(self, tag: str, _: object) -> None:
        self._depth += 1
        self._text.clear()
        if self._depth > _MAX_DEPTH:
            raise expat.ExpatError(f"elements are nested deeper than {_MAX_DEPTH}")

    def _end_element(self, tag: str) -> None:
        if self._depth == 2:
            self._values.setdefault(tag, "".join(self._text))
        self._depth -= 1

    def _add_text(self, text: str) -> None:
        if self._depth == 2:
            self._text.append(text)


def _get_path(link: str) -> str:
    try:
        return urlsplit(link).path
    except ValueError:
        return ""
