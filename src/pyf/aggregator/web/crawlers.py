"""`/robots.txt` and sitemaps for search engines."""

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from litestar import MediaType, Request, Response, Router, get
from litestar.params import FromPath, FromQuery

from ..domain.batching import batched
from ..domain.errors import NotFound
from ..usecases.read.search import get_hidden_names
from . import urls
from .site import InjectedSite
from .urls import get_base_url

AnyRequest = Request[Any, Any, Any]

# URLs of one sitemap: the limit of the protocol.
MAX_URLS = 50_000

_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"

# Combinations of filters have no end, and the other paths are for programs.
_ROBOTS = """\
User-agent: *
Disallow: {root}/api/
Disallow: {root}/feeds/
Disallow: {root}/metrics
Disallow: {root}/search
Disallow: {root}/in/*/search?
Disallow: {root}/in/*/compare
Disallow: {root}/in/*/suggest
Disallow: {root}/in/*/feed

Sitemap: {sitemap_url}
"""


@get("/robots.txt", sync_to_thread=False, media_type=MediaType.TEXT)
def show_robots(site: InjectedSite, request: AnyRequest) -> str:
    """Keep crawlers off filtered lists, and name the sitemap."""
    return _ROBOTS.format(
        root=urls.build_site_path(""), sitemap_url=get_base_url(request, site) + urls.build_site_path("/sitemap.xml")
    )


@get("/sitemap.xml", sync_to_thread=True)
def show_sitemap_index(site: InjectedSite, request: AnyRequest) -> Response[bytes]:
    """List the sitemaps of all collections."""
    base = get_base_url(request, site)
    locations = []
    for summary in site.list_collections():
        page_count = -(-max(summary.package_count, 1) // MAX_URLS)
        path = urls.build_start_path(summary.collection.key)
        locations += [f"{base}{path}/sitemap.xml?page={number}" for number in range(1, page_count + 1)]
    return _render("sitemapindex", "sitemap", locations)


@get("/in/{key:str}/sitemap.xml", sync_to_thread=True)
def show_sitemap(
    site: InjectedSite, request: AnyRequest, key: FromPath[str], page: FromQuery[int] = 1
) -> Response[bytes]:
    """List the start page and the packages of a collection."""
    collection = site.get_collection(key)
    target = collection.target
    hidden_names = get_hidden_names(site.deps, target)
    states = site.deps.index.iter_project_states(target.collection)
    names = sorted(
        state.name_normalized
        for state in states
        if state.project_status != "quarantined" and state.name_normalized not in hidden_names
    )
    paths = [urls.build_start_path(key), *(urls.build_project_path(key, name) for name in names)]
    pages = list(batched(paths, MAX_URLS))
    if not 1 <= page <= len(pages):
        raise NotFound(f"the sitemap has {len(pages)} pages")
    base = get_base_url(request, site)
    return _render("urlset", "url", [f"{base}{path}" for path in pages[page - 1]])


def _render(root_tag: str, tag: str, locations: list[str]) -> Response[bytes]:
    root = Element(root_tag, xmlns=_NAMESPACE)
    for location in locations:
        SubElement(SubElement(root, tag), "loc").text = location
    xml = tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(xml, headers={"content-type": "application/xml"})


crawlers = Router("/", route_handlers=[show_robots, show_sitemap_index, show_sitemap], include_in_schema=False)
