"""Atom feeds (RFC 4287) of new packages and of releases, filtered like a search."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid5
from xml.etree.ElementTree import Element, SubElement, tostring

from litestar import Request, Response, Router, get
from litestar.di import Provide
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from ..domain.documents.project import normalize_name
from ..domain.errors import NotFound
from ..domain.readiness import PackageReadiness, Readiness
from ..domain.text import join_last
from ..usecases.collections.public import PublicCollection
from ..usecases.read.package import list_published_releases
from ..usecases.read.readiness import evaluate_packages
from ..usecases.read.search import list_new_packages, list_recently_updated
from .api import parameters
from .problems import RequestRejected
from .site import InjectedSite, Site
from .urls import (
    FILTER_PARAMS,
    MAX_FEED_PACKAGES,
    build_feed_path,
    build_package_feed_path,
    build_project_path,
    build_readiness_path,
    build_request_url,
    build_start_path,
    get_base_url,
    strip_root_path,
)

MEDIA_TYPE = "application/atom+xml"
MAX_ENTRIES = 50

# Seconds.
_MAX_AGE = 300

_XML_NAMESPACE = "http://www.w3.org/2005/Atom"

# Ids of feeds and entries derive from it, so that they stay the same when the site's URL changes.
_ID_NAMESPACE = UUID("5e2b1c0e-6c07-4c5d-9d7c-2f6d3b8f4a11")

# XML 1.0 cannot contain these characters, not even escaped.
_INVALID_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class AtomEntry(Struct, frozen=True, kw_only=True):
    """One entry of a feed.

    Attributes:
        key: Identifies the entry; the same key gives the same id.
        updated: In Unix seconds.
    """

    key: str
    title: str
    summary: str
    url: str
    updated: int


class AtomFeed(Struct, frozen=True, kw_only=True):
    """A feed without its entries.

    Attributes:
        key: Identifies the feed; the same key gives the same id.
        url: URL of the feed itself.
        page_url: URL of the page that shows the same packages.
        updated: The time of an empty feed, in Unix seconds.
    """

    key: str
    title: str
    url: str
    page_url: str
    updated: int


def render_feed(feed: AtomFeed, entries: Sequence[AtomEntry]) -> bytes:
    """Return a feed as XML; entries without a time, such as releases without files, are left out."""
    dated_entries = [entry for entry in entries if entry.updated > 0]
    root = Element("feed", xmlns=_XML_NAMESPACE)
    _add_text(root, "id", _to_urn(feed.key))
    _add_text(root, "title", feed.title)
    _add_text(root, "updated", _format_time(max((entry.updated for entry in dated_entries), default=feed.updated)))
    SubElement(root, "link", rel="self", type=MEDIA_TYPE, href=_to_xml_text(feed.url))
    SubElement(root, "link", rel="alternate", type="text/html", href=_to_xml_text(feed.page_url))
    _add_text(SubElement(root, "author"), "name", "pyf.aggregator")
    for entry in dated_entries:
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


@get(
    "/feeds/{key:str}/{kind:str}",
    sync_to_thread=True,
    dependencies={"search_query": Provide(parameters.build_search_query, sync_to_thread=False)},
)
def show_feed(
    request: Request[Any, Any, Any],
    site: InjectedSite,
    key: FromPath[str],
    kind: FromPath[str],
    search_query: parameters.InjectedSearchQuery,
) -> Response[bytes]:
    """Return the feed of new packages (`new.atom`) or of releases (`updated.atom`)."""
    parameters.reject_unknown_params(request, FILTER_PARAMS)
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
                    url=base_url + build_project_path(collection.key, package.hit.name_normalized),
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
                    url=base_url + build_project_path(collection.key, hit.name_normalized),
                    updated=hit.uploaded,
                )
                for hit in list_recently_updated(site.deps, collection.target, search_query, limit=MAX_ENTRIES)
            ]
        case _:
            raise NotFound("unknown feed; use new.atom or updated.atom")
    path = build_feed_path(collection.key, kind.removesuffix(".atom"), search_query)
    return _respond(
        AtomFeed(
            key=f"feed {strip_root_path(path)}",
            title=f"{title}, {search_query.text}" if search_query.text else title,
            url=base_url + path,
            page_url=base_url + build_start_path(collection.key),
            updated=int(site.deps.now()),
        ),
        entries,
    )


@get("/feeds/{key:str}/project/{file:str}", sync_to_thread=True)
def show_package_feed(
    request: Request[Any, Any, Any], site: InjectedSite, key: FromPath[str], file: FromPath[str]
) -> Response[bytes]:
    """Return the feed of the releases of a package (`NAME.atom`), in any spelling of its name."""
    parameters.reject_unknown_params(request, ())
    if not file.endswith(".atom"):
        raise NotFound("unknown feed; use NAME.atom")
    collection, name = site.get_collection(key), normalize_name(file.removesuffix(".atom"))
    entries = _list_release_entries(request, site, collection, [name])
    return _respond(
        AtomFeed(
            key=f"feed {strip_root_path(build_package_feed_path(collection.key, name))}",
            title=f"Releases: {entries[0].title.rpartition(' ')[0] if entries else name}",
            url=get_base_url(request, site) + build_package_feed_path(collection.key, name),
            page_url=get_base_url(request, site) + build_project_path(collection.key, name),
            updated=int(site.deps.now()),
        ),
        entries,
    )


@get("/feeds/{key:str}/packages.atom", sync_to_thread=True)
def show_packages_feed(request: Request[Any, Any, Any], site: InjectedSite, key: FromPath[str]) -> Response[bytes]:
    """Return the feed of the releases of a list of packages; the collection may lack some of them.

    With a release of the framework or of Python, it also says which of them became ready for that.
    """
    parameters.reject_unknown_params(request, ("package", "name", "to", "python"))
    # Feeds of version 0.2.0 have the parameter `name`.
    requested_names = [*request.query_params.getall("package", []), *request.query_params.getall("name", [])]
    if not requested_names:
        raise RequestRejected(HTTPStatus.BAD_REQUEST, "Name the packages: ?package=a&package=b")
    if len(requested_names) > MAX_FEED_PACKAGES:
        raise RequestRejected(HTTPStatus.BAD_REQUEST, f"At most {MAX_FEED_PACKAGES} packages.")
    collection = site.get_collection(key)
    base_url = get_base_url(request, site)
    names = sorted({normalize_name(name) for name in requested_names})
    entries = _list_release_entries(request, site, collection, names)
    framework, python, goal_label = request.query_params.get("to", ""), request.query_params.get("python", ""), ""
    if framework or python:
        goal, packages = evaluate_packages(site.deps, collection.target, names, framework=framework, python=python)
        goal_label = goal.label
        entries += _build_ready_entries(base_url, collection, packages, goal_label)
    return _respond(
        AtomFeed(
            key=" ".join(filter(None, ("feed packages", collection.key, *names, goal_label))),
            title=f"Releases: {join_last(names)}",
            url=build_request_url(request, site),
            page_url=base_url + build_start_path(collection.key),
            updated=int(site.deps.now()),
        ),
        sorted(entries, key=lambda entry: -entry.updated)[:MAX_ENTRIES],
    )


def _list_release_entries(
    request: Request[Any, Any, Any], site: Site, collection: PublicCollection, names: Sequence[str]
) -> list[AtomEntry]:
    base_url = get_base_url(request, site)
    return [
        AtomEntry(
            key=f"release {collection.key} {release.name_normalized} {release.version}",
            title=f"{release.name} {release.version}",
            summary=release.summary,
            url=base_url + build_project_path(collection.key, release.name_normalized),
            updated=release.uploaded,
        )
        for release in list_published_releases(site.deps, collection.target, names, limit=MAX_ENTRIES)
    ]


def _respond(feed: AtomFeed, entries: Sequence[AtomEntry]) -> Response[bytes]:
    return Response(
        render_feed(feed, entries), media_type=MEDIA_TYPE, headers={"cache-control": f"public, max-age={_MAX_AGE}"}
    )


@get("/feeds/{key:str}/ready.atom", sync_to_thread=True)
def show_readiness_feed(
    request: Request[Any, Any, Any],
    site: InjectedSite,
    key: FromPath[str],
    to: FromQuery[str] = "",
    python: FromQuery[str] = "",
) -> Response[bytes]:
    """Return the feed of packages that became ready for a release of the framework or of Python."""
    parameters.reject_unknown_params(request, ("to", "python"))
    collection = site.get_collection(key)
    board = site.get_board(collection, to, python)
    base_url = get_base_url(request, site)
    pairs = [(name, value) for name, value in (("to", to), ("python", python)) if value]
    return _respond(
        AtomFeed(
            key=f"feed ready {collection.key} {board.goal.label}",
            title=f"{collection.title}: ready for {board.goal.label}",
            url=build_request_url(request, site),
            page_url=base_url + build_readiness_path(collection.key, pairs),
            updated=int(site.deps.now()),
        ),
        _build_ready_entries(base_url, collection, board.packages, board.goal.label),
    )


def _build_ready_entries(
    base_url: str, collection: PublicCollection, packages: Iterable[PackageReadiness], goal_label: str
) -> list[AtomEntry]:
    """Return an entry for each package that became ready, the latest first."""
    ready = [package for package in packages if package.state is Readiness.READY and package.since]
    return [
        AtomEntry(
            key=f"ready {collection.key} {package.name_normalized} {goal_label}",
            title=f"{package.name} {package.since_release} is ready for {goal_label}",
            summary=package.evidence,
            url=base_url + build_project_path(collection.key, package.name_normalized),
            updated=package.since,
        )
        for package in sorted(ready, key=lambda package: -package.since)[:MAX_ENTRIES]
    ]


feeds = Router(
    "/", route_handlers=[show_feed, show_package_feed, show_packages_feed, show_readiness_feed], include_in_schema=False
)
