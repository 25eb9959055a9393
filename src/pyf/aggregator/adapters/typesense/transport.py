"""Count the requests to a Typesense server and the connections that they need."""

import ssl
from threading import Lock, local
from typing import Any

import httpx

from ..metrics_store import LocalRequestMetrics

_CONNECTED = "connection.connect_tcp.complete"


class CountedTransport(httpx.HTTPTransport):
    """The connections to one server.

    Attributes:
        connections: Number of connections opened so far. A server that restarts closes all of its connections, so as
            long as this number stays the same, the same process has answered.
    """

    def __init__(self, traffic: LocalRequestMetrics, *, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify, trust_env=False)
        self.connections = 0
        self._traffic = traffic
        self._lock = Lock()
        self._of_thread = local()

    @property
    def connecting_reads(self) -> int:
        """Return how many reads of the current thread needed a new connection."""
        return getattr(self._of_thread, "connecting_reads", 0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        is_read = request.method == "GET" or request.url.path.endswith("/multi_search")

        def on_event(event: str, _details: Any) -> None:
            if event == _CONNECTED:
                with self._lock:
                    self.connections += 1
                if is_read:
                    self._of_thread.connecting_reads = self.connecting_reads + 1

        request.extensions = {**request.extensions, "trace": on_event}
        outcome = "given_up"
        try:
            response = super().handle_request(request)
            outcome = str(response.status_code)
            return response
        except httpx.TimeoutException:
            outcome = "timeout"
            raise
        except httpx.ConnectError:
            outcome = "no_connection"
            raise
        except httpx.TransportError:
            outcome = "broken_off"
            raise
        finally:
            self._traffic.record("typesense", outcome)
