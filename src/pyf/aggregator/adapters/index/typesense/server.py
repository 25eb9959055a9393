"""Talks to a Typesense server or cluster through the official client, and waits for one that is away for a while.

Every request here may be sent twice: what a lost answer leaves open is asked for again. The client goes on to the next
node of a cluster by itself; this module waits when none of them answers.
"""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from typesense import Client, exceptions
from typesense.configuration import NodeConfigDict

from ....domain.errors import Unavailable
from ...traffic import TrafficCount
from .counted import CountedTransport
from .errors import FAILURES, meaning
from .patience import Patience

Result = TypeVar("Result")

# Seconds that a connection may take.
_CONNECT = 10.0

# At a command's start a server that is just starting is waited for; one that is not there should be told soon.
_START = 5.0

# Seconds after which a node that failed is tried again; seconds before the client turns to the next node.
_NODE_IS_BACK_AFTER = 5
_BEFORE_NEXT_NODE = 0.05

# A server that has restarted is healthy before it has read its log again: counts that stand still show the end of it.
_STILL = 1.0

_PORTS = {"http": 8108, "https": 443}


class Server:
    """A server, or the nodes of a cluster, by address; safe to share between threads.

    `timeout` is for one answer, `patience` how long a server that is away is waited for, both in seconds. Every
    failure is an `AggregatorError`; texts that it takes go into paths as they are, so they must be safe there. What
    comes of each request is counted by `traffic`.
    """

    def __init__(
        self,
        nodes: Iterable[str],
        api_key: str,
        *,
        timeout: float = 120.0,
        patience: float = 60.0,
        traffic: TrafficCount | None = None,
    ) -> None:
        addresses = tuple(nodes)
        self.address = ", ".join(addresses)
        self._patience = Patience(patience, self.address, self._is_back)
        # As everywhere in this program: the system's certificates, and no proxy that the environment names.
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT)),
            transport=CountedTransport(traffic or TrafficCount(), verify=ssl.create_default_context()),
            trust_env=False,
        )
        self._key = api_key
        self._client = Client(
            {
                "nodes": [_node(address) for address in addresses],
                "api_key": api_key,
                "connection_timeout_seconds": timeout,
                "num_retries": len(addresses) - 1,
                "retry_interval_seconds": _BEFORE_NEXT_NODE,
                "healthcheck_interval_seconds": _NODE_IS_BACK_AFTER,
            },
            http_client=self._http,
        )
        self._has_answered = False
        self._lock = Lock()

    def ask(self, request: Callable[[Client], Result], *, patience: float | None = None) -> Result:
        """Return what the server answers to a request; one that gets no answer is repeated until `patience` ends."""
        self._await_first_answer()
        return self._patience.with_answer(lambda: request(self._client), patience)

    def read(self, path: str, query: Mapping[str, str], gather: Callable[[Iterator[bytes]], Result]) -> Result:
        """Return what `gather` makes of an answer's lines, which are never all in memory.

        `gather` starts anew with the first line where the answer has broken off.
        """
        self._await_first_answer()
        return self._patience.with_answer(lambda: self._streamed(path, query, gather))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _await_first_answer(self) -> None:
        with self._lock:
            if not self._has_answered:
                self._patience.with_answer(self._check_health, min(self._patience.seconds, _START))
                self._has_answered = True

    def _check_health(self) -> None:
        try:
            is_healthy = self._client.operations.is_healthy()
        except exceptions.ObjectNotFound as error:
            raise ValueError("it knows no /health") from error
        if not is_healthy:
            raise exceptions.ServiceUnavailable(503, "it is not healthy")

    def _is_back(self) -> bool:
        """Tell whether the server is healthy and has read its log."""
        try:
            self._check_health()
            before = self._counts()
            time.sleep(min(_STILL, self._patience.seconds / 20))
            return before == self._counts()
        except FAILURES as error:
            if isinstance(failure := meaning(error, self.address), Unavailable):
                return False
            raise failure from error

    def _counts(self) -> dict[str, int]:
        listed: list[Any] = self._client.api_call.get(
            "/collections", list, as_json=True, params={"exclude_fields": "fields"}
        )
        return {each["name"]: each["num_documents"] for each in listed}

    def _streamed(self, path: str, query: Mapping[str, str], gather: Callable[[Iterator[bytes]], Result]) -> Result:
        """Read an answer as the client does, which itself would take it into memory as a whole."""
        calls = self._client.api_call
        node = calls.node_manager.get_node()
        headers = {calls.request_handler.api_key_header_name: self._key}
        try:
            with self._http.stream("GET", node.url() + path, params=dict(query), headers=headers) as response:
                if not response.is_success:
                    response.read()
                    calls.request_handler.raise_for_status(response)
                result = gather(_lines(response.iter_bytes()))
        except (httpx.TransportError, exceptions.ServerError, exceptions.ServiceUnavailable):
            calls.node_manager.set_node_health(node, is_healthy=False)
            raise
        calls.node_manager.set_node_health(node, is_healthy=True)
        return result


def _node(address: str) -> NodeConfigDict:
    parts = urlsplit(address)
    return {
        "host": parts.hostname or "",
        "port": parts.port or _PORTS[parts.scheme],
        "path": parts.path.rstrip("/"),
        "protocol": parts.scheme,
    }


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut at line feeds and nowhere else: a document's text may hold every other kind of line end."""
    rest: list[bytes] = []
    for piece in pieces:
        first, *others = piece.split(b"\n")
        rest.append(first)
        if others:
            yield from filter(None, [b"".join(rest), *others[:-1]])
            rest = [others[-1]]
    yield from filter(None, [b"".join(rest)])
