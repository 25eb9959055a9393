"""Handlers of the API. Each runs in a thread, because each reads the index."""

from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get
from litestar.di import Provide
from litestar.openapi import ResponseSpec
from litestar.params import FromPath

from ...domain.history import HistoryMonth
from ...domain.search import SearchQuery, Sort, Suggestion
from ...usecases.read.comparison import Comparison, compare_packages
from ...usecases.read.history import get_history
from ...usecases.read.package import PackageDetails, get_package, list_releases
from ...usecases.read.package_views import ReleaseSummary
from ...usecases.read.search import search_packages, suggest_packages
from ..problems import PROBLEM_MEDIA_TYPE, Problem
from ..site import InjectedSite
from ..urls import SEARCH_PARAMS, build_request_url, build_site_path, get_base_url
from . import parameters
from .parameters import InjectedCollection, list_readable_collections
from .schemas import ApiIndex, Collection, CollectionStatistics, PackageHit, ReadinessResponse, SearchResponse

AnyRequest = Request[Any, Any, Any]

_COMMON_STATUSES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def _build_problem_responses(*statuses: HTTPStatus) -> dict[int, ResponseSpec]:
    return {
        int(status): ResponseSpec(
            data_container=Problem,
            generate_examples=False,
            description=status.phrase,
            media_type=PROBLEM_MEDIA_TYPE,
        )
        for status in (*_COMMON_STATUSES, *statuses)
    }


COLLECTION_LIST_RESPONSES = _build_problem_responses()
COLLECTION_RESPONSES = _build_problem_responses(HTTPStatus.NOT_FOUND)


@get("/", sync_to_thread=False, responses=COLLECTION_LIST_RESPONSES)
def show_index(request: AnyRequest, site: InjectedSite) -> ApiIndex:
    """Return the URLs to start from."""
    parameters.reject_unknown_params(request, ())
    api_url = get_base_url(request, site) + build_site_path("/api/v1")
    return ApiIndex(openapi=f"{api_url}/openapi.json", collections=f"{api_url}/collections")


@get("/collections", sync_to_thread=True, responses=COLLECTION_LIST_RESPONSES)
def show_collections(request: AnyRequest, site: InjectedSite) -> list[Collection]:
    """List the collections that can be searched."""
    parameters.reject_unknown_params(request, ())
    return [Collection.from_summary(summary) for summary in list_readable_collections(request, site)]


@get(
    "/collections/{collection:str}/search",
    sync_to_thread=True,
    responses=COLLECTION_RESPONSES,
    dependencies={
        "search_query": Provide(parameters.build_search_query, sync_to_thread=False),
        "list_query": Provide(parameters.build_list_query, sync_to_thread=False),
    },
)
def show_search(
    request: AnyRequest,
    site: InjectedSite,
    public_collection: InjectedCollection,
    list_query: parameters.InjectedSearchQuery,
) -> Response[SearchResponse]:
    """Search a collection. Several values of one filter are alternatives; a package must match all filters."""
    parameters.reject_unknown_params(request, SEARCH_PARAMS)
    results = search_packages(site.deps, public_collection.target, list_query)
    response = SearchResponse.from_results(results, list_query)
    page = list_query.page
    links = {
        "prev": page - 1 if 1 < page <= response.pages + 1 else 0,
        "next": page + 1 if page < response.pages else 0,
    }
    link_values = [
        f'<{build_request_url(request, site, page=number)}>; rel="{rel}"' for rel, number in links.items() if number
    ]
    return Response(response, headers={"link": ", ".join(link_values)} if link_values else {})


@get("/collections/{collection:str}/suggest", sync_to_thread=True, responses=COLLECTION_RESPONSES)
def show_suggestions(
    request: AnyRequest,
    site: InjectedSite,
    public_collection: InjectedCollection,
    q: parameters.Text = "",
    limit: parameters.Limit = 8,
) -> list[Suggestion]:
    """Suggest packages for a typed text, the most likely first."""
    parameters.reject_unknown_params(request, ("q", "limit"))
    return list(suggest_packages(site.deps, public_collection.target, q, limit=limit))


@get("/collections/{collection:str}/packages/{name:str}", sync_to_thread=True, responses=COLLECTION_RESPONSES)
def show_package(
    request: AnyRequest, site: InjectedSite, public_collection: InjectedCollection, name: FromPath[str]
) -> PackageDetails:
    """Return all data of a package, by any spelling of its name. `install` is empty if the package is quarantined."""
    parameters.reject_unknown_params(request, ())
    return get_package(site.deps, public_collection.target, name)


@get("/collections/{collection:str}/packages/{name:str}/releases", sync_to_thread=True, responses=COLLECTION_RESPONSES)
def show_releases(
    request: AnyRequest, site: InjectedSite, public_collection: InjectedCollection, name: FromPath[str]
) -> tuple[ReleaseSummary, ...]:
    """List the releases of a package, the highest version first."""
    parameters.reject_unknown_params(request, ())
    return list_releases(site.deps, public_collection.target, name)


@get("/collections/{collection:str}/packages/{name:str}/history", sync_to_thread=True, responses=COLLECTION_RESPONSES)
def show_history(
    request: AnyRequest, site: InjectedSite, public_collection: InjectedCollection, name: FromPath[str]
) -> tuple[HistoryMonth, ...]:
    """Return score, stars, downloads and support of a package by month, the oldest month first."""
    parameters.reject_unknown_params(request, ())
    return get_history(site.deps, public_collection.target, name)


@get("/collections/{collection:str}/compare", sync_to_thread=True, responses=COLLECTION_RESPONSES)
def show_comparison(
    request: AnyRequest, site: InjectedSite, public_collection: InjectedCollection, name: parameters.Names
) -> Comparison:
    """Compare 2 to 4 packages."""
    parameters.reject_unknown_params(request, ("name",))
    return compare_packages(site.deps, public_collection.target, name)


@get("/collections/{collection:str}/readiness", sync_to_thread=True, responses=COLLECTION_RESPONSES)
def show_readiness(
    request: AnyRequest,
    site: InjectedSite,
    public_collection: InjectedCollection,
    to: parameters.FrameworkRelease = "",
    python: parameters.PythonRelease = "",
) -> ReadinessResponse:
    """Return which of the most used packages support a release; by default, the newest of the framework."""
    parameters.reject_unknown_params(request, ("to", "python"))
    return ReadinessResponse.from_board(site.get_board(public_collection, to, python))


@get("/collections/{collection:str}/stats", sync_to_thread=True, responses=COLLECTION_RESPONSES)
def show_statistics(
    request: AnyRequest, site: InjectedSite, public_collection: InjectedCollection
) -> CollectionStatistics:
    """Return the size, the newest release and the facets of a collection."""
    parameters.reject_unknown_params(request, ())
    newest = search_packages(site.deps, public_collection.target, SearchQuery(sort=Sort.NEWEST, per_page=1))
    summaries = {summary.collection.key: summary for summary in site.list_collections()}
    summary = summaries.get(public_collection.key)
    return CollectionStatistics(
        packages=newest.total,
        releases=summary.release_count if summary else 0,
        newest_change=PackageHit.from_hit(newest.hits[0]) if newest.hits else None,
        facets=newest.facets,
    )
