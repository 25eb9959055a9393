"""Waits for a server that is away, as long as that makes sense."""

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import FAILURES, Away, meaning

Result = TypeVar("Result")

# Seconds: the first pause before a request is repeated, doubled each time, and the longest one.
_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


class Patience:
    """Repeats requests to the server at `address` for so many `seconds`; `is_back` tells whether asking makes sense.

    A server that was waited for in vain is not waited for again until it has answered: a run that ends writes down
    what it has, with many a request.
    """

    def __init__(self, seconds: float, address: str, is_back: Callable[[], bool]) -> None:
        self.seconds = seconds
        self._address = address
        self._is_back = is_back
        self._is_given_up = False

    def with_answer(self, request: Callable[[], Result], seconds: float | None = None) -> Result:
        """Return what a request gives; `seconds` is for one that is waited for otherwise than usual.

        Raises what the failure means: at once, or where waiting may help, when the time is over.
        """
        usual = 0.0 if self._is_given_up else self.seconds
        try:
            result = self._waited_for(request, usual if seconds is None else seconds)
        except Away:
            self._is_given_up = self._is_given_up or seconds is None
            raise
        self._is_given_up = False
        return result

    def _waited_for(self, request: Callable[[], Result], seconds: float) -> Result:
        end = time.monotonic() + seconds
        pause = _PAUSE
        while True:
            try:
                return request()
            except FAILURES as error:
                failure = meaning(error, self._address)
                if not isinstance(failure, Away) or time.monotonic() + pause > end:
                    raise failure from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            while time.monotonic() + pause < end and not self._is_back():
                time.sleep(pause)
