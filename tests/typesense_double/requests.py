"""A request to the server, as all parts of the test server read it."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from pyf.aggregator.sample.server import Target
from typesense_double.routes import Route, match_route


@dataclass(frozen=True, slots=True)
class Request(Target):
    """A request; `kind` is that of its route, `project` the collection that it names.

    Attributes:
        path: as sent, with the query string
        query: the parameters, by name
    """

    method: str = "GET"
    path: str = "/"
    route: Route | None = None
    query: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def query_string(self) -> str:
        """The query string with its question mark, as sent."""
        return self.path[self.path.find("?") :] if "?" in self.path else ""

    def parse_body(self) -> Any:
        """Return the JSON of the body, None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def parse_request(method: str, path: str, body: bytes) -> Request:
    address, _, query = path.partition("?")
    route = match_route(method, [unquote(part) for part in address.strip("/").split("/")])
    return Request(
        route.kind if route else "other",
        route.collection if route else "",
        method=method,
        path=path,
        route=route,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        body=body,
    )


def build_request(method: str, path: str, query: dict[str, str], body: bytes) -> Request:
    return parse_request(method, f"{path}?{urlencode(query)}" if query else path, body)
