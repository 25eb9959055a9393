"""The base of local services: HTTP on a loopback port in its own thread, with a request log and faults."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

import msgspec
from aiohttp import web

from .faults import Fault, Faults, RateLimit, respond_with_fault
from .responses import PreparedResponse


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request; `time` is when its head had arrived, in monotonic seconds."""

    time: float
    kind: str
    path: str
    user_agent: str


class RequestLog:
    """Counts of requests; tests may read them while the service writes."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Reset the counts; active requests still count for `max_active`."""
        self.total = 0
        self.by_kind: Counter[str] = Counter()
        self.log: list[LoggedRequest] = []
        self.active = getattr(self, "active", 0)
        self.max_active = 0

    @contextmanager
    def track(self) -> Iterator[float]:
        """Count a request while it is active, and return its start time."""
        self.total += 1
        self.active += 1
        self.max_active = max(self.max_active, self.active)
        try:
            yield time.monotonic()
        finally:
            self.active -= 1

    def record(self, arrival_time: float, kind: str, path: str, user_agent: str) -> None:
        """Record the subject of a request."""
        self.by_kind[kind] += 1
        self.log.append(LoggedRequest(arrival_time, kind, path, user_agent))

    def summarize(self) -> dict[str, int]:
        """Return the counts as a flat mapping."""
        return {"total": self.total, "most_at_once": self.max_active, **self.by_kind}


COUNTS_PATH = "/_requests"


@dataclass(frozen=True, slots=True)
class RequestTarget:
    """The subject of a request: its kind and its project (normalized); services add further fields."""

    kind: str
    project: str = ""


RequestTargetT = TypeVar("RequestTargetT", bound=RequestTarget)


class LocalService(ABC, Generic[RequestTargetT]):
    """A service that runs within its context; subclasses define the kinds of requests and their responses.

    `latency` is the time of every response in seconds, `port` 0 takes a free one, `seed` is for the faults. `GET
    /_requests` returns the counts and is not counted.
    """

    def __init__(
        self, *, latency: float = 0.0, port: int = 0, seed: int = 0, rate_limit: RateLimit | None = None
    ) -> None:
        self.latency = latency
        self.rate_limit = rate_limit
        self.requests = RequestLog()
        self.faults = Faults(seed)
        self._port = port
        self._ready = Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: OSError | None = None
        self._thread = Thread(target=self._run, name=type(self).__name__, daemon=True)

    @abstractmethod
    def parse_target(self, method: str, path: str, body: bytes) -> RequestTargetT:
        """Return the subject of a request; never fails."""

    @abstractmethod
    def build_response(self, target: RequestTargetT, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        """Return the response to a request; faults that change the content are applied here."""

    def build_refusal(self, target: RequestTargetT, limit: RateLimit) -> PreparedResponse:
        """Return the response to a request that exceeds a limit."""
        headers = {"Retry-After": limit.retry_after.to_header()} if limit.retry_after else {}
        return PreparedResponse(b"Too Many Requests", "text/plain", status=429, headers=headers)

    def get_rate_limit(self, target: RequestTargetT) -> RateLimit | None:
        """Return the rate limit of a request."""
        return self.rate_limit

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:  # the port is taken: raise it where the context is opened
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        # A disconnected client ends its request; otherwise unanswered requests would pile up.
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=0.05)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port, backlog=1024).start()
            self._port = runner.addresses[0][1]
            self._ready.set()
            await self._stop.wait()
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path
        if path == COUNTS_PATH:
            return web.Response(body=msgspec.json.encode(self.requests.summarize()), content_type="application/json")
        with self.requests.track() as arrival_time:
            # Not `request.read()`, which rejects more than a megabyte.
            body = await request.content.read() if request.can_read_body else b""
            target = self.parse_target(request.method, path, body)
            self.requests.record(arrival_time, target.kind, path, request.headers.get("User-Agent", ""))
            if self.latency:
                await asyncio.sleep(self.latency)
            limit = self.get_rate_limit(target)
            if limit is not None and not limit.acquire(time.monotonic()):
                return self.build_refusal(target, limit).to_response(request.headers)
            fault = self.faults.next_fault(target.kind, target.project)
            correct_response = self.build_response(target, request, fault)
            return (
                correct_response.to_response(request.headers)
                if fault is None
                else await respond_with_fault(fault, request, correct_response)
            )
