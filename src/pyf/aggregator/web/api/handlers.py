"""What the interface answers to each path; every handler runs in a thread, for the index is asked in each."""

from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get
from litestar.di import Provide
from litestar.openapi import ResponseSpec
from litestar.params import FromPath
from msgspec.structs import replace

from ...domain.search import SearchQuery, Sort, Suggestion
from ...usecases.read.comparison import Comparison, compare_packages
from ...usecases.read.package import PackageDetails, get_package, list_releases
from ...usecases.read.package_views import ReleaseSummary
from ...usecases.read.search import search_packages, suggest_packages
from ..problems import PROBLEM_MEDIA_TYPE, Problem
from ..site import InjectedSite
from ..urls import build_request_url
from . import parameters
from .parameters import InjectedCollection, list_readable_collections
from .schemas import Collection, CollectionStatistics, PackageHit, SearchResponse

_COMMON_STATUSES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def _problem_responses(*statuses: HTTPStatus) -> dict[int, ResponseSpec]:
    return {
        int(status): ResponseSpec(
            data_container=Problem,
            generate_examples=False,
            description=status.phrase,
            media_type=PROBLEM_MEDIA_TYPE,
        )
        for status in (*_COMMON_STATUSES, *statuses)
    }


COLLECTION_LIST_RESPONSES = _problem_responses()
COLLECTION_RESPONSES = _problem_responses(HTTPStatus.NOT_FOUND)


@get("/profiles", sync_to_thread=True, responses=COLLECTION_LIST_RESPONSES)
def show_collections(request: Request[Any, Any, Any], site: InjectedSite) -> list[Collection]:
    """List the collections that can be searched."""
    parameters.reject_unknown_params(request, ())
    return [Collection.from_summary(summary) for summary in list_readable_collections(request, site)]


@get(
    "/profiles/{profile:str}/search",
    sync_to_thread=True,
    responses=COLLECTION_RESPONSES,
    dependencies={"narrowed": Provide(parameters.build_search_query, sync_to_thread=False)},
)
def show_search(
    request: Request[Any, Any, Any],
    site: InjectedSite,
    public_collection: InjectedCollection,
    search_query: parameters.InjectedSearchQuery,
    sort: parameters.Order = Sort.RELEVANCE,
    page: parameters.Page = 1,
    per_page: parameters.PerPage = 20,
) -> Response[SearchResponse]:
    """Search a collection. Values of one filter are alternatives; all filters have to hold."""
    parameters.reject_unknown_params(request, parameters.SEARCH_PARAMS)
    query = replace(search_query, sort=sort, page=page, per_page=per_page)
    response = SearchResponse.from_results(search_packages(site.deps, public_collection.target, query), query)
    links = {
        "prev": page - 1 if 1 < page <= response.pages + 1 else 0,
        "next": page + 1 if page < response.pages else 0,
    }
    link_values = [
        f'<{build_request_url(request, site, page=number)}>; rel="{rel}"' for rel, number in links.items() if number
    ]
    return Response(response, headers={"link": ", ".join(link_values)} if link_values else {})


@get("/profiles/{profile:str}/suggest", sync_to_thread=True, responses=COLLECTION_RESPONSES)
def show_suggestions(
    request: Request[Any, Any, Any],
    site: InjectedSite,
    public_collection: InjectedCollection,
    text: parameters.Text = "",
    limit: parameters.Limit = 8,
) -> list[Suggestion]:
    """Suggest the projects that somebody may be about to type, the likeliest first."""
    parameters.reject_unknown_params(request, ("text", "limit"))
    return list(suggest_packages(site.deps, public_collection.target, text, limit=limit))


@get("/profiles/{profile:str}/projects/{name:str}", sync_to_thread=True, responses=COLLECTION_RESPONSES)
def show_package(
    request: Request[Any, Any, Any], site: InjectedSite, public_collection: InjectedCollection, name: FromPath[str]
) -> PackageDetails:
    """Tell all of a project, by any spelling of its name; a quarantined one has no line to install it."""
    parameters.reject_unknown_params(request, ())
    return get_package(site.deps, public_collection.target, name)


@get("/profiles/{profile:str}/projects/{name:str}/releases", sync_to_thread=True, responses=COLLECTION_RESPONSES)
def show_releases(
    request: Request[Any, Any, Any], site: InjectedSite, public_collection: InjectedCollection, name: FromPath[str]
) -> tuple[ReleaseSummary, ...]:
    """List the releases of a project, the highest version first."""
    parameters.reject_unknown_params(request, ())
    return list_releases(site.deps, public_collection.target, name)


@get("/profiles/{profile:str}/compare", sync_to_thread=True, responses=COLLECTION_RESPONSES)
def show_comparison(
    request: Request[Any, Any, Any], site: InjectedSite, public_collection: InjectedCollection, names: parameters.Names
) -> Comparison:
    """Compare 2 to 4 projects side by side."""
    parameters.reject_unknown_params(request, ("names",))
    return compare_packages(site.deps, public_collection.target, names)


@get("/profiles/{profile:str}/stats", sync_to_thread=True, responses=COLLECTION_RESPONSES)
def show_statistics(
    request: Request[Any, Any, Any], site: InjectedSite, public_collection: InjectedCollection
) -> CollectionStatistics:
    """Tell a collection in numbers."""
    parameters.reject_unknown_params(request, ())
    newest = search_packages(site.deps, public_collection.target, SearchQuery(sort=Sort.NEWEST, per_page=1))
    summary = next(
        (candidate for candidate in site.list_collections() if candidate.collection.key == public_collection.key), None
    )
    return CollectionStatistics(
        projects=newest.total,
        releases=summary.release_count if summary else 0,
        newest_change=PackageHit.from_hit(newest.hits[0]) if newest.hits else None,
        facets=newest.facets,
    )
