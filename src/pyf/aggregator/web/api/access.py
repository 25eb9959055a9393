"""Who may use the interface: everybody, or those with a key that opens the collection."""

from http import HTTPStatus
from typing import Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from ...domain.api_key import SEARCH
from ...usecases.shelves import FilledShelf, Shelf
from ..failures import Refused
from ..site import Site, TheSite

HEADER = "x-api-key"


def open_shelf(request: Request[Any, Any, Any], site: TheSite, profile: FromPath[str]) -> Shelf:
    """Return the collection that a path names, to those who may read it."""
    check(request, site, profile)
    return site.shelf(profile)


# What a handler names `shelf` to be given it.
TheShelf = NamedDependency[SkipValidation[Shelf]]


def check(request: Request[Any, Any, Any], site: Site, collection: str) -> None:
    """Raise `Refused` where keys are required and the request has none that opens a collection."""
    if not site.settings.web_api_keys_required:
        return
    value = _value(request)
    if not value:
        raise Refused(
            HTTPStatus.UNAUTHORIZED,
            f"This needs a key, in the header {HEADER} or as a bearer token.",
            headers={"www-authenticate": "Bearer"},
        )
    if not site.services.keys.allows(value, SEARCH, collection):
        raise Refused(HTTPStatus.FORBIDDEN, "This key does not open this collection.")


def readable(request: Request[Any, Any, Any], site: Site) -> list[FilledShelf]:
    """Return the collections that a request may read."""
    found = []
    for filled in site.shelves():
        try:
            check(request, site, filled.shelf.key)
        except Refused as refused:
            if refused.status == HTTPStatus.UNAUTHORIZED:
                raise
        else:
            found.append(filled)
    return found


def _value(request: Request[Any, Any, Any]) -> str:
    bearer = request.headers.get("authorization", "")
    scheme, _, value = bearer.partition(" ")
    return request.headers.get(HEADER, "") or (value.strip() if scheme.lower() == "bearer" else "")
