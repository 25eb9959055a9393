"""Request parameters of the API: access keys, the collection of a path, and query parameters with their limits."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.params import FromPath, QueryParameter, SkipValidation
from msgspec import Meta
from msgspec.structs import replace

from ...domain.documents.facets import Facet
from ...domain.documents.schema import FACETS
from ...domain.search import (
    DEFAULT_PER_PAGE,
    MAX_DAYS,
    MAX_PAGE,
    MAX_PER_PAGE,
    MAX_SELECTED_VALUES,
    MAX_TEXT_LENGTH,
    MAX_VALUE_LENGTH,
    SearchQuery,
    Sort,
    count_selected,
    select_values,
)
from ...ports.index import SEARCH_ACTION
from ...usecases.collections.public import CollectionSummary, PublicCollection
from ..problems import InvalidParam, RequestRejected
from ..site import InjectedSite, Site

KEY_HEADER = "x-api-key"

Value = Annotated[str, Meta(max_length=MAX_VALUE_LENGTH)]
# Litestar does not describe the limits of list items and of optional values by itself.
_VALUE_SCHEMA = Schema(type=OpenAPIType.STRING, max_length=MAX_VALUE_LENGTH)
Text = Annotated[str, QueryParameter(max_length=MAX_TEXT_LENGTH, description="Words to search for.")]
Days = Annotated[
    int | None,
    QueryParameter(
        ge=0,
        le=MAX_DAYS,
        description="Released within this number of days.",
        schema_extra={"minimum": 0, "maximum": MAX_DAYS},
    ),
]
DeclaredOnly = Annotated[bool, QueryParameter(description="Whether a Python counts only if a classifier declares it.")]
Order = Annotated[Sort, QueryParameter(description="Sort order.")]
Page = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Page number, from 1.")]
PerPage = Annotated[int, QueryParameter(ge=1, le=MAX_PER_PAGE, description="Packages per page.")]
Limit = Annotated[int, QueryParameter(ge=1, le=50, description="Maximum number of suggestions.")]
FrameworkRelease = Annotated[
    str, QueryParameter(max_length=MAX_VALUE_LENGTH, description='Release of the framework: "Django 6.0" or "6.0".')
]
PythonRelease = Annotated[str, QueryParameter(max_length=20, description="Release of Python, such as 3.14.")]
Names = Annotated[
    Sequence[Value],
    QueryParameter(
        min_items=1,
        max_items=10,
        description="Package name in any spelling; repeat it for 2 to 4 packages.",
        schema_extra={"items": _VALUE_SCHEMA},
    ),
]


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
    q: Text = "", updated_within: Days = None, declared_only: DeclaredOnly = False, **selected: Sequence[str]
) -> SearchQuery:
    """Build the query of a request; empty values, which HTML forms send, are ignored."""
    filters = select_values({name: _read_values(FACETS[name], values) for name, values in selected.items()})
    if count_selected(filters) > MAX_SELECTED_VALUES:
        raise _reject_params(
            {name: f"at most {MAX_SELECTED_VALUES} values of all filters together" for name, _ in filters}
        )
    return SearchQuery(text=q, filters=filters, updated_within=updated_within, declared_only=declared_only)


def _read_values(facet: Facet, values: Sequence[str]) -> list[str]:
    present = [value for value in values if value.strip()]
    choices = [facet.find_choice(value) for value in present]
    if not all(choices):
        raise _reject_params({facet.name: f"must be one of {', '.join(facet.choices)}"})
    return choices


def _declare_facet_params(function: Callable[..., SearchQuery]) -> None:
    """Replace `**selected` in a signature by a parameter for each facet: Litestar reads and describes these."""
    parameters = [
        parameter.replace(kind=Parameter.KEYWORD_ONLY)
        for parameter in signature(function).parameters.values()
        if parameter.kind is not Parameter.VAR_KEYWORD
    ]
    parameters[1:1] = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=(), annotation=_build_facet_type(facet))
        for name, facet in FACETS.items()
    ]
    function.__signature__ = Signature(parameters, return_annotation=SearchQuery)  # type: ignore[attr-defined]
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}


def _build_facet_type(facet: Facet) -> Any:
    item = Schema(type=OpenAPIType.STRING, enum=list(facet.choices)) if facet.choices else _VALUE_SCHEMA
    description = f"{facet.help} Repeatable; one of the values must match."
    # Litestar checks the number of values; `build_search_query` checks that of all filters together.
    return Annotated[
        Sequence[Value],
        QueryParameter(max_items=MAX_SELECTED_VALUES, description=description, schema_extra={"items": item}),
    ]


_declare_facet_params(build_search_query)

# The type of a handler's parameters `search_query` and `list_query`; their builders' parameters are in OpenAPI.
InjectedSearchQuery = NamedDependency[SkipValidation[SearchQuery]]


def build_list_query(
    search_query: InjectedSearchQuery,
    sort: Order = Sort.RELEVANCE,
    page: Page = 1,
    per_page: PerPage = DEFAULT_PER_PAGE,
) -> SearchQuery:
    """Build the query of a request that returns a page of results."""
    return replace(search_query, sort=sort, page=page, per_page=per_page)


def reject_unknown_params(request: Request[Any, Any, Any], allowed: Iterable[str]) -> None:
    """Raise `RequestRejected` for an unknown parameter: ignoring a misspelled filter would return wrong results."""
    allowed = frozenset(allowed)
    if unknown := sorted({name for name in request.query_params if name not in allowed}):
        reason = f"unknown parameter; known parameters: {', '.join(sorted(allowed)) or 'none'}"
        raise _reject_params({name[:100]: reason for name in unknown[:10]})


def _reject_params(reasons: Mapping[str, str]) -> RequestRejected:
    invalid_params = tuple(InvalidParam(name, reason) for name, reason in reasons.items())
    detail = f"{invalid_params[0].name}: {invalid_params[0].reason}"
    return RequestRejected(HTTPStatus.BAD_REQUEST, detail, invalid_params=invalid_params)
