"""What the interface answers to each path; every handler runs in a thread, for the index is asked in each."""

from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get
from litestar.di import Provide
from litestar.openapi import ResponseSpec
from litestar.params import FromPath
from msgspec.structs import replace

from ...domain.search import Question, Sort, Suggestion
from ...usecases.page_parts import ReleaseLine
from ...usecases.project_page import ProjectPage, project_page, releases
from ...usecases.search import search, suggest
from ...usecases.side_by_side import Comparison, side_by_side
from ..addresses import address_of
from ..failures import PROBLEM, Problem
from ..site import TheSite
from . import parameters as by
from .access import TheShelf, readable
from .answers import Collection, Found, SearchAnswer, Statistics

_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def _problems(*statuses: HTTPStatus) -> dict[int, ResponseSpec]:
    return {
        int(status): ResponseSpec(
            data_container=Problem,
            generate_examples=False,
            description=status.phrase,
            media_type=PROBLEM,
        )
        for status in (*_ALWAYS, *statuses)
    }


OF_COLLECTIONS = _problems()
OF_A_COLLECTION = _problems(HTTPStatus.NOT_FOUND)


@get("/profiles", sync_to_thread=True, responses=OF_COLLECTIONS)
def profiles(request: Request[Any, Any, Any], site: TheSite) -> list[Collection]:
    """List the collections that can be searched."""
    by.refuse_others(request, ())
    return [Collection.of(each) for each in readable(request, site)]


@get(
    "/profiles/{profile:str}/search",
    sync_to_thread=True,
    responses=OF_A_COLLECTION,
    dependencies={"narrowed": Provide(by.narrowed, sync_to_thread=False)},
)
def search_(
    request: Request[Any, Any, Any],
    site: TheSite,
    shelf: TheShelf,
    narrowed: by.Narrowed,
    sort: by.Order = Sort.RELEVANCE,
    page: by.Page = 1,
    per_page: by.PerPage = 20,
) -> Response[SearchAnswer]:
    """Search a collection. Values of one filter are alternatives; all filters have to hold."""
    by.refuse_others(request, by.OF_SEARCH)
    question = replace(narrowed, sort=sort, page=page, per_page=per_page)
    answer = SearchAnswer.of(search(site.services, shelf.target, question), question)
    links = {"prev": page - 1 if 1 < page <= answer.pages + 1 else 0, "next": page + 1 if page < answer.pages else 0}
    named = [f'<{address_of(request, site, page=number)}>; rel="{rel}"' for rel, number in links.items() if number]
    return Response(answer, headers={"link": ", ".join(named)} if named else {})


@get("/profiles/{profile:str}/suggest", sync_to_thread=True, responses=OF_A_COLLECTION)
def suggestions(
    request: Request[Any, Any, Any], site: TheSite, shelf: TheShelf, text: by.Text = "", limit: by.Limit = 8
) -> list[Suggestion]:
    """Suggest the projects that somebody may be about to type, the likeliest first."""
    by.refuse_others(request, ("text", "limit"))
    return list(suggest(site.services, shelf.target, text, limit=limit))


@get("/profiles/{profile:str}/projects/{name:str}", sync_to_thread=True, responses=OF_A_COLLECTION)
def project(request: Request[Any, Any, Any], site: TheSite, shelf: TheShelf, name: FromPath[str]) -> ProjectPage:
    """Tell all of a project, by any spelling of its name; a quarantined one has no line to install it."""
    by.refuse_others(request, ())
    return project_page(site.services, shelf.target, name)


@get("/profiles/{profile:str}/projects/{name:str}/releases", sync_to_thread=True, responses=OF_A_COLLECTION)
def releases_(
    request: Request[Any, Any, Any], site: TheSite, shelf: TheShelf, name: FromPath[str]
) -> tuple[ReleaseLine, ...]:
    """List the releases of a project, the highest version first."""
    by.refuse_others(request, ())
    return releases(site.services, shelf.target, name)


@get("/profiles/{profile:str}/compare", sync_to_thread=True, responses=OF_A_COLLECTION)
def compare(request: Request[Any, Any, Any], site: TheSite, shelf: TheShelf, names: by.Names) -> Comparison:
    """Compare 2 to 4 projects side by side."""
    by.refuse_others(request, ("names",))
    return side_by_side(site.services, shelf.target, names)


@get("/profiles/{profile:str}/stats", sync_to_thread=True, responses=OF_A_COLLECTION)
def statistics(request: Request[Any, Any, Any], site: TheSite, shelf: TheShelf) -> Statistics:
    """Tell a collection in numbers."""
    by.refuse_others(request, ())
    newest = search(site.services, shelf.target, Question(sort=Sort.NEWEST, per_page=1))
    filled = next((each for each in site.shelves() if each.shelf.key == shelf.key), None)
    return Statistics(
        projects=newest.total,
        releases=filled.releases if filled else 0,
        newest_change=Found.of(newest.hits[0]) if newest.hits else None,
        facets=newest.facets,
    )
