"""The test server over real HTTP; what it answers is in `server`."""

from typing import Any

from aiohttp import web

from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.local_service import LocalService
from pyf.aggregator.sandbox.responses import PreparedResponse
from support.typesense_fake.forms import list_forms
from support.typesense_fake.live import IS_LIVE, LiveStore
from support.typesense_fake.recording import list_covered_forms
from support.typesense_fake.requests import Request, parse_request
from support.typesense_fake.schema import encode
from support.typesense_fake.server import respond
from support.typesense_fake.store import Store

NO_RECORDING = "No recording of a real server has this form of request; CONTRIBUTING.md says how to record"


class UncoveredRequest(AssertionError):
    """A test has sent what no real server is known to answer."""


def open_store() -> Any:
    """Return an empty store: one of the test server, or a namespace on the real server that the environment names."""
    return LiveStore() if IS_LIVE else Store()


class LocalTypesense(LocalService[Request]):
    """A server on what a store holds; several may share one, and one may take it over from another that has stopped."""

    def __init__(self, store: "Store | LiveStore | None" = None, *, port: int = 0, latency: float = 0.0) -> None:
        super().__init__(port=port, latency=latency)
        self.uncovered: set[str] = set()
        self._owns_store = store is None
        self.store: Any = store or open_store()

    @property
    def port(self) -> int:
        return self._port

    def parse_target(self, method: str, path: str, body: bytes) -> Request:
        return parse_request(method, path, body)

    def build_response(self, target: Request, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        key = request.headers.get("X-TYPESENSE-API-KEY", "")
        uncovered = set() if IS_LIVE else list_forms(target) - list_covered_forms()
        if uncovered:
            self.uncovered |= uncovered
            return PreparedResponse(encode({"message": f"{NO_RECORDING}: {', '.join(sorted(uncovered))}"}), status=501)
        return (
            self.store.respond(target, key) if isinstance(self.store, LiveStore) else respond(self.store, target, key)
        )

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        if self.uncovered and error[0] is None:
            raise UncoveredRequest(f"{NO_RECORDING}: {', '.join(sorted(self.uncovered))}")
        if self._owns_store and isinstance(self.store, LiveStore):
            self.store.close()
