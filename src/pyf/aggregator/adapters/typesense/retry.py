"""Repeat requests to a server that is unavailable, until the retry timeout ends."""

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import FAILURES, Away, Behind, meaning

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
        except Away:
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
            except FAILURES as error:
                failure = meaning(error, self._address)
                limit = seconds if self._has_answered or isinstance(failure, Behind) else min(seconds, _CONNECT_TIMEOUT)
                if not isinstance(failure, Away) or time.monotonic() + pause > start + limit:
                    raise failure from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
