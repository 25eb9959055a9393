"""The routes of the pages."""

from typing import Any

from litestar import Request, Router, get
from litestar.response import Template

from ...usecases.search import search, suggest
from ...usecases.shelves import Shelf
from ..site import Site, TheSite
from . import asked
from .chrome import chrome, shelf_view
from .listing import list_page
from .overview import overview_page
from .suggesting import suggestion_views

# More is no suggestion: it would have to be read.
_SUGGESTIONS = 8


@get("/", sync_to_thread=True)
def overview(site: TheSite) -> Template:
    """Show which collections there are; an index that nothing has been fetched into says how to fill it."""
    shelves = site.shelves()
    return Template("overview.html", context={"site": chrome(shelves), "shelf": None, "page": overview_page(shelves)})


@get("/in/{shelf:str}/search", sync_to_thread=True)
def searched(site: TheSite, shelf: str, request: Request[Any, Any, Any]) -> Template:
    """Show what a question finds, and what it can be narrowed to."""
    about = site.shelf(shelf)
    question = asked.read(request.query_params.multi_items())
    results = search(site.services, about.target, question.question)
    page = list_page(about.key, question, results)
    return _page(site, about, "search.html", status=400 if question.problem else 200, page=page)


@get("/in/{shelf:str}/suggest", sync_to_thread=True)
def suggested(site: TheSite, shelf: str, q: str = "") -> Template:
    """Give the list under the text that somebody types."""
    about = site.shelf(shelf)
    found = suggest(site.services, about.target, q[: asked.LONGEST_TEXT], limit=_SUGGESTIONS)
    return Template("suggestions.html", context={"suggestions": suggestion_views(about.key, found)})


def _page(site: Site, about: Shelf, template: str, *, status: int = 200, **context: Any) -> Template:
    around = {"site": chrome(site.shelves()), "shelf": shelf_view(about), "is_start": False}
    return Template(template, context={**around, **context}, status_code=status)


pages = Router("/", route_handlers=[overview, searched, suggested], include_in_schema=False)
