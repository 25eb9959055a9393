"""Feeds of what is new: projects that came to a collection, and releases, narrowed by the parameters of a search."""

from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request, Response, Router, get
from litestar.di import Provide
from litestar.params import FromPath
from msgspec import to_builtins

from ..domain.errors import NotFound
from ..domain.search import Question
from ..usecases.news import newcomers, updated
from .addresses import base, project_address
from .api import parameters as by
from .atom import MEDIA_TYPE, Entry, feed
from .site import TheSite

# Entries of a feed, and seconds within which asking again is of no use.
ENTRIES = 50
_MAX_AGE = 300

# Every parameter of a search but those that feeds decide themselves.
OF_FEEDS = by.OF_SEARCH - {"sort", "page", "per_page"}


def feed_address(shelf: str, kind: str, question: Question = Question()) -> str:
    """Return where the feed of what a question finds is; `kind` is `new` or `updated`."""
    told = to_builtins(question)
    pairs = [(name, told[name]) for name in Question.__struct_fields__ if name in OF_FEEDS and told[name]]
    query = urlencode(pairs, doseq=True)
    return f"/feeds/{quote(shelf, safe='')}/{kind}.atom{'?' if query else ''}{query}"


@get(
    "/feeds/{profile:str}/{kind:str}",
    sync_to_thread=True,
    dependencies={"narrowed": Provide(by.narrowed, sync_to_thread=False)},
)
def news(
    request: Request[Any, Any, Any],
    site: TheSite,
    profile: FromPath[str],
    kind: FromPath[str],
    narrowed: by.Narrowed,
) -> Response[bytes]:
    """Return the feed of new projects (`new.atom`) or of releases (`updated.atom`)."""
    by.refuse_others(request, OF_FEEDS)
    shelf = site.shelf(profile)
    root = base(request, site)
    match kind:
        case "new.atom":
            title = f"New packages: {shelf.title}"
            found = newcomers(site.services, shelf.target, narrowed, limit=ENTRIES)
            entries = [
                Entry(
                    key=f"project {shelf.key} {new.hit.name_normalized}",
                    title=new.hit.name,
                    summary=new.hit.summary,
                    address=project_address(root, shelf.key, new.hit.name_normalized),
                    updated=new.first_uploaded,
                )
                for new in found
            ]
        case "updated.atom":
            title = f"Releases: {shelf.title}"
            entries = [
                Entry(
                    key=f"release {shelf.key} {hit.name_normalized} {hit.version}",
                    title=f"{hit.name} {hit.version}",
                    summary=hit.summary,
                    address=project_address(root, shelf.key, hit.name_normalized),
                    updated=hit.uploaded,
                )
                for hit in updated(site.services, shelf.target, narrowed, limit=ENTRIES)
            ]
        case _:
            raise NotFound("there are new.atom and updated.atom")
    address = feed_address(shelf.key, kind.removesuffix(".atom"), narrowed)
    body = feed(
        key=f"feed {address}",
        title=f"{title}, {narrowed.text}" if narrowed.text else title,
        address=f"{root}{address}",
        page=f"{root}/in/{quote(shelf.key, safe='')}",
        entries=entries,
    )
    return Response(body, media_type=MEDIA_TYPE, headers={"cache-control": f"public, max-age={_MAX_AGE}"})


feeds = Router("/", route_handlers=[news], include_in_schema=False)
