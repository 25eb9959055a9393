"""Routes of the HTML pages."""

import asyncio
from http import HTTPStatus
from typing import Any, cast

from litestar import MediaType, Request, Router, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, FromQuery
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect, Response, Template
from msgspec.structs import replace

from ...domain.documents.project import normalize_name
from ...domain.errors import Invalid, NotFound
from ...domain.requirement_files import PackageList, decode_file, parse_requirement_file
from ...domain.search import MAX_TEXT_LENGTH
from ...usecases.collections.public import PublicCollection
from ...usecases.read.comparison import MIN_COMPARED, compare_packages
from ...usecases.read.package import ProjectRemoved, get_package
from ...usecases.read.search import get_hidden_names, search_with_hints, suggest_packages
from ...usecases.read.upgrade_check import check_requirements
from ...usecases.read.upgrade_goal import list_offered_releases
from .. import urls
from ..rate_limit import MAX_FILE_SIZE
from ..site import InjectedSite, Site
from ..urls import get_base_url
from . import formatting, search_params
from .check import MAX_TEXT_LENGTH as MAX_PASTED_LENGTH
from .check import CheckForm, build_check_view
from .compare import CompareView, build_compare_view, format_compare_hint
from .hits import build_suggestion_views
from .layout import PageBudget, build_collection_view, build_layout, render_within_budget
from .project import build_package_view
from .readiness import build_board_view, render_chart
from .search_page import build_search_page
from .start import build_overview, build_start_view

_MAX_SUGGESTIONS = 8

AnyRequest = Request[Any, Any, Any]


@get("/", sync_to_thread=True)
def show_overview(site: InjectedSite) -> Template:
    """Show all collections; for an empty index, show how to fill it."""
    collections = site.list_collections()
    return Template(
        "overview.html",
        context={
            "layout": build_layout(site.settings, collections),
            "page": build_overview(site.deps, collections),
            "canonical_path": urls.build_site_path(urls.OVERVIEW_PATH),
        },
    )


@get("/search", sync_to_thread=True)
def redirect_to_search(site: InjectedSite, request: AnyRequest) -> Redirect:
    """Redirect the search form of the overview to the selected collection."""
    key = request.query_params.get("in", "")
    params = search_params.parse([("q", request.query_params.get("q", ""))])
    return Redirect(
        urls.build_search_path(site.get_collection(key).key, search_params.to_query_pairs(params)), status_code=303
    )


@get("/in/{key:str}", sync_to_thread=True)
def show_start(site: InjectedSite, key: FromPath[str]) -> Template:
    """Show the start page of a collection."""
    collection = site.get_collection(key)
    page = build_start_view(collection.key, site.get_start_page(collection))
    return _render_page(
        site, collection, "start.html", page=page, is_start=True, canonical_path=urls.build_start_path(collection.key)
    )


@get("/in/{key:str}/search", sync_to_thread=True)
def show_search(site: InjectedSite, key: FromPath[str], request: AnyRequest) -> Response[Any]:
    """Show the packages that match a search, and the filters.

    A page that is too large because of long texts of packages is rendered again with a smaller budget.
    """
    collection = site.get_collection(key)
    params = search_params.parse(request.query_params.multi_items())
    if removed := request.query_params.getall(search_params.REMOVE_PARAM, []):
        return Redirect(
            urls.build_search_path(
                collection.key, search_params.to_query_pairs(search_params.remove_tokens(params, removed))
            ),
            status_code=303,
        )
    answered = search_with_hints(site.deps, collection.target, params.query)
    params, results = replace(params, query=answered.query), answered.results
    feed_url = urls.build_feed_path(collection.key, "updated", params.query)
    status = HTTPStatus.BAD_REQUEST if params.problem else HTTPStatus.OK
    template = cast(JinjaTemplateEngine, request.app.template_engine).get_template("search.html")
    context = {**_build_layout_context(site, collection), "is_filtered": bool(request.scope["query_string"])}

    def render(budget: PageBudget) -> str:
        page = build_search_page(collection.key, params, results, feed_url=feed_url, budget=budget)
        return template.render(**context, page=page)

    return Response(render_within_budget(render), media_type=MediaType.HTML, status_code=status)


