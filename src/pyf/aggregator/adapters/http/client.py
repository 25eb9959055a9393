"""HTTP client shared by all services: one connection pool, and a count of the requests sent."""

import asyncio
import logging
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
from yarl import URL

from ... import __version__
from ...domain.errors import Invalid
from ..metrics_store import LocalRequestMetrics
from ..proxies import Proxies
from .event_loop import EventLoopThread

T = TypeVar("T")
R = TypeVar("R")

# The thread that sends a request; coroutines on the event loop inherit the value from their caller.
_request_thread: ContextVar[int] = ContextVar("request_thread", default=0)

_CONTACT = re.compile(r"[\x20-\x7e]*")

# Limits of response headers; some proxies of companies add long headers.
MAX_HEADER_BYTES, MAX_HEADERS = 64 * 1024, 512

# A process reads one response above this size at a time, which limits the memory for large responses.
LARGE_RESPONSE_BYTES = 4 * 1024 * 1024

# If opening a connection takes longer than this many seconds, a line is logged.
_SLOW_CONNECTION = 1.0

_log = logging.getLogger(__name__)


class ConnectionLost(aiohttp.ClientError):
    """The connection ended after the request was sent and before the response began."""


class HttpClient:
    """HTTP client for synchronous callers in any number of threads; implements `RequestCounter`.

    `ServiceClient` adds limits, retries and error mapping. A forked child opens its own connections. Close the
    client, or use it as a context manager.

    Args:
        contact: Contact that operators of the services see in the user agent.
        request_metrics: Counts requests by outcome.
        proxies: Proxies of requests.
    """

    def __init__(
        self,
        *,
        contact: str = "",
        request_metrics: LocalRequestMetrics | None = None,
        proxies: Proxies = Proxies(),
    ) -> None:
        if not _CONTACT.fullmatch(contact):
            raise Invalid("the contact must be one line of ASCII text")
        self.request_metrics = request_metrics or LocalRequestMetrics()
        self._user_agent = f"pyf.aggregator/{__version__}" + (f" (+{contact})" if contact else "")
        self._proxies = proxies
        self._loop_thread = EventLoopThread()
        # By loop. Sessions of a parent process stay untouched: closing them would write to the parent's connections.
        self._sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}
        self._large_response_slots: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}
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

    def get_large_response_slot(self) -> asyncio.Semaphore:
        """Return the slot of the running event loop for reading a large response."""
        return self._large_response_slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(1))

    def find_proxy(self, url: str) -> str | None:
        """Return the URL of the proxy for a URL, None for a direct connection."""
        return self._proxies.find(url)

    def record_sent(self) -> None:
        """Count a request, even if it could not connect."""
        self._sent_counts[_request_thread.get()] += 1

    def count(self) -> int:
        """Return how many requests the calling thread has sent or tried to send, retries included.

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
            connector=_ReportingConnector(limit=0, ttl_dns_cache=300),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "gzip"},
            middlewares=[_translate_lost_connections],
            request_class=_build_counting_request(self.record_sent),
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
        )

    async def _close_session(self) -> None:
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()


class _ReportingConnector(aiohttp.TCPConnector):
    """A connector that logs when a connection takes long: a server that is switched off does not refuse it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._next_report: dict[str, float] = {}

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> Connection:
        peer = format_peer(req.proxy or req.url)
        handle = asyncio.get_running_loop().call_later(_SLOW_CONNECTION, self._report, peer, timeout.connect)
        try:
            return await super().connect(req, traces, timeout)
        finally:
            handle.cancel()

    def _report(self, peer: str, timeout: float | None) -> None:
        """Log a line, once for all concurrent connections to a server."""
        now = asyncio.get_running_loop().time()
        if now >= self._next_report.get(peer, 0.0):
            self._next_report[peer] = now + (timeout or 0.0)
            _log.warning("no connection to %s yet; waiting up to %.0f s", peer, timeout or 0)


def format_peer(url: URL) -> str:
    """Return host and port of a URL, for messages."""
    return f"{url.host}:{url.port}"


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
