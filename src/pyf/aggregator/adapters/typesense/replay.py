"""Wait until a Typesense server has applied its log, after each new connection.

After a restart a server answers requests, and reports itself as healthy, while it still applies the log of earlier
writes: collections are missing or hold a part of their documents. The log is in order, and each write goes from it to
the queue of its collection. So a write of ours that was acknowledged shows that all earlier writes have left the log,
and after that, queues that are empty, or a write to a collection's own queue, show that they were applied.
"""

import ssl
import time
from threading import Lock, local
from typing import Any, Protocol

import httpx
from typesense import exceptions

from ..metrics_store import LocalRequestMetrics
from .retry import CatchingUp

_CONNECTED = "connection.connect_tcp.complete"


class CountedTransport(httpx.HTTPTransport):
    """The connections to one server.

    Attributes:
        connections: Number of connections opened so far. A server that restarts closes all of its connections, so as
            long as this number stays the same, the same process has responded.
    """

    def __init__(
        self, request_metrics: LocalRequestMetrics, *, verify: ssl.SSLContext, proxy: str | None = None
    ) -> None:
        super().__init__(verify=verify, trust_env=False, proxy=proxy)
        self.connections = 0
        self._request_metrics = request_metrics
        self._lock = Lock()
        self._of_thread = local()

    @property
    def connecting_reads(self) -> int:
        """The number of reads of the current thread that needed a new connection."""
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
        outcome = "cancelled"
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
            outcome = "connection_lost"
            raise
        finally:
            self._request_metrics.record("typesense", outcome)


# Seconds for the queues of a server to become empty, and between two checks.
_DRAIN_TIMEOUT = 2.0
_POLL_INTERVAL = 0.02

# Seconds. A key that may not write takes unchanged document counts over this time as the end of the log.
_STANDSTILL_SECONDS = 1.0

# Seconds for a write that changes nothing.
_REQUEST_TIMEOUT = 10.0

# A proxy may open a connection for each request: connections do not show restarts then.
_MAX_ATTEMPTS = 3

# An id that no document has.
_NO_DOCUMENT = "_pyf_no_document"


class Requests(Protocol):
    """Sends one request to one server."""

    def send(self, method: str, path: str, query: dict[str, str], timeout: float) -> httpx.Response:
        """Return a successful response; raise the client's exceptions otherwise."""


class ReplayBarrier:
    """Checks once per connection that a server has applied its log."""

    def __init__(self, requests: Requests, transport: CountedTransport) -> None:
        self._requests = requests
        self._transport = transport
        self._confirmed = -1
        self._last_counts: dict[str, int] | None = None
        self._lock = Lock()

    def reset(self) -> None:
        """Make the next check query the server again."""
        self._confirmed = -1

    def await_applied(self) -> None:
        """Return when all earlier writes have been applied.

        Raises:
            CatchingUp: The server has not applied them in time.
        """
        if self._confirmed == self._transport.connections:
            return
        with self._lock:
            if self._confirmed == self._transport.connections:
                return
            for _ in range(_MAX_ATTEMPTS):
                self._check_health()
                connections = self._transport.connections
                self._await_log()
                if connections == self._transport.connections:
                    break
            self._confirmed = connections

    def _check_health(self) -> None:
        try:
            health = self._get("/health")
        except exceptions.ServiceUnavailable as error:
            raise CatchingUp(503, str(error)) from error
        except exceptions.ObjectNotFound as error:
            raise ValueError("it has no /health") from error
        if not isinstance(health, dict) or not health.get("ok"):
            raise CatchingUp(503, "it is not healthy")

    def _await_log(self) -> None:
        try:
            # The server's own write for this purpose, which changes nothing: even a full server accepts it.
            self._send("POST", "/health")
            self._await_queues()
        except (exceptions.RequestUnauthorized, exceptions.RequestForbidden):
            self._await_standstill()
        except httpx.ReadTimeout as error:
            raise CatchingUp(503, "it applies its log") from error

    def _await_queues(self) -> None:
        end = time.monotonic() + _DRAIN_TIMEOUT
        while self._get("/status")["queued_writes"] > 0:
            if time.monotonic() > end:
                self._pass_queues()
                return
            time.sleep(_POLL_INTERVAL)

    def _pass_queues(self) -> None:
        """Wait in the queue of each collection: other processes may write so much that the queues are never empty."""
        passed: set[str] = set()
        while names := self._list_collection_names() - passed:
            for name in sorted(names):
                try:
                    path = f"/collections/{name}/documents/{_NO_DOCUMENT}"
                    self._send("DELETE", path)
                except exceptions.ObjectNotFound:
                    pass  # expected; the response comes in the order of the queue
            passed |= names

    def _list_collection_names(self) -> set[str]:
        """Return the names of collections, including missing ones that an alias points to."""
        collections = {collection["name"] for collection in self._get("/collections", {"exclude_fields": "fields"})}
        return collections | {alias["collection_name"] for alias in self._get("/aliases")["aliases"]}

    def _await_standstill(self) -> None:
        """Wait until document counts are those of the last check, or do not change any more."""
        try:
            counts = self._count_documents()
            if counts == self._last_counts:
                return
            time.sleep(_STANDSTILL_SECONDS)
            if counts != self._count_documents():
                raise CatchingUp(503, "it applies its log")
            self._last_counts = counts
        except (exceptions.RequestUnauthorized, exceptions.RequestForbidden):
            return  # a key for searches alone: nothing that it may request says more than the health

    def _count_documents(self) -> dict[str, int]:
        listed = self._get("/collections", {"exclude_fields": "fields"})
        return {collection["name"]: collection["num_documents"] for collection in listed}

    def _get(self, path: str, query: dict[str, str] | None = None) -> Any:
        return self._send("GET", path, query).json()

    def _send(self, method: str, path: str, query: dict[str, str] | None = None) -> httpx.Response:
        return self._requests.send(method, path, query or {}, _REQUEST_TIMEOUT)
