"""The server over real HTTP, with its keys; what it answers is in `routes`."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from aiohttp import web

from pyf.aggregator.sample.answer import Answer
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.server import LocalService, Target
from typesense_double import keys
from typesense_double.errors import Refused
from typesense_double.routes import Route, answered, route_of
from typesense_double.store import Store

ADMIN_KEY = "admin-key"
_LONGEST_QUERY = 4000
_FORBIDDEN = "Forbidden - a valid `x-typesense-api-key` header must be sent."


@dataclass(frozen=True, slots=True)
class TypesenseTarget(Target):
    """A request's subject; `project` is the collection that it names."""

    route: Route | None = None
    query: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class LocalTypesense(LocalService[TypesenseTarget]):
    """A server on what a store holds; several may share one, and one may take it over from another that has stopped."""

    def __init__(self, store: Store | None = None, *, port: int = 0, latency: float = 0.0) -> None:
        super().__init__(port=port, latency=latency)
        self.store = store or Store()

    @property
    def port(self) -> int:
        return self._port

    def target(self, method: str, path: str, body: bytes) -> TypesenseTarget:
        address, _, query = path.partition("?")
        route = route_of(method, [unquote(part) for part in address.strip("/").split("/")])
        return TypesenseTarget(
            route.kind if route else "other",
            route.collection if route else "",
            route=route,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            body=body,
        )

    def answer(self, target: TypesenseTarget, request: web.BaseRequest, fault: Fault | None) -> Answer:
        try:
            if target.route is None:
                raise Refused(404, "Not Found")
            self._check_key(target.route, target, request.headers.get("X-TYPESENSE-API-KEY", ""))
            # Not in the recording: the server's own message when a search got too long.
            length = sum(len(name) + len(value) + 2 for name, value in target.query.items())
            if target.route.kind == "search" and length > _LONGEST_QUERY:
                raise Refused(400, "Query string exceeds max allowed length of 4000. Use the /multi_search end-point.")
            return answered(self.store, target.route, target.query, target.body)
        except Refused as refused:
            return Answer(msgspec.json.encode({"message": refused.message}), status=refused.status)

    def _check_key(self, route: Route, target: TypesenseTarget, key: str) -> None:
        if not route.action or key == ADMIN_KEY:
            return
        if not keys.is_allowed(self.store, key, route.action, _collections(route, target)):
            raise Refused(401, _FORBIDDEN)


def _collections(route: Route, target: TypesenseTarget) -> list[str]:
    if route.kind != "multi_search":
        return [route.collection] if route.collection else []
    try:
        asked: Any = msgspec.json.decode(target.body)
    except msgspec.DecodeError:
        return []
    return [each.get("collection", target.query.get("collection", "")) for each in asked.get("searches", ())]
