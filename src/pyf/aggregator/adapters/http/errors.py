"""Map HTTP statuses and exceptions of aiohttp to the program's errors."""

import os
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError, LineTooLong

from ...domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from .client import MAX_HEADER_BYTES, MAX_HEADERS, ConnectionLost
from .retry import NoConnection, Timeout, Transient, parse_retry_after

_NOT_FOUND_STATUSES = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_MAX_URL_LENGTH = 200
_INVALID_REQUEST_STATUSES = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
# Content delivery networks also send 403 when they mistake a burst of requests for an attack.
_TRANSIENT_STATUSES = (HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)

_PROXY_CREDENTIALS = "the proxy rejects the user and password of HTTPS_PROXY or HTTP_PROXY (407)"


def error_from_status(status: int, headers: Mapping[str, str], url: str, now: float) -> AggregatorError:
    """Map the status of a response other than 200 to an error; the message completes "GET <url>: "."""
    text = format_status(status)
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return Unavailable(_PROXY_CREDENTIALS)
    if status in _NOT_FOUND_STATUSES:
        return NotFound(text)
    if status in _INVALID_REQUEST_STATUSES:
        return Invalid(text)
    if 300 <= status < 400 and (location := headers.get("Location")):
        # The program requests final URLs only. A redirect points to a wrong base URL or to an unknown server.
        return Unavailable(f"{text} to {_redirect_target(url, location)}; redirects are not followed")
    if status in _TRANSIENT_STATUSES or status >= 500:
        wait = parse_retry_after(headers.get("Retry-After", ""), now)
        return Transient(f"{text}, retry after {wait:.0f} s" if wait else text, retry_after=wait)
    return Unavailable(text)


def error_from_exception(error: Exception) -> AggregatorError:
    """Map an exception of aiohttp or of the operating system to an error."""
    match error:
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return Invalid("not an HTTP URL")
        case aiohttp.ClientConnectorCertificateError():
            return Unavailable("the server's certificate is not trusted")
        case aiohttp.ConnectionTimeoutError():
            return NoConnection("connecting timed out")
        case TimeoutError():
            return Timeout("timed out before the response was complete")
        case aiohttp.ClientProxyConnectionError():
            return NoConnection(f"no connection to the proxy {error.host}:{error.port}: {_format_os_error(error)}")
        case aiohttp.ClientHttpProxyError(status=HTTPStatus.PROXY_AUTHENTICATION_REQUIRED):
            return Unavailable(_PROXY_CREDENTIALS)
        case aiohttp.ClientHttpProxyError():
            return NoConnection(f"no connection: the proxy answers {format_status(error.status)}")
        case aiohttp.ClientConnectorDNSError():
            return NoConnection(f"no connection: unknown host ({error.strerror})")
        case aiohttp.ClientConnectorSSLError():
            return NoConnection("no connection: the TLS handshake failed")
        case aiohttp.ClientConnectorError():
            return NoConnection(f"no connection: {_format_os_error(error)}")
        case aiohttp.ClientPayloadError() if isinstance(error.__cause__, ContentEncodingError):
            return Transient("the response can't be decompressed")
        case aiohttp.ClientPayloadError():
            return Transient("the connection was lost in the middle of the response")
        case ConnectionLost():
            return Transient("the connection was lost before the response")
        case aiohttp.ClientResponseError() if any(isinstance(cause, LineTooLong) for cause in _iter_causes(error)):
            return Unavailable(f"the status line or a header of the response is longer than {MAX_HEADER_BYTES:,} bytes")
        case aiohttp.ClientResponseError(message="Too many headers received"):
            return Unavailable(f"the response has more than {MAX_HEADERS} headers")
        case aiohttp.ClientResponseError():
            return Transient("the response is not HTTP")
    return Transient(f"the connection failed ({type(error).__name__})")


def get_outcome_label(status: int | None, error: BaseException) -> str:
    """Return the metrics label of a failed request; `status` is the response's status, None without a response."""
    match error:
        case AggregatorError() if status is not None:
            return "invalid_response" if status == HTTPStatus.OK else str(status)
        case TimeoutError():
            return "timeout"
        case aiohttp.ClientConnectorError() | aiohttp.ClientHttpProxyError():
            return "no_connection"
        case aiohttp.ClientError() | OSError():
            return "connection_lost"
    return "cancelled"


def drop_traceback(error: AggregatorError) -> AggregatorError:
    """Return the error without traceback and causes, whose frames keep whole response bodies in memory."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def redact_url(url: str) -> str:
    """Return a URL for messages, without user, password, query and fragment, which may hold secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an invalid URL"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:_MAX_URL_LENGTH]


def _iter_causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _format_os_error(error: aiohttp.ClientConnectorError) -> str:
    error_number = error.os_error.errno
    return os.strerror(error_number) if error_number else "no address of the host responds"


def _redirect_target(url: str, location: str) -> str:
    try:
        return redact_url(urljoin(url, location))
    except ValueError:
        return redact_url(location)


def format_status(status: int) -> str:
    """Return a status with its phrase."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
