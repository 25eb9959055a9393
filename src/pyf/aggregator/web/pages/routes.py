"""The routes of the pages."""

from http import HTTPStatus
from typing import Any, cast

from litestar import MediaType, Request, Router, get
from litestar.params import FromPath, FromQuery
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect, Response, Template
from msgspec.structs import replace

from ...domain.documents.project import normalize_name
from ...domain.errors import Invalid, NotFound
from ...usecases.collections.overview import PublicCollection
from ...usecases.read.comparison import MIN_COMPARED, compare_packages
from ...usecases.read.package import ProjectRemoved, get_package
from ...usecases.read.search import get_hidden_names, search_with_hints, suggest_packages
from .. import urls
from ..feeds import feed_path
from ..site import InjectedSite, Site
from ..urls import get_base_url
from . import formatting, search_params
from .compare import build_compare_view
from .hits import build_suggestion_views
from .layout import build_collection_view, build_layout
from .page_budget import BUDGETS, MAX_PAGE_BYTES
from .project import build_project_view
from .search_page import build_search_page
from .start import build_overview, build_start_view

# More is no suggestion: it would have to be read.
_MAX_SUGGESTIONS = 8

AnyRequest = Request[Any, Any, Any]


@get("/", sync_to_thread=True)
def show_overview(site: InjectedSite) -> Template:
    """Show which collections there are; an index that nothing has been fetched into says how to fill it."""
    collections = site.list_collections()
    return Template(
        "overview.html", context={"site": build_layout(collections), "page": build_overview(site.deps, collections)}
    )


@get("/search", sync_to_thread=True)
def redirect_to_search(site: InjectedSite, request: AnyRequest) -> Redirect:
    """Send whoever has chosen a collection on the overview to its list."""
    key = request.query_params.get("in", "")
    params = search_params.parse([("q", request.query_params.get("q", ""))])
    return Redirect(
        urls.search_path(site.get_collection(key).key, search_params.to_query_pairs(params)), status_code=303
    )


@get("/in/{shelf:str}", sync_to_thread=True)
def show_start(site: InjectedSite, key: FromPath[str]) -> Template:
    """Show a collection at a glance."""
    collection = site.get_collection(key)
    page = build_start_view(collection.key, site.get_start_page(collection))
    return _render_page(site, collection, "start.html", page=page, is_start=True)


@get("/in/{shelf:str}/search", sync_to_thread=True)
def show_search(site: InjectedSite, key: FromPath[str], request: AnyRequest) -> Response[Any]:
    """Show what a question finds, and what it can be narrowed to.

    A list that would be too large is told in fewer words: what makes it so are always texts of strangers.
    """
    collection = site.get_collection(key)
    params = search_params.parse(request.query_params.multi_items())
    if removed := request.query_params.getall(search_params.REMOVE_PARAM, []):
        return Redirect(
            urls.search_path(
                collection.key, search_params.to_query_pairs(search_params.remove_tokens(params, removed))
            ),
            status_code=303,
        )
    answered = search_with_hints(site.deps, collection.target, params.query)
    params, results = replace(params, question=answered.query), answered.results
    feed_url = feed_path(collection.key, "updated", params.query)
    status = HTTPStatus.BAD_REQUEST if params.problem else HTTPStatus.OK
    template = cast(JinjaTemplateEngine, request.app.template_engine).get_template("search.html")
    context = _layout_context(site, collection)
    for budget in BUDGETS:
        html = template.render(
            **context, page=build_search_page(collection.key, params, results, feed_url=feed_url, budget=budget)
        )
        if len(html.encode()) <= MAX_PAGE_BYTES:
            break
    return Response(html, media_type=MediaType.HTML, status_code=status)


@get("/in/{shelf:str}/feed", sync_to_thread=True)
def redirect_to_feed(site: InjectedSite, key: FromPath[str], request: AnyRequest) -> Redirect:
    """Send whoever wants the feed of a list to it, where a link would have been too long."""
    collection = site.get_collection(key)
    params = search_params.parse(request.query_params.multi_items())
    return Redirect(feed_path(collection.key, "updated", params.query), status_code=303)


@get("/in/{shelf:str}/suggest", sync_to_thread=True)
def show_suggestions(site: InjectedSite, key: FromPath[str], q: FromQuery[str] = "") -> Template:
    """Give the list under the text that somebody types."""
    collection = site.get_collection(key)
    suggestions = suggest_packages(
        site.deps, collection.target, q[: search_params.MAX_TEXT_LENGTH], limit=_MAX_SUGGESTIONS
    )
    return Template("suggestions.html", context={"suggestions": build_suggestion_views(collection.key, suggestions)})


