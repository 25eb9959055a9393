"""Translate failures of requests to a Typesense server, and repeat requests until the retry timeout ends."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

import httpx
from typesense import exceptions

from ...domain.errors import AggregatorError, Invalid, NotFound, Unavailable

# The exceptions of the client, of the HTTP library below it, and of invalid JSON.
TRANSPORT_ERRORS = (exceptions.TypesenseClientError, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError)

# The client's message for a response that is not JSON, which the server's own responses are.
_NO_JSON_PREFIXES = ("API error", "Unknown API error")

# The server rejects writes because its disk or memory is full.
_FULL = "Rejecting write"

# The server rejects requests until it has applied most of its log.
_LAGGING = "Not Ready or Lagging"

_TEMPORARY = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS))


class ServerUnavailable(Unavailable):
    """The server does not respond; a later request may succeed."""


class ServerCatchingUp(ServerUnavailable):
    """The server responds, and has not applied its log yet."""


class CatchingUp(exceptions.ServiceUnavailable):
    """The server has not applied its log yet."""


class AlreadyExists(Invalid):
    """The server already has an object of this name."""


def translate_error(error: Exception, address: str) -> AggregatorError:
    """Translate a failed request to the server at `address`; `ServerUnavailable` if a retry may help."""
    match error:
        case CatchingUp():
            return ServerCatchingUp(
                f"the Typesense server at {address} has not caught up with its log after a restart: wait for it, or "
                "raise TYPESENSE_RETRY_TIMEOUT"
            )
        case exceptions.TypesenseClientError(args=(int(status), message)):
            return _translate_status(status, str(message), address)
        case exceptions.TypesenseClientError() | httpx.InvalidURL():
            return Invalid(f"{address} can't be requested: {_format_error(error)}")
        case httpx.TransportError():
            return ServerUnavailable(f"the Typesense server at {address} does not respond: {_format_error(error)}")
        case _:
            return Unavailable(
                f"what answers at {address} is no Typesense server, or a broken one: {_format_error(error)}"
            )


def _translate_status(status: int, message: str, address: str) -> AggregatorError:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Invalid(f"the Typesense server at {address} does not accept this TYPESENSE_API_KEY for that")
    if _LAGGING in message:
        return ServerCatchingUp(f"the Typesense server at {address} has not caught up with its log: {message}")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TEMPORARY:
        return ServerUnavailable(f"the Typesense server at {address} answers {status}: {message}")
    if message.startswith(_NO_JSON_PREFIXES):
        return ServerUnavailable(f"something else than a Typesense server answers at {address}, with {status}")
    if _FULL in message:
        return Unavailable(f"the Typesense server at {address} is full: {message}")
    if status == HTTPStatus.NOT_FOUND:
        return NotFound(message)
    if status == HTTPStatus.CONFLICT:
        return AlreadyExists(message)
    return Invalid(f"the Typesense server at {address} refuses with {status}: {message}")


def _format_error(error: Exception) -> str:
    """Return the message of an error, or its name: timeouts of the HTTP library have no message."""
    return str(error) or type(error).__name__


Result = TypeVar("Result")

# Seconds before the first retry, doubled for each further one, and the longest pause.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0

# A command should fail soon if there is no server at all, but wait for one that applies its log.
_CONNECT_TIMEOUT = 5.0


class RetryTimeout:
    """Repeats requests to the server at `address` for at most `seconds`.

    After that, requests are not repeated until one succeeds: a run that ends saves its results with many requests.
    """

    def __init__(self, seconds: float, address: str) -> None:
        self._seconds = seconds
        self._address = address
        self._has_answered = False
        self._is_exhausted = False

    def run(self, request: Callable[[], Result], seconds: float | None = None) -> Result:
        """Return the result of a request, repeated for at most `seconds` instead of the usual timeout.

        Raises:
            AggregatorError: The translated failure; `ServerUnavailable` only after the timeout.
        """
        usual = 0.0 if self._is_exhausted else self._seconds
        try:
            result = self._repeat(request, usual if seconds is None else seconds)
        except ServerUnavailable:
            self._is_exhausted = self._is_exhausted or seconds is None
            raise
        self._has_answered = True
        self._is_exhausted = False
        return result

    def _repeat(self, request: Callable[[], Result], seconds: float) -> Result:
        start = time.monotonic()
        pause = _FIRST_PAUSE
        while True:
            try:
                return request()
            except TRANSPORT_ERRORS as error:
                failure = translate_error(error, self._address)
                limit = (
                    seconds
                    if self._has_answered or isinstance(failure, ServerCatchingUp)
                    else min(seconds, _CONNECT_TIMEOUT)
                )
                if not isinstance(failure, ServerUnavailable) or time.monotonic() + pause > start + limit:
                    raise failure from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
