"""The program's one way out: a pool of connections that all services share, and the count of what was sent."""

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

# The thread that a request is sent for: coroutines on the event loop inherit it from where they were started.
_request_thread: ContextVar[int] = ContextVar("asking", default=0)

_CONTACT = re.compile(r"[\x20-\x7e]*")


class ConnectionLost(aiohttp.ClientError):
    """The connection ended after the request was sent and before an answer began."""


class HttpClient:
    """An HTTP client for synchronous callers in any number of threads; a `RequestMeter` of all that it sends.

    What may be asked of a service, and how failures are told, is the matter of `Service`. A forked child opens its
    own connections. Close it, or use it as a context; `contact` is what the services' operators see of us, `traffic`
    counts what comes of each request.
    """

    def __init__(self, *, contact: str = "", request_metrics: LocalRequestMetrics | None = None) -> None:
        if not _CONTACT.fullmatch(contact):
            raise Invalid("the contact has to be one line of ASCII text")
        self.request_metrics = request_metrics or LocalRequestMetrics()
        self._user_agent = f"pyf.aggregator/{__version__}" + (f" (+{contact})" if contact else "")
        self._loop_thread = EventLoopThread()
        # By loop: those of a parent process stay here untouched, because closing them would speak on its connections.
        self._sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}
        self._sent_counts: Counter[int] = Counter()  # by the thread that asked
        # Stamina would announce each repetition in a line that does not say what is repeated; `retried` does.
        set_on_retry_hooks([])

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the event loop and return what it returns."""
        _request_thread.set(threading.get_ident())
        return self._loop_thread.run(coroutine)

    def stream(
        self, jobs: Iterable[T], process: Callable[[T], Coroutine[Any, Any, R]], max_pending: int
    ) -> Iterator[R]:
        """Work on jobs concurrently and yield the results as they come (see `EventLoopThread.stream`)."""
        _request_thread.set(threading.get_ident())
        return self._loop_thread.stream(jobs, process, max_pending)

    def get_session(self) -> aiohttp.ClientSession:
        """Return the session of the event loop that is running; to be called on that loop."""
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            session = self._sessions[loop] = self._create_session()
        return session

    def count(self) -> int:
        """Return how many requests were sent for the thread that calls this, repeated attempts included.

        Threads of one process may be at different runs, and each run reports its own.
        """
        return self._sent_counts[threading.get_ident()]

    def close(self) -> None:
        """Cancel what is under way and close all connections; closing again does nothing."""
        self._loop_thread.close(self._close_session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _create_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            # Each service bounds its own concurrency. Looking a name up costs a thread: once in five minutes will do.
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
    """Return the class of requests that call `note` once they are written to a connection.

    A trace would tell the same, one step too early for a request that is cancelled there, and costs a tenth of what a
    request costs.
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
    """Keep aiohttp from repeating requests on its own, which would be neither paced nor among the retries."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise ConnectionLost from error
