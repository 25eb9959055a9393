"""A local service: real HTTP on a loopback port, in a thread of its own, that can be told to fail."""

import asyncio
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from threading import Event, Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

import msgspec
from aiohttp import web

from .answer import PreparedResponse
from .faults import Fault, Faults
from .limits import RateLimit
from .misbehaviour import respond_with_fault
from .requestlog import RequestLog

COUNTS_PATH = "/_requests"


@dataclass(frozen=True, slots=True)
class RequestTarget:
    """What a request is about: its kind and the project (normalised); a service adds what else it needs."""

    kind: str
    project: str = ""


RequestTargetT = TypeVar("TargetT", bound=RequestTarget)


class LocalService(ABC, Generic[RequestTargetT]):
    """A service for as long as its context lasts; it says which kinds of request there are and answers them.

    `latency` is the time in seconds that every answer takes, `port` 0 takes any that is free, `seed` is that of
    the faults. `GET /_requests` gives the counts and is not counted.
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
        """Return what a request is about; never fails."""

    @abstractmethod
    def build_response(self, target: RequestTargetT, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        """Return the answer to a request, for faults that change the content the changed one."""

    def build_refusal(self, target: RequestTargetT, limit: RateLimit) -> PreparedResponse:
        """Return the answer to a request that exceeds a limit."""
        headers = {"Retry-After": limit.retry_after.to_header()} if limit.retry_after else {}
        return PreparedResponse(b"Too Many Requests", "text/plain", status=429, headers=headers)

    def get_rate_limit(self, target: RequestTargetT) -> RateLimit | None:
        """Return the limit that holds for a request."""
        return self.rate_limit

    @property
    def url(self) -> str:
        """The base address, without a slash at its end."""
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
        except OSError as error:  # the port is taken: whoever opens the context shall know
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        # A client that gives up ends its request: otherwise answers that never come would pile up.
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
            # Not `request.read()`, which refuses more than a megabyte.
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
            return correct_response.to_response(request.headers) if fault is None else await respond_with_fault(fault, request, correct_response)
