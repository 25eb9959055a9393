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

from ...domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ...ports import RateLimiter
from .client import HttpClient
from .errors import error_from_exception, error_from_status, outcome_label, redact_url
from .readers import BodyReader
from .retry import RetryPolicy, Transient, retry
from .throttle import Throttle

T = TypeVar("T")
R = TypeVar("R")

MEBIBYTE = 1024 * 1024
# Reading the rest of a refusal keeps its connection usable; of a longer one a new connection is cheaper.
_MAX_ERROR_BYTES = 64 * 1024


class ServiceLimits(Struct, frozen=True, kw_only=True):
    """How a service may be asked; times in seconds.

    At most `workers` requests are under way at any moment, and on the mean no more than one starts in each `delay`.
    `timeout` is for a whole answer, `connect_timeout` for the connection. `silence` is how long nothing is asked after
    a 429 that does not say how long.
    """

    max_concurrency: int = 20
    delay: float = 0.0
    cooldown: float = 0.0
    timeout: float = 60.0
    connect_timeout: float = 10.0
    retries: RetryPolicy = RetryPolicy()


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
    label: str = ""
    max_bytes: int = 64 * MEBIBYTE
    timeout_factor: float = 1.0
    must_exist: bool = False
    parse_error: Callable[[AggregatorError, bytes], AggregatorError] | None = None

    def __str__(self) -> str:
        return f"{self.method} {redact_url(self.url)}" + (f" ({self.label})" if self.label else "")

    def __repr__(self) -> str:
        """Headers may hold a secret, and a representation ends up in logs."""
        return f"<{self}>"


class CachedResponse(Struct, Generic[T], frozen=True):
    """What a service's answer said, and the marks by which the service can tell that it would say the same again."""

    value: T
    etag: str = ""
    last_modified: str = ""

    @property
    def conditional_headers(self) -> Mapping[str, str]:
        """The headers that ask for what is new only."""
        validators = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: validator for name, validator in validators.items() if validator}


