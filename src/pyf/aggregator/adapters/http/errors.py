"""Tells what came of a request in the program's terms: which answers are answers, and which say nothing."""

import os
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from ...domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from .client import ConnectionLost
from .retry import Timeout, Transient, parse_retry_after

_NOT_FOUND_STATUSES = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_MAX_URL_LENGTH = 200
_INVALID_REQUEST_STATUSES = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
# A content delivery network says 403 as well when it takes a burst for an attack.
_TRANSIENT_STATUSES = (HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


def error_from_status(status: int, headers: Mapping[str, str], url: str, now: float) -> AggregatorError:
    """Return the meaning of an answer other than 200; its text goes on after "GET <address>: "."""
    text = _format_status(status)
    if status in _NOT_FOUND_STATUSES:
        return NotFound(text)
    if status in _INVALID_REQUEST_STATUSES:
        return Invalid(text)
    if 300 <= status < 400 and (location := headers.get("Location")):
        # The program asks for final addresses only. Following would hide a wrong base address, or ask a stranger.
        return Unavailable(f"{text} to {_redirect_target(url, location)}, which is not followed")
    if status in _TRANSIENT_STATUSES or status >= 500:
        wait = parse_retry_after(headers.get("Retry-After", ""), now)
        return Transient(f"{text}, asks to wait {wait:.0f} s" if wait else text, retry_after=wait)
    return Unavailable(text)


def error_from_exception(error: Exception) -> AggregatorError:
    """Return the meaning of an exception of aiohttp or of the operating system, as `refusal` does for an answer."""
    match error:
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return Invalid("this is not an address of HTTP")
        case aiohttp.ClientConnectorCertificateError():
            return Unavailable("the server's certificate is not trusted")
        case aiohttp.ConnectionTimeoutError():
            return Transient("no connection came about in time")
        case TimeoutError():
            return Timeout("no complete answer came in time")
        case aiohttp.ClientConnectorDNSError():
            return Transient(f"no connection: the host is not known ({error.strerror})")
        case aiohttp.ClientConnectorSSLError():
            return Transient("no connection: the server does not speak TLS with us")
        case aiohttp.ClientConnectorError():
            error_number = error.os_error.errno
            return Transient(
                f"no connection: {os.strerror(error_number) if error_number else 'no address of the host answers'}"
            )
        case aiohttp.ClientPayloadError() if isinstance(error.__cause__, ContentEncodingError):
            return Transient("the answer can't be decompressed")
        case aiohttp.ClientPayloadError():
            return Transient("the connection was lost in the middle of the answer")
        case ConnectionLost():
            return Transient("the connection was lost before an answer came")
        case aiohttp.ClientResponseError():
            return Transient("the answer is not HTTP")
    return Transient(f"the connection failed ({type(error).__name__})")


def outcome_label(status: int | None, error: BaseException) -> str:
    """Return what `Traffic` calls the end of a request that failed; `status` is that of its answer, if one began."""
    match error:
        case AggregatorError() if status is not None:
            return "unusable" if status == HTTPStatus.OK else str(status)
        case TimeoutError():
            return "timeout"
        case aiohttp.ClientConnectorError():
            return "no_connection"
        case aiohttp.ClientError() | OSError():
            return "broken_off"
    return "given_up"


def drop_traceback(error: AggregatorError) -> AggregatorError:
    """Return an error fit for keeping: without the frames it passed and their variables, among them whole bodies."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def redact_url(url: str) -> str:
    """Return an address fit for a message: without user, password, query and fragment, which may hold secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "something that is not an address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:_MAX_URL_LENGTH]


def _redirect_target(url: str, location: str) -> str:
    try:
        return redact_url(urljoin(url, location))
    except ValueError:
        return redact_url(location)


def _format_status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
