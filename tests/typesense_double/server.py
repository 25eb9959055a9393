"""Answers a request from what a store holds: limits first, then keys, then the request itself."""

from typing import Any

from pyf.aggregator.sample.answer import Answer
from typesense_double import keys
from typesense_double.errors import RequestRejected
from typesense_double.requests import Request
from typesense_double.routes import Route, handle_request
from typesense_double.schema import encode
from typesense_double.store import Store

ADMIN_KEY = "admin-key"
# Bytes of a search's query string, its question mark included.
MAX_QUERY_LENGTH = 4000
_FORBIDDEN = "Forbidden - a valid `x-typesense-api-key` header must be sent."


def respond(store: Store, request: Request, key: str) -> Answer:
    """Return the answer to a request that bears a key."""
    try:
        if request.route is None:
            raise RequestRejected(404, "Not Found")
        _check_query_length(request)
        _check_key(store, request.route, request, key)
        return handle_request(store, request.route, request.query, request.body)
    except RequestRejected as error:
        return Answer(encode({"message": error.message}), status=error.status)


def _check_query_length(request: Request) -> None:
    """Reject a search whose query string is too long, as the server does with no other request."""
    if request.kind == "search" and len(request.query_string) > MAX_QUERY_LENGTH:
        message = f"Query string exceeds max allowed length of {MAX_QUERY_LENGTH}. Use the /multi_search end-point for"
        raise RequestRejected(400, f"{message} larger payloads.")


def _check_key(store: Store, route: Route, request: Request, key: str) -> None:
    if not route.action or key == ADMIN_KEY:
        return
    if not keys.is_allowed(store, key, route.action, _list_collections(route, request)):
        raise RequestRejected(401, _FORBIDDEN)


def _list_collections(route: Route, request: Request) -> list[str]:
    if route.kind != "multi_search":
        return [route.collection] if route.collection else []
    body: Any = request.parse_body() or {}
    return [search.get("collection", request.query.get("collection", "")) for search in body.get("searches", ())]
