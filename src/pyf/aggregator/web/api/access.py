"""Who may use the interface: everybody, or those with a key that opens the collection."""

from http import HTTPStatus
from typing import Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from ...domain.api_key import SEARCH_ACTION
from ...usecases.shelves import CollectionSummary, PublicCollection
from ..failures import RequestRejected
from ..site import Site, InjectedSite

KEY_HEADER = "x-api-key"


def get_requested_collection(request: Request[Any, Any, Any], site: InjectedSite, collection: FromPath[str]) -> PublicCollection:
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
