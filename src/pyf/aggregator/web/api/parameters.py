"""Who may use the interface: everybody, or those with a key that opens the collection.

What may be asked for in a query: each parameter with its bounds, and the question that they make together.
"""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.params import FromPath, QueryParameter, SkipValidation
from msgspec import Meta

from ...domain.search import MAX_SELECTED_VALUES, MAX_VALUE_LENGTH, HealthBand, SearchQuery, Sort
from ...ports.keys import SEARCH_ACTION
from ...usecases.collections.overview import CollectionSummary, PublicCollection
from ..problems import InvalidParam, RequestRejected
from ..site import InjectedSite, Site

KEY_HEADER = "x-api-key"


def get_requested_collection(
    request: Request[Any, Any, Any], site: InjectedSite, collection: FromPath[str]
) -> PublicCollection:
    """Return the collection that a path names, to those who may read it."""
    require_key(request, site, collection)
    return site.get_collection(collection)


# What a handler names `shelf` to be given it.
InjectedCollection = NamedDependency[SkipValidation[PublicCollection]]


def require_key(request: Request[Any, Any, Any], site: Site, collection: str) -> None:
    """Raise `Refused` where keys are required and the request has none that opens a collection."""
    if not site.settings.web_api_keys_required:
        return
    key = _get_key(request)
    if not key:
        raise RequestRejected(
            HTTPStatus.UNAUTHORIZED,
            f"This needs a key, in the header {KEY_HEADER} or as a bearer token.",
            headers={"www-authenticate": "Bearer"},
        )
    if not site.deps.keys.is_allowed(key, SEARCH_ACTION, collection):
        raise RequestRejected(HTTPStatus.FORBIDDEN, "This key does not open this collection.")


def list_readable_collections(request: Request[Any, Any, Any], site: Site) -> list[CollectionSummary]:
    """Return the collections that a request may read."""
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
    authorization = request.headers.get("authorization", "")
    scheme, _, token = authorization.partition(" ")
    return request.headers.get(KEY_HEADER, "") or (token.strip() if scheme.lower() == "bearer" else "")


MAX_TEXT_LENGTH = 500
MAX_PER_PAGE = 100

Value = Annotated[str, Meta(max_length=MAX_VALUE_LENGTH)]
# Bounds of a list's values, and of what may be absent, do not reach the description by themselves.
_VALUES_SCHEMA = {"items": Schema(type=OpenAPIType.STRING, max_length=MAX_VALUE_LENGTH)}
Values = Annotated[
    Sequence[Value],
    QueryParameter(
        max_items=MAX_SELECTED_VALUES, description="May be repeated: either will do.", schema_extra=_VALUES_SCHEMA
    ),
]
Bands = Annotated[Sequence[HealthBand], QueryParameter(max_items=5, description="May be repeated: either will do.")]
Text = Annotated[str, QueryParameter(max_length=MAX_TEXT_LENGTH, description="What to look for, in words.")]
Days = Annotated[
    int | None,
    QueryParameter(
        ge=0, le=36_500, description="Released within so many days.", schema_extra={"minimum": 0, "maximum": 36_500}
    ),
]
Order = Annotated[Sort, QueryParameter(description="What comes first.")]
Page = Annotated[int, QueryParameter(ge=1, le=10_000, description="Counted from 1.")]
PerPage = Annotated[int, QueryParameter(ge=1, le=MAX_PER_PAGE, description="Projects on a page.")]
Limit = Annotated[int, QueryParameter(ge=1, le=50, description="At most so many.")]
Names = Annotated[
    Sequence[Value],
    QueryParameter(
        min_items=1,
        max_items=10,
        description="2 to 4 projects: repeat it; any spelling will do.",
        schema_extra=_VALUES_SCHEMA,
    ),
]

# The parameters of a search, which are those of `Question`, but for what the profile in the path says.
SEARCH_PARAMS = frozenset(SearchQuery.__struct_fields__) - {"frameworks"}


def build_search_query(
    text: Text = "",
    framework_versions: Values = (),
    python_versions: Values = (),
    licenses: Values = (),
    classifiers: Values = (),
    health: Bands = (),
    statuses: Values = (),
    maintainers: Values = (),
    updated_within: Days = None,
) -> SearchQuery:
    """Return the question that parameters make, from its first page; values that a form has left empty do not count."""
    return SearchQuery(
        text=text,
        framework_versions=_drop_blank(framework_versions),
        python_versions=_drop_blank(python_versions),
        licenses=_drop_blank(licenses),
        classifiers=_drop_blank(classifiers),
        health=tuple(health),
        statuses=_drop_blank(statuses),
        maintainers=_drop_blank(maintainers),
        updated_within=updated_within,
    )


# What a handler names `narrowed` to be given it; its parameters are described as the handler's own.
InjectedSearchQuery = NamedDependency[SkipValidation[SearchQuery]]


def _drop_blank(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(value for value in values if value.strip())


def reject_unknown_params(request: Request[Any, Any, Any], allowed: Iterable[str]) -> None:
    """Raise `Refused` for a parameter that does nothing here: a filter with a slip in its name must not be ignored."""
    allowed = frozenset(allowed)
    if unknown := sorted({name for name in request.query_params if name not in allowed}):
        reason = f"there is no such parameter; there are {', '.join(sorted(allowed)) or 'none'}"
        invalid_params = tuple(InvalidParam(name[:100], reason) for name in unknown[:10])
        raise RequestRejected(
            HTTPStatus.BAD_REQUEST, f"{invalid_params[0].name}: {reason}", invalid_params=invalid_params
        )
