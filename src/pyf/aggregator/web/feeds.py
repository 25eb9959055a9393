"""Atom feeds (RFC 4287), written so that whatever a package says of itself stays text.

Feeds of what is new: projects that came to a collection, and releases, narrowed by the parameters of a search.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID, uuid5
from xml.etree.ElementTree import Element, SubElement, tostring

from litestar import Request, Response, Router, get
from litestar.di import Provide
from litestar.params import FromPath
from msgspec import Struct, to_builtins

from ..domain.errors import NotFound
from ..domain.search import SearchQuery
from ..usecases.read.search import list_new_packages, list_recently_updated
from .api import parameters
from .site import InjectedSite
from .urls import get_base_url, project_url

MEDIA_TYPE = "application/atom+xml"

_XML_NAMESPACE = "http://www.w3.org/2005/Atom"

# What the identifiers of feeds and entries are made from, so that they stay whatever address the site has.
_ID_NAMESPACE = UUID("5e2b1c0e-6c07-4c5d-9d7c-2f6d3b8f4a11")

# XML has no way to write these, not even escaped.
_INVALID_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class AtomEntry(Struct, frozen=True, kw_only=True):
    """One entry; `key` is what it is the same entry by, `updated` in Unix seconds."""

    key: str
    title: str
    summary: str
    url: str
    updated: int


def render_feed(*, key: str, title: str, url: str, page_url: str, entries: Sequence[AtomEntry]) -> bytes:
    """Return a feed that is at `address` and tells of what is on `page`; an empty one is as old as time."""
    root = Element("feed", xmlns=_XML_NAMESPACE)
    _add_text(root, "id", _to_urn(key))
    _add_text(root, "title", title)
    _add_text(root, "updated", _format_time(max((entry.updated for entry in entries), default=0)))
    SubElement(root, "link", rel="self", type=MEDIA_TYPE, href=_to_xml_text(url))
    SubElement(root, "link", rel="alternate", type="text/html", href=_to_xml_text(page_url))
    _add_text(SubElement(root, "author"), "name", "pyf.aggregator")
    for entry in entries:
        element = SubElement(root, "entry")
        _add_text(element, "id", _to_urn(entry.key))
        _add_text(element, "title", entry.title)
        _add_text(element, "updated", _format_time(entry.updated))
        SubElement(element, "link", rel="alternate", type="text/html", href=_to_xml_text(entry.url))
        _add_text(element, "summary", entry.summary)
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _add_text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _to_xml_text(text)


def _to_xml_text(text: str) -> str:
    return _INVALID_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _to_urn(key: str) -> str:
    return uuid5(_ID_NAMESPACE, _to_xml_text(key)).urn


def _format_time(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%dT%H:%M:%SZ}"


# Entries of a feed, and seconds within which asking again is of no use.
MAX_ENTRIES = 50
_MAX_AGE = 300

# Every parameter of a search but those that feeds decide themselves.
FEED_PARAMS = parameters.SEARCH_PARAMS - {"sort", "page", "per_page"}


def feed_path(collection: str, kind: str, query: SearchQuery = SearchQuery()) -> str:
    """Return where the feed of what a question finds is; `kind` is `new` or `updated`."""
    params = to_builtins(query)
    pairs = [(name, params[name]) for name in SearchQuery.__struct_fields__ if name in FEED_PARAMS and params[name]]
    query_string = urlencode(pairs, doseq=True)
    return f"/feeds/{quote(collection, safe='')}/{kind}.atom{'?' if query_string else ''}{query_string}"


@get(
    "/feeds/{profile:str}/{kind:str}",
    sync_to_thread=True,
    dependencies={"narrowed": Provide(parameters.build_search_query, sync_to_thread=False)},
)
def show_feed(
    request: Request[Any, Any, Any],
    site: InjectedSite,
    key: FromPath[str],
    kind: FromPath[str],
    search_query: parameters.InjectedSearchQuery,
) -> Response[bytes]:
    """Return the feed of new projects (`new.atom`) or of releases (`updated.atom`)."""
    parameters.reject_unknown_params(request, FEED_PARAMS)
    collection = site.get_collection(key)
    base_url = get_base_url(request, site)
    match kind:
        case "new.atom":
            title = f"New packages: {collection.title}"
            packages = list_new_packages(site.deps, collection.target, search_query, limit=MAX_ENTRIES)
            entries = [
                AtomEntry(
                    key=f"project {collection.key} {package.hit.name_normalized}",
                    title=package.hit.name,
                    summary=package.hit.summary,
                    url=project_url(base_url, collection.key, package.hit.name_normalized),
                    updated=package.first_uploaded,
                )
                for package in packages
            ]
        case "updated.atom":
            title = f"Releases: {collection.title}"
            entries = [
                AtomEntry(
                    key=f"release {collection.key} {hit.name_normalized} {hit.version}",
                    title=f"{hit.name} {hit.version}",
                    summary=hit.summary,
                    url=project_url(base_url, collection.key, hit.name_normalized),
                    updated=hit.uploaded,
                )
                for hit in list_recently_updated(site.deps, collection.target, search_query, limit=MAX_ENTRIES)
            ]
        case _:
            raise NotFound("there are new.atom and updated.atom")
    path = feed_path(collection.key, kind.removesuffix(".atom"), search_query)
    body = render_feed(
        key=f"feed {path}",
        title=f"{title}, {search_query.text}" if search_query.text else title,
        url=f"{base_url}{path}",
        page_url=f"{base_url}/in/{quote(collection.key, safe='')}",
        entries=entries,
    )
    return Response(body, media_type=MEDIA_TYPE, headers={"cache-control": f"public, max-age={_MAX_AGE}"})


feeds = Router("/", route_handlers=[show_feed], include_in_schema=False)
