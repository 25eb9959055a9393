"""Says in one line what went wrong between us and a Typesense server, and what the caller can do about it.

Repeat requests to a server that is unavailable, until the retry timeout ends.
"""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

import httpx
from typesense import exceptions

from ...domain.errors import AggregatorError, Invalid, NotFound, Unavailable

# All that the client lets through: its own errors, those of the HTTP library below it, and JSON that is none.
TRANSPORT_ERRORS = (exceptions.TypesenseClientError, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError)

# What the server itself says it can't find comes as JSON; the client words what came as anything else like this.
_NO_JSON_PREFIXES = ("API error", "Unknown API error")

# The server refuses to write because a disk or the memory is full.
_FULL = "Rejecting write"

# The server takes no requests before it has applied most of its log.
_LAGGING = "Not Ready or Lagging"

_TEMPORARY = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS))


class ServerUnavailable(Unavailable):
    """The server gave no answer, or none of its own; it may do so in a moment."""


class ServerCatchingUp(ServerUnavailable):
    """The server answers, and has not applied its log yet."""


class CatchingUp(exceptions.ServiceUnavailable):
    """The server can't be relied on before it has applied its log."""


class AlreadyExists(Invalid):
    """What was to be made is there already."""


def translate_error(error: Exception, address: str) -> AggregatorError:
    """Return what a failure of a request to the server at `address` means; `Away` where waiting may help."""
    match error:
        case CatchingUp():
            return ServerCatchingUp(
                f"the Typesense server at {address} has not caught up with its log after a restart: wait for it, or "
                "raise TYPESENSE_RETRY_TIMEOUT"
            )
        case exceptions.TypesenseClientError(args=(int(status), message)):
            return _translate_status(status, str(message), address)
        case exceptions.TypesenseClientError() | httpx.InvalidURL():
            return Invalid(f"{address} can't be asked: {_format_error(error)}")
        case httpx.TransportError():
            return ServerUnavailable(f"the Typesense server at {address} does not answer: {_format_error(error)}")
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
    """Return what an error says; time-outs of the HTTP library say nothing but their name."""
    return str(error) or type(error).__name__


Result = TypeVar("Result")

# Seconds: the first pause before a request is repeated, doubled each time, and the longest one.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0

# A command that starts should soon say that there is no server; one that applies its log is worth the whole timeout.
_CONNECT_TIMEOUT = 5.0


class RetryTimeout:
    """Repeats requests to the server at `address` for at most `seconds`.

    A server that stayed unavailable for that long is not waited for again until it has answered: a run that ends
    saves its results with many requests.
    """

    def __init__(self, seconds: float, address: str) -> None:
        self._seconds = seconds
        self._address = address
        self._has_answered = False
        self._is_exhausted = False

    def run(self, request: Callable[[], Result], seconds: float | None = None) -> Result:
        """Return the result of a request, repeated for at most `seconds` instead of the usual timeout.

        Raises:
            AggregatorError: The failure's meaning; `Away` after the timeout only.
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
