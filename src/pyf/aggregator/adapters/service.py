"""Asks one service no more, no faster and no more often than it is good for, and tells failures by their meaning."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import aiohttp
from msgspec import Struct
from msgspec.structs import replace
from yarl import URL

from ..domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ..ports import Pace
from .answers import failure, outcome, refusal, shown
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


class Held(Struct, Generic[T], frozen=True):
    """What a service's answer said, and the marks by which the service can tell that it would say the same again."""

    value: T
    etag: str = ""
    modified: str = ""

    @property
    def conditions(self) -> Mapping[str, str]:
        """The headers that ask for what is new only."""
        marks = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: mark for name, mark in marks.items() if mark}


class Reply(Struct, frozen=True):
    """What a service sent back, whatever it means; `headers` are looked up in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Service:
    """One service, to be asked by any number of adapters and threads within common limits.

    With a `pace` other processes that share it ask no more often together than one would alone. `name` is what its
    requests are counted under.
    """

    def __init__(self, http: Http, limits: Limits, pace: Pace | None = None, *, name: str = "") -> None:
        self.limits = limits
        self._pace = pace
        self._name = name
        self._http = http
        self._gate: Gate | None = None

    def fetch(self, request: Request, reader: Callable[[], Reader[T]]) -> T:
        """Send a request and return what a reader makes of the body; repeats what is worth repeating.

        Raises `NotFound` for 404 and 410, `Invalid` for 400 and 422, `Unavailable` where no usable answer came;
        redirections are not followed.
        """
        return self._http.run(self.ask(request, reader))

    def renew(self, request: Request, reader: Callable[[], Reader[T]], held: Held[T] | None) -> Held[T]:
        """Do what `fetch` does, and return `held` where the service says that nothing has changed since."""
        if held is not None:
            request = replace(request, headers={**request.headers, **held.conditions})
        return self._http.run(self._held(request, reader, held))

    def exchange(self, request: Request) -> Reply:
        """Send a request once and return what came back, refusals included.

        It is for services whose headers and refusals say what statuses alone don't. Raises `Transient` where no whole
        answer came.
        """
        return self._http.run(self._exchanged(request))

    def stream(self, jobs: Iterable[T], work: Callable[[T], Coroutine[Any, Any, R]], ahead: int) -> Iterator[R]:
        """Do jobs concurrently with the help of `ask` and yield the results as they come (`Http.stream`)."""
        return self._http.stream(jobs, work, ahead)

    async def ask(self, request: Request, reader: Callable[[], Reader[T]]) -> T:
        """Do what `fetch` does, on the event loop."""
        return (await self._held(request, reader, None)).value

    async def _held(self, request: Request, reader: Callable[[], Reader[T]], held: Held[T] | None) -> Held[T]:
        try:
            return await self._attempt(request, reader, held)
        except Transient as error:
            first = error
        return await retried(lambda: self._attempt(request, reader, held), first, self.limits.retries)

    async def _attempt(self, request: Request, reader: Callable[[], Reader[T]], held: Held[T] | None) -> Held[T]:
        body = reader()
        gate = self._open_gate()
        try:
            async with gate:
                return await self._exchange(request, body, gate, held)
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

    async def _exchange(self, request: Request, body: Reader[T], gate: Gate, held: Held[T] | None) -> Held[T]:
        try:
            async with self._sending(request) as response:
                headers = response.headers
                if response.status == HTTPStatus.NOT_MODIFIED and held is not None:
                    return held
                if response.status != HTTPStatus.OK:
                    said = await _drain(response)
                    refused = refusal(response.status, headers, request.url, time.time())
                    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                        await self._honour(refused, gate)
                    raise request.explained(refused, said) if request.explained else refused
                size = 0
                async for piece in response.content.iter_any():
                    size += len(piece)
                    if size > request.largest:
                        raise Unavailable(f"the answer is larger than {request.largest:,} bytes")
                    body.feed(piece)
                return Held(body.finish(), headers.get("ETag", ""), headers.get("Last-Modified", ""))
        except (aiohttp.ClientError, OSError) as error:
            raise failure(error) from error

    @asynccontextmanager
    async def _sending(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        limits, traffic, address = self.limits, self._http.traffic, _address(request.url)
        status: int | None = None
        try:
            async with self._http.session().request(
                request.method,
                address,
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=limits.timeout * request.patience, connect=limits.connect_timeout),
            ) as response:
                status = response.status
                traffic.note_headers(self._name, response.headers)
                yield response
        except BaseException as error:
            traffic.note(self._name, outcome(status, error))
            raise
        traffic.note(self._name, str(status))

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