class Response(Struct, frozen=True):
    """What a service sent back, whatever it means; `headers` are looked up in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ServiceClient:
    """One service, to be asked by any number of adapters and threads within common limits.

    With a `pace` other processes that share it ask no more often together than one would alone. `name` is what its
    requests are counted under.
    """

    def __init__(
        self, http: HttpClient, limits: ServiceLimits, rate_limiter: RateLimiter | None = None, *, name: str = ""
    ) -> None:
        self.limits = limits
        self._rate_limiter = rate_limiter
        self._name = name
        self._http = http
        self._throttle: Throttle | None = None

    def get(self, request: Request, reader_factory: Callable[[], BodyReader[T]]) -> T:
        """Send a request and return what a reader makes of the body; repeats what is worth repeating.

        Raises `NotFound` for 404 and 410, `Invalid` for 400 and 422, `Unavailable` where no usable answer came;
        redirections are not followed.
        """
        return self._http.run(self.get_async(request, reader_factory))

    def get_if_modified(
        self, request: Request, reader_factory: Callable[[], BodyReader[T]], cached: CachedResponse[T] | None
    ) -> CachedResponse[T]:
        """Do what `fetch` does, and return `held` where the service says that nothing has changed since."""
        if cached is not None:
            request = replace(request, headers={**request.headers, **cached.conditional_headers})
        return self._http.run(self._get_with_retries(request, reader_factory, cached))

    def send(self, request: Request) -> Response:
        """Send a request once and return what came back, refusals included.

        It is for services whose headers and refusals say what statuses alone don't. Raises `Transient` where no whole
        answer came.
        """
        return self._http.run(self._send_async(request))

    def stream(
        self, jobs: Iterable[T], process: Callable[[T], Coroutine[Any, Any, R]], max_pending: int
    ) -> Iterator[R]:
        """Do jobs concurrently with the help of `ask` and yield the results as they come (`Http.stream`)."""
        return self._http.stream(jobs, process, max_pending)

    async def get_async(self, request: Request, reader_factory: Callable[[], BodyReader[T]]) -> T:
        """Do what `fetch` does, on the event loop."""
        return (await self._get_with_retries(request, reader_factory, None)).value

    async def _get_with_retries(
        self, request: Request, reader_factory: Callable[[], BodyReader[T]], cached: CachedResponse[T] | None
    ) -> CachedResponse[T]:
        try:
            return await self._attempt(request, reader_factory, cached)
        except Transient as error:
            first_error = error
        return await retry(lambda: self._attempt(request, reader_factory, cached), first_error, self.limits.retries)

    async def _attempt(
        self, request: Request, reader_factory: Callable[[], BodyReader[T]], cached: CachedResponse[T] | None
    ) -> CachedResponse[T]:
        body_reader = reader_factory()
        throttle = self._get_throttle()
        try:
            async with throttle:
                return await self._receive(request, body_reader, throttle, cached)
        except AggregatorError as error:
            raise _add_request_context(error, request) from error

    async def _send_async(self, request: Request) -> Response:
        body = bytearray()
        try:
            async with self._get_throttle(), self._open_response(request) as response:
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > request.max_bytes:
                        raise Unavailable(f"the answer is larger than {request.max_bytes:,} bytes")
                return Response(response.status, response.headers, bytes(body))
        except AggregatorError as error:
            raise _add_request_context(error, request) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _add_request_context(error_from_exception(error), request) from error

    async def _receive(
        self, request: Request, body_reader: BodyReader[T], throttle: Throttle, cached: CachedResponse[T] | None
    ) -> CachedResponse[T]:
        try:
            async with self._open_response(request) as response:
                headers = response.headers
                if response.status == HTTPStatus.NOT_MODIFIED and cached is not None:
                    return cached
                if response.status != HTTPStatus.OK:
                    error_body = await _read_error_body(response)
                    status_error = error_from_status(response.status, headers, request.url, time.time())
                    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                        await self._apply_retry_after(status_error, throttle)
                    raise request.parse_error(status_error, error_body) if request.parse_error else status_error
                size = 0
                async for chunk in response.content.iter_any():
                    size += len(chunk)
                    if size > request.max_bytes:
                        raise Unavailable(f"the answer is larger than {request.max_bytes:,} bytes")
                    body_reader.feed(chunk)
                return CachedResponse(body_reader.finish(), headers.get("ETag", ""), headers.get("Last-Modified", ""))
        except (aiohttp.ClientError, OSError) as error:
            raise error_from_exception(error) from error

    @asynccontextmanager
    async def _open_response(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        limits, request_metrics, parsed_url = self.limits, self._http.request_metrics, _parse_url(request.url)
        status: int | None = None
        try:
            async with self._http.get_session().request(
                request.method,
                parsed_url,
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=limits.timeout * request.timeout_factor, connect=limits.connect_timeout
                ),
            ) as response:
                status = response.status
                request_metrics.record_headers(self._name, response.headers)
                yield response
        except BaseException as error:
            request_metrics.record(self._name, outcome_label(status, error))
            raise
        request_metrics.record(self._name, str(status))

    async def _apply_retry_after(self, error: AggregatorError, throttle: Throttle) -> None:
        """Hold back all requests when the service says that we ask too much, if it is not for too long."""
        wait = error.retry_after if isinstance(error, Unavailable) else None
        if wait is None:
            await throttle.pause_all(self.limits.cooldown)
        elif wait <= self.limits.retries.max_wait:
            await throttle.pause_all(wait)

    def _get_throttle(self) -> Throttle:
        loop = asyncio.get_running_loop()
        if self._throttle is None or self._throttle.loop is not loop:
            self._throttle = Throttle(self.limits.max_concurrency, self.limits.delay, self._rate_limiter)
        return self._throttle


def _add_request_context(error: AggregatorError, request: Request) -> AggregatorError:
    """Return the error with what was asked before what came of it."""
    text = f"{request}: {error}"
    if isinstance(error, Unavailable):
        return type(error)(text, retry_after=error.retry_after)
    if isinstance(error, NotFound) and request.must_exist:
        return Unavailable(text)
    return type(error)(text)


def _parse_url(url: str) -> URL:
    with suppress(ValueError):
        parsed_url = URL(url, encoded=True)
        # A port out of range shows only when it is looked at, and aiohttp does that too late to tell it as such.
        if parsed_url.port:
            return parsed_url
    raise Invalid("this is not an address of HTTP")


async def _read_error_body(response: aiohttp.ClientResponse) -> bytes:
    """Read a refusal to its end, or as much of it as is worth it, and return that."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MAX_ERROR_BYTES:
            break
    return bytes(body)
