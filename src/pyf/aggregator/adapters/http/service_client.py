"""HTTP client for one service: concurrency limit, rate limit, retries, error mapping."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Generic, Self, TypeVar

import aiohttp
from msgspec import Struct
from msgspec.structs import replace
from yarl import URL

from ...domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ...ports import RateLimiter
from .client import LARGE_RESPONSE_BYTES, HttpClient
from .errors import error_from_exception, error_from_status, get_outcome_label, redact_url
from .readers import BodyReader
from .retry import NoConnection, RetryPolicy, Throttle, Transient, retry

T = TypeVar("T")
R = TypeVar("R")

MEBIBYTE = 1024 * 1024
# Reading an error response to its end keeps the connection usable; beyond this size a new connection is cheaper.
_MAX_ERROR_BYTES = 64 * 1024
_CONNECTION_FAILURES = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)

_log = logging.getLogger(__name__)


class ServiceLimits(Struct, frozen=True, kw_only=True):
    """Limits of a service; times in seconds.

    Attributes:
        max_concurrency: Requests that may run at once.
        delay: Average interval between the starts of two requests.
        cooldown: Pause of all requests after a 429 without `Retry-After`.
        timeout: Limit for a complete response.
        connect_timeout: Limit for opening a connection.
    """

    max_concurrency: int = 20
    delay: float = 0.0
    cooldown: float = 0.0
    timeout: float = 60.0
    connect_timeout: float = 10.0
    retries: RetryPolicy = RetryPolicy()


class Request(Struct, frozen=True, kw_only=True):
    """One request.

    Attributes:
        url: Sent unchanged; the caller percent-encodes it.
        label: Subject of the request in messages, if the URL does not say it.
        max_bytes: Limit of the decompressed body.
        timeout_factor: Multiplies the service's timeout.
        must_exist: A 404 is a failure of the service, not a missing resource.
        parse_error: Returns a better error from the status's error and the body.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes | None = None
    label: str = ""
    max_bytes: int = 16 * MEBIBYTE
    timeout_factor: float = 1.0
    must_exist: bool = False
    parse_error: Callable[[AggregatorError, bytes], AggregatorError] | None = None

    def __str__(self) -> str:
        return f"{self.method} {redact_url(self.url)}" + (f" ({self.label})" if self.label else "")

    def __repr__(self) -> str:
        """Leave out headers: they may hold a secret, and representations end up in logs."""
        return f"<{self}>"


class CachedResponse(Struct, Generic[T], frozen=True):
    """Value of a response, with the validators of a conditional request."""

    value: T
    etag: str = ""
    last_modified: str = ""

    @property
    def conditional_headers(self) -> Mapping[str, str]:
        """The headers of a conditional request."""
        validators = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: validator for name, validator in validators.items() if validator}


