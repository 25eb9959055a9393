"""Lets requests pass to a service: only so many at once, only so often, and none while it asked for silence."""

import asyncio
import logging

from aiolimiter import AsyncLimiter

from ..domain.errors import Unavailable
from ..ports import Pace

# Requests less than this many seconds apart are paced by the handful: a timer for each would cost throughput.
_WINDOW = 0.05


_log = logging.getLogger(__name__)


class Gate:
    """An asynchronous context that lasts as long as a request is under way; belongs to the loop it is made on.

    With a `pace` requests are so often as all who share it may together.
    """

    def __init__(self, workers: int, delay: float, pace: Pace | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self._shared = SharedTurns(pace, delay) if pace is not None and delay > 0 else None
        self._slots = asyncio.Semaphore(workers)
        self._pace = AsyncLimiter(max(1.0, _WINDOW / delay), max(delay, _WINDOW)) if delay > 0 else None
        self._quiet_until = 0.0

    def keep_quiet(self, seconds: float) -> None:
        """Let no further request pass for that time."""
        self._quiet_until = max(self._quiet_until, self.loop.time() + seconds)

    async def keep_all_quiet(self, seconds: float) -> None:
        """Let no further request pass for that time, nor one of those who share the pace."""
        self.keep_quiet(seconds)
        if self._shared is not None:
            await self._shared.rest(seconds)

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        try:
            while (wait := self._quiet_until - self.loop.time()) > 0:  # noqa: ASYNC110 - the end may be put off
                await asyncio.sleep(wait)
            if self._pace is not None:
                await self._pace.acquire()
            if self._shared is not None:
                await self._shared.take()
        except BaseException:
            self._slots.release()
            raise

    async def __aexit__(self, *failure: object) -> None:
        self._slots.release()


class SharedTurns:
    """Turns of a pace that is shared with other processes, fetched by the handful where they are close together.

    Where the pace is not to be had, whoever asks paces himself alone: too many requests are refused by the service
    then, none at all would be worse.
    """

    def __init__(self, pace: Pace, delay: float) -> None:
        self._pace = pace
        self._handful = max(1, int(_WINDOW / delay))
        self._left = 0
        self._lock = asyncio.Lock()

    async def take(self) -> None:
        """Wait for the next turn."""
        async with self._lock:
            if not self._left:
                await asyncio.sleep(await self._reserved())
                self._left = self._handful
            self._left -= 1

    async def rest(self, seconds: float) -> None:
        """Have nobody take a turn for that time."""
        try:
            await asyncio.to_thread(self._pace.rest, seconds)
        except Unavailable as error:
            _log.warning("others are not told that a service wants to rest: %s", error)

    async def _reserved(self) -> float:
        try:
            return await asyncio.to_thread(self._pace.reserve, self._handful)
        except Unavailable as error:
            _log.warning("requests are paced by this process alone: %s", error)
            return 0.0
