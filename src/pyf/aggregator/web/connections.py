"""Limits of connections that apply before a request is complete: deadlines, and numbers of connections."""

import time
from asyncio import TimerHandle, Transport
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import ClassVar

import h11
from msgspec import Struct
from uvicorn.protocols.http.h11_impl import H11Protocol

from .rate_limit import to_client_network

# Connections of one process if the operating system allows it more open files.
_MAX_CONNECTIONS = 2_000
# The share of the allowed open files that connections may use; the index needs some, too.
_OPEN_FILES_SHARE = 0.75


# The client of a Unix socket: a process of this machine, as a rule the proxy.
_LOCAL_CLIENT = ("127.0.0.1", 0)


class ConnectionLimits(Struct, frozen=True, kw_only=True):
    """Limits of connections; times in seconds.

    Attributes:
        total: Connections of one process.
        per_client: Connections of one client network; trusted proxies have no limit of their own.
        header_timeout: Time for the headers of a request, from the end of the last response.
        body_timeout: Time for the body.
        send_timeout: Time that a client has to receive a response.
    """

    total: int
    per_client: int = 100
    header_timeout: float = 10.0
    body_timeout: float = 10.0
    send_timeout: float = 60.0


def get_max_connections() -> int:
    """Return the number of connections that the limit of open files allows this process."""
    try:
        from resource import RLIMIT_NOFILE, getrlimit
    except ImportError:  # Windows
        return _MAX_CONNECTIONS
    open_files = getrlimit(RLIMIT_NOFILE)[0]
    return min(_MAX_CONNECTIONS, int(open_files * _OPEN_FILES_SHARE)) if open_files > 0 else _MAX_CONNECTIONS


class BoundedHttpProtocol(H11Protocol):
    """uvicorn's protocol with limits, which closes connections of clients that let the server wait.

    A new connection above a limit replaces the one that has waited longest for its client, so that a client that only
    waits can't keep others out.
    """

    limits: ClassVar[ConnectionLimits] = ConnectionLimits(total=get_max_connections())

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.client = self.client or _LOCAL_CLIENT
        self.network = to_client_network(self.client[0]) if self.client else ""
        self.waiting_since = time.monotonic()
        self._awaited: type[h11.IDLE] | type[h11.SEND_BODY] | None = None
        self._deadline: TimerHandle | None = None
        self._update_deadline()
        peers = [connection for connection in self._get_peers() if connection.network == self.network]
        if len(peers) > self.limits.per_client and not self._is_trusted_proxy():
            self._close_longest_waiting(peers)
        if len(self.connections) > self.limits.total:
            self._close_longest_waiting(self._get_peers())

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.timeout_keep_alive_task is not None:  # the next request begins
            self._awaited = None
        super().data_received(data)
        self._update_deadline()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._update_deadline()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(self.limits.send_timeout, self._abort_sending)

    @property
    def is_waiting(self) -> bool:
        """Whether the connection waits for its client."""
        return self._awaited is not None

    def abort(self) -> None:
        """Close the connection at once."""
        self.connections.discard(self)
        self.transport.abort()

    def _update_deadline(self) -> None:
        """Start a deadline whenever the connection begins to wait for headers or a body."""
        state = self.conn.their_state
        awaited = state if state in (h11.IDLE, h11.SEND_BODY) else None
        if awaited is self._awaited:
            return
        self._cancel_deadline()
        self._awaited = awaited
        self.waiting_since = time.monotonic()
        if awaited is not None:
            is_head = awaited is h11.IDLE
            timeout = self.limits.header_timeout if is_head else self.limits.body_timeout
            self._deadline = self.loop.call_later(timeout, self.abort)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _abort_sending(self) -> None:
        if self.transport.get_write_buffer_size():
            self.abort()

    def _get_peers(self) -> Iterable["BoundedHttpProtocol"]:
        return [connection for connection in self.connections if isinstance(connection, BoundedHttpProtocol)]

    def _close_longest_waiting(self, connections: Iterable["BoundedHttpProtocol"]) -> None:
        waiting = [connection for connection in connections if connection.is_waiting and connection is not self]
        min(waiting, key=lambda connection: connection.waiting_since, default=self).abort()

    def _is_trusted_proxy(self) -> bool:
        trusted = self.config.forwarded_allow_ips if self.config.proxy_headers else ""
        return self.client is not None and _contains(str(trusted), self.client[0])


@lru_cache(maxsize=4)
def _parse_networks(networks: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(network, strict=False) for network in networks.split(",") if network)


def _contains(networks: str, ip: str) -> bool:
    address = ip_address(ip.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in _parse_networks(networks))
