"""Asks one service no more, no faster and no more often than it is good for, and tells failures by their meaning."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, TypeVar

import aiohttp
from msgspec import Struct
from msgspec.structs import replace
from yarl import URL

from ..domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ..ports import Pace
from .answers import failure, refusal, shown
from .body import Reader
from .gate import Gate
from .http import Http
from .retry import Retries, Transient, retried

T = TypeVar("T")
R = TypeVar("R")

MEBIBYTE = 1024 * 1024
# Reading the rest of a refusal keeps its connection usable; of a longer one a new connection is cheaper.
_LONGEST_REFUSAL = 64 * 1024


class Limits(Struct, frozen=True, kw_only=True):
    """How a service may be asked; times in seconds.

    At most `workers` requests are under way at any moment, and on the mean no more than one starts in each `delay`.
    `timeout` is for a whole answer, `connect_timeout` for the connection. `silence` is how long nothing is asked after
    a 429 that does not say how long.
    """

    workers: int = 20
    delay: float = 0.0
    silence: float = 0.0
    timeout: float = 60.0
    connect_timeout: float = 10.0
    retries: Retries = Retries()


class Request(Struct, frozen=True, kw_only=True):
    """One request; `url` is sent as it is, with what needs it percent-encoded.

    `about` is for messages: what is asked for, where the address alone does not say. `largest` bounds the
    decompressed body, in bytes; `patience` multiplies the service's time-out. Where the address is `always_there`, a
    404 is no answer about a thing but a failure of the service. `explained` returns what a refusal means, given what
    its status says and its body; where there is none, the status says it all.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes | None = None
    about: str = ""
    largest: int = 64 * MEBIBYTE
    patience: float = 1.0
    always_there: bool = False
    explained: Callable[[AggregatorError, bytes], AggregatorError] | None = None

    def __str__(self) -> str:
        return f"{self.method} {shown(self.url)}" + (f" ({self.about})" if self.about else "")

    def __repr__(self) -> str:
        """Headers may hold a secret, and a representation ends up in logs."""
        return f"<{self}>"