@get("/in/{key:str}/feed", sync_to_thread=True)
def redirect_to_feed(site: InjectedSite, key: FromPath[str], request: AnyRequest) -> Redirect:
    """Redirect to the feed of a list, for searches whose feed URL is too long for a link."""
    collection = site.get_collection(key)
    params = search_params.parse(request.query_params.multi_items())
    return Redirect(urls.build_feed_path(collection.key, "updated", params.query), status_code=303)


@get("/in/{key:str}/suggest", sync_to_thread=True)
def show_suggestions(site: InjectedSite, key: FromPath[str], q: FromQuery[str] = "") -> Template:
    """Render the suggestions for a typed text."""
    collection = site.get_collection(key)
    suggestions = suggest_packages(site.deps, collection.target, q[:MAX_TEXT_LENGTH], limit=_MAX_SUGGESTIONS)
    return Template("suggestions.html", context={"suggestions": build_suggestion_views(collection.key, suggestions)})


@get("/in/{key:str}/project/{name:str}", sync_to_thread=True)
def show_project(site: InjectedSite, request: AnyRequest, key: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """Show a package; other spellings of its name redirect to its URL."""
    collection = site.get_collection(key)
    if name != normalize_name(name):
        return Redirect(urls.build_project_path(collection.key, normalize_name(name)), status_code=301)
    try:
        package = get_package(site.deps, collection.target, name)
    except NotFound as error:
        return _render_removed_page(site, collection, name, error)
    view = build_package_view(collection.key, package, site.deps.now())
    return _render_page(
        site,
        collection,
        "project.html",
        package=package,
        page=view,
        root=get_base_url(request, site),
        canonical_path=urls.build_project_path(collection.key, name),
    )


@get("/in/{key:str}/compare", sync_to_thread=True)
def show_comparison(site: InjectedSite, key: FromPath[str], request: AnyRequest) -> Template:
    """Compare two to four packages; with fewer, show a form to add one."""
    collection = site.get_collection(key)
    requested_names = [formatting.to_clean_line(name)[:200] for name in request.query_params.getall("name", [])]
    names = list(dict.fromkeys(normalize_name(name) for name in requested_names if name))
    page, problem, status = None, "", HTTPStatus.OK
    try:
        page = _build_comparison(site, collection, names)
    except NotFound as error:
        problem, status = f"Left out: {error}.", HTTPStatus.NOT_FOUND
        visible_names = _get_display_names(site, collection, names)
        names = [name for name in names if name in visible_names]
        page = _build_comparison(site, collection, names) if len(names) >= MIN_COMPARED else None
    except Invalid:
        status = HTTPStatus.BAD_REQUEST if len(names) > 1 else HTTPStatus.OK
    if page is None and (names or not problem):
        display_names = list(_get_display_names(site, collection, names).values()) if len(names) == 1 else names
        problem = f"{problem} {format_compare_hint(display_names)}".strip()
    return _render_page(site, collection, "compare.html", status=status, page=page, problem=problem, names=names)


@get("/in/{key:str}/readiness", sync_to_thread=True)
def show_readiness(
    site: InjectedSite, request: AnyRequest, key: FromPath[str], to: FromQuery[str] = "", python: FromQuery[str] = ""
) -> Template:
    """Show which of the most used packages are ready for a release."""
    collection = site.get_collection(key)
    number = search_params.parse(request.query_params.multi_items()).query.page
    board = site.get_board(collection, to, python, number)
    goals = list_offered_releases(site.deps, collection.target)
    view = build_board_view(collection.key, board, goals, get_base_url(request, site))
    return _render_page(site, collection, "readiness.html", page=view)


@get("/in/{key:str}/readiness.svg", sync_to_thread=True)
def show_readiness_chart(
    site: InjectedSite, key: FromPath[str], to: FromQuery[str] = "", python: FromQuery[str] = ""
) -> Response[str]:
    """Show the trend of the readiness board as an image that other sites can embed."""
    collection = site.get_collection(key)
    board = site.get_board(collection, to, python)
    headers = {"cache-control": "public, max-age=3600"}
    return Response(render_chart(board, collection.title), media_type="image/svg+xml", headers=headers)


@get("/in/{key:str}/check", sync_to_thread=True)
def show_check_form(site: InjectedSite, key: FromPath[str]) -> Template:
    """Show the form to paste a requirements or lock file."""
    collection = site.get_collection(key)
    frameworks, pythons = list_offered_releases(site.deps, collection.target)
    form = CheckForm(to=next(iter(frameworks), ""), frameworks=frameworks, pythons=pythons)
    return _render_page(site, collection, "check.html", page=None, problem="", form=form)


@post("/in/{key:str}/check", status_code=HTTPStatus.OK)
async def show_check(site: InjectedSite, key: FromPath[str], request: AnyRequest) -> Template:
    """Check a pasted file."""
    form = await request.form()
    values = {name: str(form.get(name, "")) for name in ("text", "to", "python")}
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:  # browsers send an empty part for no file
        return await asyncio.to_thread(_render_check, site, key, values)
    data = await file.read()
    async with site.file_checks:
        return await asyncio.to_thread(_render_check, site, key, values, (file.filename, data))


def _render_check(site: Site, key: str, values: dict[str, str], file: tuple[str, bytes] | None = None) -> Template:
    collection = site.get_collection(key)
    frameworks, pythons = list_offered_releases(site.deps, collection.target)
    page, problem, status = None, "", HTTPStatus.OK
    try:
        listed = _parse_file(*file) if file else _parse_text(values["text"])
        report = check_requirements(
            site.deps, collection.target, listed, framework=values["to"].strip(), python=values["python"].strip()
        )
        page = build_check_view(collection.key, report)
    except Invalid as error:
        problem, status = formatting.sanitize(str(error)), HTTPStatus.BAD_REQUEST
    if len(values["text"]) > MAX_PASTED_LENGTH:
        values["text"] = ""
    form = CheckForm(**values, frameworks=frameworks, pythons=pythons)
    return _render_page(site, collection, "check.html", status=status, page=page, problem=problem, form=form)


def _parse_text(text: str) -> PackageList:
    if len(text) > MAX_PASTED_LENGTH:
        raise Invalid(f"the text is longer than {MAX_PASTED_LENGTH:,} characters: choose the file instead")
    return parse_requirement_file("", text)


def _parse_file(name: str, data: bytes) -> PackageList:
    if len(data) > MAX_FILE_SIZE:
        raise Invalid(f"the file is larger than {MAX_FILE_SIZE:,} bytes: check it with `pyf check`")
    name = formatting.to_clean_line(name)[-100:]
    return parse_requirement_file(name, decode_file(name, data))


def _build_comparison(site: Site, collection: PublicCollection, names: list[str]) -> CompareView:
    return build_compare_view(collection.key, compare_packages(site.deps, collection.target, names))


def _get_display_names(site: Site, collection: PublicCollection, names: list[str]) -> dict[str, str]:
    """Return the display names of the visible packages among these."""
    hidden_names = get_hidden_names(site.deps, collection.target)
    hits = site.deps.search.get_hits(collection.target.collection, names, hidden=hidden_names)
    return {hit.name_normalized: hit.name for hit in hits}


def _render_removed_page(site: Site, collection: PublicCollection, name: str, error: NotFound) -> Template:
    """Render the page of a missing package: date and reason of its removal if known, and suggestions."""
    tombstone = error.tombstone if isinstance(error, ProjectRemoved) else None
    display_name = formatting.to_clean_line(name)[:200]
    suggestions = suggest_packages(site.deps, collection.target, display_name, limit=5)
    return _render_page(
        site,
        collection,
        "removed.html",
        status=HTTPStatus.NOT_FOUND,
        name=display_name,
        removed_on=formatting.format_date(tombstone.removed_at) if tombstone else "",
        removed_iso_date=formatting.format_iso_date(tombstone.removed_at) if tombstone else "",
        reason=formatting.sanitize(tombstone.reason).rstrip(".") if tombstone else "",
        suggestions=build_suggestion_views(collection.key, suggestions),
        search_url=urls.build_search_path(collection.key, [("q", display_name)]),
    )


def _render_page(
    site: Site, collection: PublicCollection, template: str, *, status: HTTPStatus = HTTPStatus.OK, **context: Any
) -> Template:
    return Template(template, context={**_build_layout_context(site, collection), **context}, status_code=status)


def _build_layout_context(site: Site, collection: PublicCollection) -> dict[str, Any]:
    return {
        "layout": build_layout(site.settings, site.list_collections()),
        "collection": build_collection_view(collection),
    }


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
        show_readiness,
        show_readiness_chart,
        show_check_form,
        show_check,
    ],
    include_in_schema=False,
)
