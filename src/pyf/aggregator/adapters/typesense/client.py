"""Send requests to a Typesense server or cluster, and wait while it is unavailable or applies its log.

A request whose response was lost is sent again, so every request must be repeatable. Requests to a cluster go to its
leader, which alone is sure to have every acknowledged write.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from typesense import Client, exceptions
from typesense.configuration import NodeConfigDict

from ..metrics_store import LocalRequestMetrics
from ..proxies import Proxies
from .replay import CountedTransport, ReplayBarrier
from .retry import TRANSPORT_ERRORS, RetryTimeout, ServerUnavailable, translate_error

Result = TypeVar("Result")

# Seconds for opening a connection.
_CONNECT_TIMEOUT = 10.0

# Seconds between two checks whether a node still leads its cluster.
_LEADER_CHECK_INTERVAL = 1.0
_LEADER_STATE = 1

# The start of the line that ends an export after an error; no document of this schema starts like this.
_ERROR = b'{"message":'
_EVERY_DOCUMENT = "id:*"

_PORTS = {"http": 8108, "https": 443}


class Server:
    """A server, or the nodes of a cluster, by URL; threads share it.

    Every failure is an `AggregatorError`. Texts in paths are not quoted.

    Args:
        nodes: URLs of the nodes.
        api_key: The key of each request.
        timeout: Seconds for one response.
        retry_timeout: Seconds for which requests to an unavailable server are repeated.
        request_metrics: Counts the outcome of each request.
        event_hooks: Functions that the HTTP library calls with each `request` or `response`.
        proxies: Proxies of requests.
    """

    def __init__(
        self,
        nodes: Iterable[str],
        api_key: str,
        *,
        timeout: float = 120.0,
        retry_timeout: float = 60.0,
        request_metrics: LocalRequestMetrics | None = None,
        event_hooks: Mapping[str, list[Callable[..., None]]] | None = None,
        proxies: Proxies = Proxies(),
    ) -> None:
        urls = tuple(nodes)
        self.address = ", ".join(urls)
        counter = request_metrics or LocalRequestMetrics()
        # As everywhere in this program, the system's certificates.
        transports = [
            CountedTransport(counter, verify=ssl.create_default_context(), proxy=proxies.find(url)) for url in urls
        ]
        self._nodes = _Cluster(
            [
                _Node(url, api_key, timeout, transport, event_hooks or {})
                for url, transport in zip(urls, transports, strict=True)
            ]
        )
        self._retry = RetryTimeout(retry_timeout, self.address)

    def request(self, request: Callable[[Client], Result], *, retry_timeout: float | None = None) -> Result:
        """Return the response to a request, which is repeated until `retry_timeout` ends."""
        return self._retry.run(lambda: self._request_leader(lambda node: request(node.client)), retry_timeout)

    def read_lines(self, path: str, query: Mapping[str, str], gather: Callable[[Iterator[bytes]], Result]) -> Result:
        """Return the result of `gather` for the lines of an export, which are never all in memory.

        If the response breaks off, `gather` is called again from the first line.
        """
        # Without a filter, the server ends an export of selected fields at a document that was deleted meanwhile.
        filtered = {"filter_by": _EVERY_DOCUMENT, **query}
        return self._retry.run(lambda: self._request_leader(lambda node: node.stream(path, filtered, gather)))

    def close(self) -> None:
        """Close the connections."""
        self._nodes.close()

    def _request_leader(self, request: Callable[["_Node"], Result]) -> Result:
        """Return the response of the leader, or of its successor."""
        for attempts_left in reversed(range(len(self._nodes))):
            try:
                return self._nodes.get_leader().request(request)
            except TRANSPORT_ERRORS as error:
                if not isinstance(translate_error(error, self.address), ServerUnavailable):
                    raise
                self._nodes.forget_leader()
                if not attempts_left:
                    raise
        raise AssertionError("a cluster has at least one node")


class _Node:
    """One server with its connections."""

    def __init__(
        self,
        url: str,
        api_key: str,
        timeout: float,
        transport: CountedTransport,
        event_hooks: Mapping[str, list[Callable[..., None]]],
    ) -> None:
        self._transport = transport
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_TIMEOUT)),
            transport=self._transport,
            event_hooks=event_hooks,
            trust_env=False,
        )
        self.client = Client(
            {
                "nodes": [_build_node_config(url)],
                "api_key": api_key,
                "connection_timeout_seconds": timeout,
                "num_retries": 0,
            },
            http_client=self._http,
        )
        self._handler = self.client.api_call.request_handler
        self._timeout = timeout
        self._url = self.client.api_call.node_manager.get_node().url()
        self._headers = {self._handler.api_key_header_name: api_key}
        self.barrier = ReplayBarrier(self, self._transport)

    def request(self, request: Callable[["_Node"], Result]) -> Result:
        """Return the response of a server that has applied its log.

        A new connection may reach a server that has restarted meanwhile: a read is repeated when it has caught up.
        """
        self.barrier.await_applied()
        connecting = self._transport.connecting_reads
        response = request(self)
        if self._transport.connecting_reads == connecting:
            return response
        self.barrier.await_applied()
        return request(self)

    def is_leader(self) -> bool:
        """Return whether the node leads its cluster; True for a key that may not know."""
        try:
            state = self.send("GET", "/debug", {}, _CONNECT_TIMEOUT).json()
        except (exceptions.RequestUnauthorized, exceptions.RequestForbidden):
            return True
        return isinstance(state, dict) and state.get("state") == _LEADER_STATE

    def send(self, method: str, path: str, query: dict[str, str], timeout: float) -> httpx.Response:
        seconds = min(timeout, self._timeout)
        response = self._http.request(method, self._url + path, params=query, headers=self._headers, timeout=seconds)
        if not response.is_success:
            self._handler.raise_for_status(response)
        return response

    def stream(self, path: str, query: Mapping[str, str], gather: Callable[[Iterator[bytes]], Result]) -> Result:
        """Read a response line by line; the client would load all of it into memory."""
        with self._http.stream("GET", self._url + path, params=dict(query), headers=self._headers) as response:
            if not response.is_success:
                response.read()
                self._handler.raise_for_status(response)
            return gather(_check_lines(_split_lines(response.iter_bytes())))

    def close(self) -> None:
        self._http.close()


class _Cluster:
    """The nodes of a cluster; a single server is its own leader."""

    def __init__(self, nodes: list[_Node]) -> None:
        self._nodes = nodes
        self._leader: _Node | None = None
        self._checked_at = 0.0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._nodes)

    def get_leader(self) -> _Node:
        """Return the node that leads.

        Raises:
            ServiceUnavailable: No node leads at the moment.
        """
        if len(self._nodes) == 1:
            return self._nodes[0]
        with self._lock:
            if self._leader is None or time.monotonic() > self._checked_at + _LEADER_CHECK_INTERVAL:
                self._find_leader()
            assert self._leader is not None
            return self._leader

    def forget_leader(self) -> None:
        """Make the next request find the leader and check that it has caught up."""
        with self._lock:
            self._leader = None
        for node in self._nodes:
            node.barrier.reset()

    def close(self) -> None:
        for node in self._nodes:
            node.close()

    def _find_leader(self) -> None:
        previous, self._leader = self._leader, None
        failure: Exception | None = None
        for node in sorted(self._nodes, key=lambda node: node is not previous):
            try:
                if node.is_leader():
                    break
            except TRANSPORT_ERRORS as error:
                failure = error
        else:
            raise failure or exceptions.ServiceUnavailable(503, "the cluster has no leader")
        if node is not previous:
            node.barrier.reset()
        self._leader, self._checked_at = node, time.monotonic()


def _build_node_config(url: str) -> NodeConfigDict:
    parts = urlsplit(url)
    return {
        "host": parts.hostname or "",
        "port": parts.port or _PORTS[parts.scheme],
        "path": parts.path.rstrip("/"),
        "protocol": parts.scheme,
    }


def _check_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of an export; raise for an error line, which the server may send after the status 200."""
    for line in lines:
        if line.startswith(_ERROR):
            raise exceptions.ServiceUnavailable(503, f"the export has broken off: {line.decode(errors='replace')}")
        yield line


def _split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Split at line feeds only: a document's text may contain every other kind of line end."""
    rest: list[bytes] = []
    for piece in pieces:
        first, *further = piece.split(b"\n")
        rest.append(first)
        if further:
            yield from filter(None, [b"".join(rest), *further[:-1]])
            rest = [further[-1]]
    yield from filter(None, [b"".join(rest)])