@get("/in/{shelf:str}/project/{name:str}", sync_to_thread=True)
def show_project(site: InjectedSite, request: AnyRequest, key: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """Show one project; who writes its name otherwise is sent to the one address that it has."""
    collection = site.get_collection(key)
    if name != normalize_name(name):
        return Redirect(urls.project_path(collection.key, normalize_name(name)), status_code=301)
    try:
        page = get_package(site.deps, collection.target, name)
    except NotFound as error:
        return _removed_page(site, collection, name, error)
    view = build_project_view(collection.key, page, site.deps.now())
    return _render_page(site, collection, "project.html", page=view, root=get_base_url(request, site))


@get("/in/{shelf:str}/compare", sync_to_thread=True)
def show_comparison(site: InjectedSite, key: FromPath[str], request: AnyRequest) -> Template:
    """Show two to four projects side by side; with fewer, ask for another one."""
    collection = site.get_collection(key)
    requested_names = [formatting.single_line(name)[:200] for name in request.query_params.getall("name", [])]
    names = list(dict.fromkeys(normalize_name(name) for name in requested_names if name))
    page, problem, status = None, "", HTTPStatus.OK
    try:
        page = build_compare_view(collection.key, compare_packages(site.deps, collection.target, names))
    except NotFound as error:
        problem, status = f"Left out: {error}.", HTTPStatus.NOT_FOUND
        visible_names = _get_display_names(site, collection, names)
        names = [name for name in names if name in visible_names]
        display_names = [visible_names[name] for name in names]
        if len(names) >= MIN_COMPARED:
            page = build_compare_view(collection.key, compare_packages(site.deps, collection.target, names))
        elif names:
            problem = f"{problem} {_format_compare_hint(display_names)}"
    except Invalid:
        problem = _format_compare_hint(
            list(_get_display_names(site, collection, names).values()) if len(names) == 1 else names
        )
        status = HTTPStatus.BAD_REQUEST if len(names) > 1 else HTTPStatus.OK
    return _render_page(site, collection, "compare.html", status=status, page=page, problem=problem, names=names)


def _format_compare_hint(names: list[str]) -> str:
    if len(names) > 1:
        return f"Four packages at most fit side by side; these are {len(names)}. Go back, and pick fewer."
    if names:
        return f"Comparing {names[0]}: name another package to put beside it."
    return "Name two to four packages, or pick them in a list."


def _get_display_names(site: Site, collection: PublicCollection, names: list[str]) -> dict[str, str]:
    """Return what those of these projects are called that can be shown."""
    hidden_names = get_hidden_names(site.deps, collection.target)
    hits = site.deps.search.get_hits(collection.target.collection, names, hidden=hidden_names)
    return {hit.name_normalized: hit.name for hit in hits}


def _removed_page(site: Site, collection: PublicCollection, name: str, error: NotFound) -> Template:
    """Tell that a project is not there, since when and why if that is known, and who may be meant."""
    tombstone = error.tombstone if isinstance(error, ProjectRemoved) else None
    display_name = formatting.single_line(name)[:200]
    suggestions = suggest_packages(site.deps, collection.target, display_name, limit=5)
    return _render_page(
        site,
        collection,
        "gone.html",
        status=HTTPStatus.NOT_FOUND,
        name=display_name,
        left=formatting.format_date(tombstone.removed_at) if tombstone else "",
        left_day=formatting.format_iso_date(tombstone.removed_at) if tombstone else "",
        reason=formatting.sanitize(tombstone.reason).rstrip(".") if tombstone else "",
        suggestions=build_suggestion_views(collection.key, suggestions),
        search=urls.search_path(collection.key, [("q", display_name)]),
    )


def _render_page(
    site: Site, collection: PublicCollection, template: str, *, status: HTTPStatus = HTTPStatus.OK, **context: Any
) -> Template:
    return Template(template, context={**_layout_context(site, collection), **context}, status_code=status)


def _layout_context(site: Site, collection: PublicCollection) -> dict[str, Any]:
    return {"site": build_layout(site.list_collections()), "shelf": build_collection_view(collection)}


pages = Router(
    "/",
    route_handlers=[
        show_overview,
        redirect_to_search,
        show_start,
        show_search,
        redirect_to_feed,
        show_suggestions,
        show_project,
        show_comparison,
    ],
    include_in_schema=False,
)
