"""The test server over real HTTP; what it answers is in `server`."""

from aiohttp import web

from pyf.aggregator.sample.answer import Answer
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.server import LocalService
from typesense_double.requests import Request, parse_request
from typesense_double.server import respond
from typesense_double.store import Store


class LocalTypesense(LocalService[Request]):
    """A server on what a store holds; several may share one, and one may take it over from another that has stopped."""

    def __init__(self, store: Store | None = None, *, port: int = 0, latency: float = 0.0) -> None:
        super().__init__(port=port, latency=latency)
        self.store = store or Store()

    @property
    def port(self) -> int:
        return self._port

    def target(self, method: str, path: str, body: bytes) -> Request:
        return parse_request(method, path, body)

    def answer(self, target: Request, request: web.BaseRequest, fault: Fault | None) -> Answer:
        return respond(self.store, target, request.headers.get("X-TYPESENSE-API-KEY", ""))
