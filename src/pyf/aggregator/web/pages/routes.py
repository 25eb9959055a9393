"""The routes of the pages."""

from http import HTTPStatus
from typing import Any, cast

from litestar import MediaType, Request, Router, get
from litestar.params import FromPath, FromQuery
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect, Response, Template
from msgspec.structs import replace

from ...domain.errors import Invalid, NotFound
from ...domain.project import normalized
from ...usecases.project_page import Left, project_page
from ...usecases.search import answer, hidden, suggest
from ...usecases.shelves import Shelf
from ...usecases.side_by_side import FEWEST, side_by_side
from ..addresses import base
from ..feeds import feed_address
from ..site import Site, TheSite
from . import asked, paths, words
from .chrome import chrome, shelf_view
from .compare import compare_view
from .listing import list_page
from .overview import overview_page
from .project import project_view
from .room import MOST_BYTES, ROOMS
from .start import start_view
from .suggesting import suggestion_views

# More is no suggestion: it would have to be read.
_SUGGESTIONS = 8

Asking = Request[Any, Any, Any]


@get("/", sync_to_thread=True)
def overview(site: TheSite) -> Template:
    """Show which collections there are; an index that nothing has been fetched into says how to fill it."""
    shelves = site.shelves()
    return Template("overview.html", context={"site": chrome(shelves), "page": overview_page(site.services, shelves)})


@get("/search", sync_to_thread=True)
def search_in(site: TheSite, request: Asking) -> Redirect:
    """Send whoever has chosen a collection on the overview to its list."""
    key = request.query_params.get("in", "")
    text = asked.read([("q", request.query_params.get("q", ""))])
    return Redirect(paths.search(site.shelf(key).key, asked.written(text)), status_code=303)


@get("/in/{shelf:str}", sync_to_thread=True)
def start(site: TheSite, shelf: FromPath[str]) -> Template:
    """Show a collection at a glance."""
    about = site.shelf(shelf)
    page = start_view(about.key, site.start_page(about))
    return _page(site, about, "start.html", page=page, is_start=True)


@get("/in/{shelf:str}/search", sync_to_thread=True)
def searched(site: TheSite, shelf: FromPath[str], request: Asking) -> Response[Any]:
    """Show what a question finds, and what it can be narrowed to.

    A list that would be too large is told in fewer words: what makes it so are always texts of strangers.
    """
    about = site.shelf(shelf)
    question = asked.read(request.query_params.multi_items())
    if gone := request.query_params.getall(asked.WITHOUT, []):
        return Redirect(paths.search(about.key, asked.written(asked.taken_away(question, gone))), status_code=303)
    found = answer(site.services, about.target, question.question)
    question, results = replace(question, question=found.question), found.results
    feed = feed_address(about.key, "updated", question.question)
    status = HTTPStatus.BAD_REQUEST if question.problem else HTTPStatus.OK
    template = cast(JinjaTemplateEngine, request.app.template_engine).get_template("search.html")
    around = _around(site, about)
    for room in ROOMS:
        html = template.render(**around, page=list_page(about.key, question, results, feed=feed, room=room))
        if len(html.encode()) <= MOST_BYTES:
            break
    return Response(html, media_type=MediaType.HTML, status_code=status)


@get("/in/{shelf:str}/feed", sync_to_thread=True)
def feed_of_list(site: TheSite, shelf: FromPath[str], request: Asking) -> Redirect:
    """Send whoever wants the feed of a list to it, where a link would have been too long."""
    about = site.shelf(shelf)
    question = asked.read(request.query_params.multi_items())
    return Redirect(feed_address(about.key, "updated", question.question), status_code=303)


@get("/in/{shelf:str}/suggest", sync_to_thread=True)
def suggested(site: TheSite, shelf: FromPath[str], q: FromQuery[str] = "") -> Template:
    """Give the list under the text that somebody types."""
    about = site.shelf(shelf)
    found = suggest(site.services, about.target, q[: asked.LONGEST_TEXT], limit=_SUGGESTIONS)
    return Template("suggestions.html", context={"suggestions": suggestion_views(about.key, found)})


