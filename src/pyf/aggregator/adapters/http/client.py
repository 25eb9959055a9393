"""HTTP client shared by all services: one connection pool, and a count of the requests sent."""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from aiohttp.connector import Connection
from stamina.instrumentation import set_on_retry_hooks

from ... import __version__
from ...domain.errors import Invalid
from ..metrics_store import LocalRequestMetrics
from .event_loop import EventLoopThread

T = TypeVar("T")
R = TypeVar("R")

# The thread that sends a request; coroutines on the event loop inherit the value from their caller.
_request_thread: ContextVar[int] = ContextVar("request_thread", default=0)

_CONTACT = re.compile(r"[\x20-\x7e]*")


class ConnectionLost(aiohttp.ClientError):
    """The connection ended after the request was sent and before the response began."""


class HttpClient:
    """HTTP client for synchronous callers in any number of threads; implements `RequestCounter`.

    `ServiceClient` adds limits, retries and error mapping. A forked child opens its own connections. Close the
    client, or use it as a context manager.

    Args:
        contact: Contact that operators of the services see in the user agent.
        request_metrics: Counts requests by outcome.
    """

    def __init__(self, *, contact: str = "", request_metrics: LocalRequestMetrics | None = None) -> None:
        if not _CONTACT.fullmatch(contact):
            raise Invalid("the contact must be one line of ASCII text")
        self.request_metrics = request_metrics or LocalRequestMetrics()
        self._user_agent = f"pyf.aggregator/{__version__}" + (f" (+{contact})" if contact else "")
        self._loop_thread = EventLoopThread()
        # By loop. Sessions of a parent process stay untouched: closing them would write to the parent's connections.
        self._sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}
        self._sent_counts: Counter[int] = Counter()  # by calling thread
        # Stamina's log line does not name the request; `retry` logs its own.
        set_on_retry_hooks([])

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the event loop and return its result."""
        _request_thread.set(threading.get_ident())
        return self._loop_thread.run(coroutine)

    def stream(
        self, jobs: Iterable[T], process: Callable[[T], Coroutine[Any, Any, R]], max_pending: int
    ) -> Iterator[R]:
        """Process jobs concurrently and yield results as they arrive (see `EventLoopThread.stream`)."""
        _request_thread.set(threading.get_ident())
        return self._loop_thread.stream(jobs, process, max_pending)

    def get_session(self) -> aiohttp.ClientSession:
        """Return the session of the running event loop; must be called on that loop."""
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            session = self._sessions[loop] = self._create_session()
        return session

    def count(self) -> int:
        """Return how many requests the calling thread has sent, retries included.

        Each thread may execute a different run, and each run reports its own requests.
        """
        return self._sent_counts[threading.get_ident()]

    def close(self) -> None:
        """Cancel running requests and close all connections; calling it again has no effect."""
        self._loop_thread.close(self._close_session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _create_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            # Each service limits its own concurrency. A DNS lookup occupies a thread, so results are kept 5 minutes.
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "gzip"},
            middlewares=[_translate_lost_connections],
            request_class=_build_counting_request(self._record_sent),
        )

    def _record_sent(self) -> None:
        self._sent_counts[_request_thread.get()] += 1

    async def _close_session(self) -> None:
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()


def _build_counting_request(on_sent: Callable[[], None]) -> type[aiohttp.ClientRequest]:
    """Return a request class that calls `on_sent` after a request is written to a connection.

    An aiohttp trace fires before the write, so it also counts requests that are cancelled there; it adds 10 % to the
    cost of a request.
    """

    class Request(aiohttp.ClientRequest):
        async def send(self, conn: Connection) -> aiohttp.ClientResponse:
            response = await super().send(conn)
            on_sent()
            return response

    return Request


async def _translate_lost_connections(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Stop aiohttp from retrying by itself: such retries bypass the rate limit and the retry count."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise ConnectionLost from error