class Reply(Struct, frozen=True):
    """What a service sent back, whatever it means; `headers` are looked up in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Service:
    """One service, to be asked by any number of adapters and threads within common limits.

    With a `pace` other processes that share it ask no more often together than one would alone.
    """

    def __init__(self, http: Http, limits: Limits, pace: Pace | None = None) -> None:
        self.limits = limits
        self._pace = pace
        self._http = http
        self._gate: Gate | None = None

    def fetch(self, request: Request, reader: Callable[[], Reader[T]]) -> T:
        """Send a request and return what a reader makes of the body; repeats what is worth repeating.

        Raises `NotFound` for 404 and 410, `Invalid` for 400 and 422, `Unavailable` where no usable answer came;
        redirections are not followed.
        """
        return self._http.run(self.ask(request, reader))

    def exchange(self, request: Request) -> Reply:
        """Send a request once and return what came back, refusals included.

        It is for services whose headers and refusals say what statuses alone don't. Raises `Transient` where no whole
        answer came.
        """
        return self._http.run(self._exchanged(request))

    def stream(self, jobs: Iterable[T], work: Callable[[T], Coroutine[Any, Any, R]], ahead: int) -> Iterator[R]:
        """Do jobs concurrently with the help of `ask` and yield the results as they come (`Http.stream`)."""
        return self._http.stream(jobs, work, ahead)

    def fetch_changed(self, request: Request, reader: Callable[[], Reader[T]], etag: str) -> tuple[T, str] | None:
        """Do what `fetch` does, unless the answer is still the one that had this ETag ("" for none): None then.

        Returns what the reader makes of the answer, and the answer's own ETag, "" where it has none.
        """
        if etag:
            request = replace(request, headers={**request.headers, "If-None-Match": etag})
        return self._http.run(self._repeated(lambda: self._attempt_changed(request, reader)))

    async def ask(self, request: Request, reader: Callable[[], Reader[T]]) -> T:
        """Do what `fetch` does, on the event loop."""
        return await self._repeated(lambda: self._attempt(request, reader))

    async def _repeated(self, attempt: Callable[[], Awaitable[R]]) -> R:
        try:
            return await attempt()
        except Transient as error:
            first = error
        return await retried(attempt, first, self.limits.retries)

    async def _attempt(self, request: Request, reader: Callable[[], Reader[T]]) -> T:
        answer = await self._attempt_changed(request, reader)
        assert answer is not None  # a condition is what `fetch_changed` alone sends
        return answer[0]

    async def _attempt_changed(self, request: Request, reader: Callable[[], Reader[T]]) -> tuple[T, str] | None:
        body = reader()
        gate = self._open_gate()
        try:
            async with gate:
                etag = await self._exchange(request, body, gate)
            return None if etag is None else (body.finish(), etag)
        except AggregatorError as error:
            raise _named(error, request) from error

    async def _exchanged(self, request: Request) -> Reply:
        body = bytearray()
        try:
            async with self._open_gate(), self._sending(request) as response:
                async for piece in response.content.iter_any():
                    body += piece
                    if len(body) > request.largest:
                        raise Unavailable(f"the answer is larger than {request.largest:,} bytes")
                return Reply(response.status, response.headers, bytes(body))
        except AggregatorError as error:
            raise _named(error, request) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _named(failure(error), request) from error

    async def _exchange(self, request: Request, body: Reader[T], gate: Gate) -> str | None:
        """Have the body read; return the answer's ETag, None where it says that nothing has changed."""
        try:
            async with self._sending(request) as response:
                if response.status == HTTPStatus.NOT_MODIFIED and "If-None-Match" in request.headers:
                    return None
                if response.status != HTTPStatus.OK:
                    said = await _drain(response)
                    refused = refusal(response.status, response.headers, request.url, time.time())
                    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                        await self._honour(refused, gate)
                    raise request.explained(refused, said) if request.explained else refused
                size = 0
                async for piece in response.content.iter_any():
                    size += len(piece)
                    if size > request.largest:
                        raise Unavailable(f"the answer is larger than {request.largest:,} bytes")
                    body.feed(piece)
                return response.headers.get("ETag", "")
        except (aiohttp.ClientError, OSError) as error:
            raise failure(error) from error

    def _sending(self, request: Request) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        limits = self.limits
        return self._http.session().request(
            request.method,
            _address(request.url),
            headers=request.headers,
            data=request.body,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=limits.timeout * request.patience, connect=limits.connect_timeout),
        )

    async def _honour(self, refused: AggregatorError, gate: Gate) -> None:
        """Hold back all requests when the service says that we ask too much, if it is not for too long."""
        wait = refused.retry_after if isinstance(refused, Unavailable) else None
        if wait is None:
            await gate.keep_all_quiet(self.limits.silence)
        elif wait <= self.limits.retries.longest_wait:
            await gate.keep_all_quiet(wait)

    def _open_gate(self) -> Gate:
        loop = asyncio.get_running_loop()
        if self._gate is None or self._gate.loop is not loop:
            self._gate = Gate(self.limits.workers, self.limits.delay, self._pace)
        return self._gate


def _named(error: AggregatorError, request: Request) -> AggregatorError:
    """Return the error with what was asked before what came of it."""
    text = f"{request}: {error}"
    if isinstance(error, Unavailable):
        return type(error)(text, retry_after=error.retry_after)
    if isinstance(error, NotFound) and request.always_there:
        return Unavailable(text)
    return type(error)(text)


def _address(url: str) -> URL:
    with suppress(ValueError):
        address = URL(url, encoded=True)
        # A port out of range shows only when it is looked at, and aiohttp does that too late to tell it as such.
        if address.port:
            return address
    raise Invalid("this is not an address of HTTP")


async def _drain(response: aiohttp.ClientResponse) -> bytes:
    """Read a refusal to its end, or as much of it as is worth it, and return that."""
    said = bytearray()
    async for piece in response.content.iter_any():
        said += piece
        if len(said) > _LONGEST_REFUSAL:
            break
    return bytes(said)