@get("/in/{shelf:str}/project/{name:str}", sync_to_thread=True)
def project(site: TheSite, request: Asking, shelf: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """Show one project; who writes its name otherwise is sent to the one address that it has."""
    about = site.shelf(shelf)
    if name != normalized(name):
        return Redirect(paths.project(about.key, normalized(name)), status_code=301)
    try:
        page = project_page(site.services, about.target, name)
    except NotFound as error:
        return _gone(site, about, name, error)
    view = project_view(about.key, page, site.services.now())
    return _page(site, about, "project.html", page=view, root=base(request, site))


@get("/in/{shelf:str}/compare", sync_to_thread=True)
def compared(site: TheSite, shelf: FromPath[str], request: Asking) -> Template:
    """Show two to four projects side by side; with fewer, ask for another one."""
    about = site.shelf(shelf)
    named = [words.legible(name)[:200] for name in request.query_params.getall("name", [])]
    names = list(dict.fromkeys(normalized(name) for name in named if name))
    page, problem, status = None, "", HTTPStatus.OK
    try:
        page = compare_view(about.key, side_by_side(site.services, about.target, names))
    except NotFound as error:
        problem, status = f"Left out: {error}.", HTTPStatus.NOT_FOUND
        held = _held(site, about, names)
        names = [name for name in names if name in held]
        called = [held[name] for name in names]
        if len(names) >= FEWEST:
            page = compare_view(about.key, side_by_side(site.services, about.target, names))
        elif names:
            problem = f"{problem} {_invitation(called)}"
    except Invalid:
        problem = _invitation(list(_held(site, about, names).values()) if len(names) == 1 else names)
        status = HTTPStatus.BAD_REQUEST if len(names) > 1 else HTTPStatus.OK
    return _page(site, about, "compare.html", status=status, page=page, problem=problem, names=names)


def _invitation(names: list[str]) -> str:
    if len(names) > 1:
        return f"Four packages at most fit side by side; these are {len(names)}. Go back, and pick fewer."
    if names:
        return f"Comparing {names[0]}: name another package to put beside it."
    return "Name two to four packages, or pick them in a list."


def _held(site: Site, about: Shelf, names: list[str]) -> dict[str, str]:
    """Return what those of these projects are called that can be shown."""
    not_shown = hidden(site.services, about.target)
    found = site.services.search.pick(about.target.collection, names, hidden=not_shown)
    return {hit.name_normalized: hit.name for hit in found}


def _gone(site: Site, about: Shelf, name: str, error: NotFound) -> Template:
    """Tell that a project is not there, since when and why if that is known, and who may be meant."""
    tombstone = error.tombstone if isinstance(error, Left) else None
    shown = words.legible(name)[:200]
    suggestions = suggest(site.services, about.target, shown, limit=5)
    return _page(
        site,
        about,
        "gone.html",
        status=HTTPStatus.NOT_FOUND,
        name=shown,
        left=words.date(tombstone.removed_at) if tombstone else "",
        left_day=words.day(tombstone.removed_at) if tombstone else "",
        reason=words.told(tombstone.reason).rstrip(".") if tombstone else "",
        suggestions=suggestion_views(about.key, suggestions),
        search=paths.search(about.key, [("q", shown)]),
    )


def _page(site: Site, about: Shelf, template: str, *, status: HTTPStatus = HTTPStatus.OK, **context: Any) -> Template:
    return Template(template, context={**_around(site, about), **context}, status_code=status)


def _around(site: Site, about: Shelf) -> dict[str, Any]:
    return {"site": chrome(site.shelves()), "shelf": shelf_view(about)}


pages = Router(
    "/",
    route_handlers=[overview, search_in, start, searched, feed_of_list, suggested, project, compared],
    include_in_schema=False,
)
