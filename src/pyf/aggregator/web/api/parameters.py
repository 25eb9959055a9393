"""Request parameters of the API: access keys, the collection of a path, and query parameters with their limits."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.params import FromPath, QueryParameter, SkipValidation
from msgspec import Meta

from ...domain.search import MAX_SELECTED_VALUES, MAX_VALUE_LENGTH, HealthBand, SearchQuery, Sort
from ...ports.index import SEARCH_ACTION
from ...usecases.collections.overview import CollectionSummary, PublicCollection
from ..problems import InvalidParam, RequestRejected
from ..site import InjectedSite, Site
from ..urls import FILTER_PARAMS

KEY_HEADER = "x-api-key"

MAX_TEXT_LENGTH = 500
MAX_PER_PAGE = 100

Value = Annotated[str, Meta(max_length=MAX_VALUE_LENGTH)]
# Litestar does not describe the limits of list items and of optional values by itself.
_VALUES_SCHEMA = {"items": Schema(type=OpenAPIType.STRING, max_length=MAX_VALUE_LENGTH)}
Values = Annotated[
    Sequence[Value],
    QueryParameter(
        max_items=MAX_SELECTED_VALUES,
        description="Repeatable; one of the values must match.",
        schema_extra=_VALUES_SCHEMA,
    ),
]
Bands = Annotated[
    Sequence[HealthBand], QueryParameter(max_items=5, description="Repeatable; one of the values must match.")
]
Text = Annotated[str, QueryParameter(max_length=MAX_TEXT_LENGTH, description="Words to search for.")]
Days = Annotated[
    int | None,
    QueryParameter(
        ge=0,
        le=36_500,
        description="Released within this number of days.",
        schema_extra={"minimum": 0, "maximum": 36_500},
    ),
]
Order = Annotated[Sort, QueryParameter(description="Sort order.")]
Page = Annotated[int, QueryParameter(ge=1, le=10_000, description="Page number, from 1.")]
PerPage = Annotated[int, QueryParameter(ge=1, le=MAX_PER_PAGE, description="Packages per page.")]
Limit = Annotated[int, QueryParameter(ge=1, le=50, description="Maximum number of suggestions.")]
Names = Annotated[
    Sequence[Value],
    QueryParameter(
        min_items=1,
        max_items=10,
        description="Package name in any spelling; repeat it for 2 to 4 packages.",
        schema_extra=_VALUES_SCHEMA,
    ),
]

SEARCH_PARAMS = FILTER_PARAMS | {"sort", "page", "per_page"}


def get_requested_collection(
    request: Request[Any, Any, Any], site: InjectedSite, collection: FromPath[str]
) -> PublicCollection:
    """Return the collection of a path, after checking the request's key."""
    require_key(request, site, collection)
    return site.get_collection(collection)


# The type of a handler's parameter `public_collection`.
InjectedCollection = NamedDependency[SkipValidation[PublicCollection]]


def require_key(request: Request[Any, Any, Any], site: Site, collection: str) -> None:
    """Raise `RequestRejected` if keys are required and the request has none that grants access to a collection."""
    if not site.settings.web_api_keys_required:
        return
    key = _get_key(request)
    if not key:
        raise RequestRejected(
            HTTPStatus.UNAUTHORIZED,
            "An API key is required (header X-API-Key or Authorization: Bearer).",
            headers={"www-authenticate": "Bearer"},
        )
    if not site.deps.keys.is_allowed(key, SEARCH_ACTION, collection):
        raise RequestRejected(HTTPStatus.FORBIDDEN, "This API key does not grant access to this collection.")


def list_readable_collections(request: Request[Any, Any, Any], site: Site) -> list[CollectionSummary]:
    """List the collections that a request may read."""
    collections = []
    for summary in site.list_collections():
        try:
            require_key(request, site, summary.collection.key)
        except RequestRejected as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                raise
        else:
            collections.append(summary)
    return collections


def _get_key(request: Request[Any, Any, Any]) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return request.headers.get(KEY_HEADER, "") or (token.strip() if scheme.lower() == "bearer" else "")


def build_search_query(
    q: Text = "",
    framework: Values = (),
    python: Values = (),
    license: Values = (),
    classifier: Values = (),
    health: Bands = (),
    status: Values = (),
    maintainer: Values = (),
    updated_within: Days = None,
) -> SearchQuery:
    """Build the query of a request; empty values, which HTML forms send, are ignored."""
    return SearchQuery(
        text=q,
        framework_versions=_drop_blank(framework),
        python_versions=_drop_blank(python),
        licenses=_drop_blank(license),
        classifiers=_drop_blank(classifier),
        health=tuple(health),
        statuses=_drop_blank(status),
        maintainers=_drop_blank(maintainer),
        updated_within=updated_within,
    )


# The type of a handler's parameter `search_query`; OpenAPI describes the parameters of `build_search_query`.
InjectedSearchQuery = NamedDependency[SkipValidation[SearchQuery]]


def _drop_blank(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(value for value in values if value.strip())


def reject_unknown_params(request: Request[Any, Any, Any], allowed: Iterable[str]) -> None:
    """Raise `RequestRejected` for an unknown parameter: ignoring a misspelled filter would return wrong results."""
    allowed = frozenset(allowed)
    if unknown := sorted({name for name in request.query_params if name not in allowed}):
        reason = f"unknown parameter; known parameters: {', '.join(sorted(allowed)) or 'none'}"
        invalid_params = tuple(InvalidParam(name[:100], reason) for name in unknown[:10])
        raise RequestRejected(
            HTTPStatus.BAD_REQUEST, f"{invalid_params[0].name}: {reason}", invalid_params=invalid_params
        )