class Response(Struct, frozen=True):
    """A response of any status; `headers` are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ServiceClient:
    """Client of one service, shared by any number of adapters and threads.

    Args:
        rate_limiter: Shared rate limit of several processes.
        name: Label of the service in metrics.
    """

    def __init__(
        self, http: HttpClient, limits: ServiceLimits, rate_limiter: RateLimiter | None = None, *, name: str = ""
    ) -> None:
        self.limits = limits
        self._rate_limiter = rate_limiter
        self._name = name
        self._http = http
        self._throttle: Throttle | None = None
        self._next_notice = 0.0

    def get(self, request: Request, reader_factory: Callable[[], BodyReader[T]]) -> T:
        """Send a request, with retries, and return the parsed body. Redirects are not followed.

        Raises:
            NotFound: For 404 and 410.
            Invalid: For 400 and 422.
            Unavailable: Without a usable response.
        """
        return self._http.run(self.get_async(request, reader_factory))

    def get_if_modified(
        self, request: Request, reader_factory: Callable[[], BodyReader[T]], cached: CachedResponse[T] | None
    ) -> CachedResponse[T]:
        """Send a conditional request; return `cached` if the service reports no change."""
        if cached is not None:
            request = replace(request, headers={**request.headers, **cached.conditional_headers})
        return self._http.run(self._get_with_retries(request, reader_factory, cached))

    def send(self, request: Request) -> Response:
        """Send a request once and return the response whatever its status; raise `Transient` without a complete one.

        For services whose headers and error bodies carry more than the status.
        """
        return self._http.run(self._send_async(request))

    def stream(
        self, jobs: Iterable[T], process: Callable[[T], Coroutine[Any, Any, R]], max_pending: int
    ) -> Iterator[R]:
        """Process jobs concurrently and yield the results as they arrive (see `EventLoopThread.stream`)."""
        return self._http.stream(jobs, process, max_pending)

    async def get_async(self, request: Request, reader_factory: Callable[[], BodyReader[T]]) -> T:
        """Do what `get` does, on the event loop."""
        return (await self._get_with_retries(request, reader_factory, None)).value

    async def _get_with_retries(
        self, request: Request, reader_factory: Callable[[], BodyReader[T]], cached: CachedResponse[T] | None
    ) -> CachedResponse[T]:
        try:
            return await self._attempt(request, reader_factory, cached)
        except Transient as error:
            first_error = error
        return await retry(
            lambda: self._attempt(request, reader_factory, cached),
            first_error,
            self.limits.retries,
            self._report_wait,
        )

    def _report_wait(self, error: Transient, wait: float) -> None:
        """Log that there is no connection, once for all concurrent requests."""
        now = time.monotonic()
        if isinstance(error, NoConnection) and now >= self._next_notice:
            self._next_notice = now + wait
            _log.warning("%s; next try in %.0f s", error, wait)

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
        try:
            async with self._get_throttle(), self._open_response(request) as response, self._build_slot() as slot:
                body = b"".join([chunk async for chunk in _iter_chunks(response, request.max_bytes, slot)])
                return Response(response.status, response.headers, body)
        except AggregatorError as error:
            raise _add_request_context(error, request) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _add_request_context(error_from_exception(error), request) from error

    async def _receive(
        self, request: Request, body_reader: BodyReader[T], throttle: Throttle, cached: CachedResponse[T] | None
    ) -> CachedResponse[T]:
        try:
            async with self._open_response(request) as response, self._build_slot() as slot:
                headers = response.headers
                if response.status == HTTPStatus.NOT_MODIFIED and cached is not None:
                    return cached
                if response.status != HTTPStatus.OK:
                    error_body = await _read_error_body(response)
                    status_error = error_from_status(response.status, headers, request.url, time.time())
                    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                        await self._apply_retry_after(status_error, throttle)
                    raise request.parse_error(status_error, error_body) if request.parse_error else status_error
                async for chunk in _iter_chunks(response, request.max_bytes, slot):
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
                proxy=self._http.find_proxy(request.url),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=limits.timeout * request.timeout_factor, connect=limits.connect_timeout
                ),
            ) as response:
                status = response.status
                request_metrics.record_headers(self._name, response.headers)
                yield response
        except BaseException as error:
            if isinstance(error, _CONNECTION_FAILURES):
                self._http.record_sent()
            request_metrics.record(self._name, get_outcome_label(status, error))
            raise
        request_metrics.record(self._name, str(status))

    async def _apply_retry_after(self, error: AggregatorError, throttle: Throttle) -> None:
        """Pause all requests to a service that reports too many, unless the demanded pause exceeds `max_wait`."""
        wait = error.retry_after if isinstance(error, Unavailable) else None
        if wait is None:
            await throttle.pause_all(self.limits.cooldown)
        elif wait <= self.limits.retries.max_wait:
            await throttle.pause_all(wait)

    def _build_slot(self) -> "_LargeResponseSlot":
        return _LargeResponseSlot(self._http.get_large_response_slot())

    def _get_throttle(self) -> Throttle:
        loop = asyncio.get_running_loop()
        if self._throttle is None or self._throttle.loop is not loop:
            self._throttle = Throttle(self.limits.max_concurrency, self.limits.delay, self._rate_limiter)
        return self._throttle


def _add_request_context(error: AggregatorError, request: Request) -> AggregatorError:
    """Return the error with the request in front of its message."""
    text = f"{request}: {error}"
    if isinstance(error, Unavailable):
        return type(error)(text, retry_after=error.retry_after)
    if isinstance(error, NotFound) and request.must_exist:
        return Unavailable(text)
    return type(error)(text)


def _parse_url(url: str) -> URL:
    with suppress(ValueError):
        parsed_url = URL(url, encoded=True)
        # Reading `port` validates it; aiohttp does so too late to report an invalid URL.
        if parsed_url.port:
            return parsed_url
    raise Invalid("not an HTTP URL")


class _LargeResponseSlot:
    """The right to read a large response, acquired when a response turns out to be one."""

    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        self._semaphore = semaphore
        self._is_acquired = False

    async def acquire(self) -> None:
        """Wait for the slot; has no effect on one that is acquired."""
        if not self._is_acquired:
            await self._semaphore.acquire()
            self._is_acquired = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._is_acquired:
            self._semaphore.release()


async def _iter_chunks(
    response: aiohttp.ClientResponse, max_bytes: int, slot: _LargeResponseSlot
) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > max_bytes:
            raise Unavailable(f"the response is larger than {max_bytes:,} bytes")
        if size > LARGE_RESPONSE_BYTES:
            await slot.acquire()
        yield chunk


async def _read_error_body(response: aiohttp.ClientResponse) -> bytes:
    """Return the body of an error response, or its beginning if it is long."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MAX_ERROR_BYTES:
            break
    return bytes(body)
