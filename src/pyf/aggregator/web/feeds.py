"""Feeds of what is new: projects that came to a collection, and releases, narrowed by the parameters of a search."""

from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request, Response, Router, get
from litestar.di import Provide
from litestar.params import FromPath
from msgspec import to_builtins

from ..domain.errors import NotFound
from ..domain.search import SearchQuery
from ..usecases.news import list_new_packages, list_recently_updated
from .addresses import get_base_url, project_url
from .api import parameters as parameters
from .atom import MEDIA_TYPE, AtomEntry, render_feed
from .site import InjectedSite

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
