"""Lets requests pass to a service: only so many at once, only so often, and none while it asked for silence."""

import asyncio
import logging

from aiolimiter import AsyncLimiter

from ...domain.errors import Unavailable
from ...ports import RateLimiter

# Requests less than this many seconds apart are paced by the handful: a timer for each would cost throughput.
_BATCH_WINDOW = 0.05


_log = logging.getLogger(__name__)


class Throttle:
    """An asynchronous context that lasts as long as a request is under way; belongs to the loop it is made on.

    With a `pace` requests are so often as all who share it may together.
    """

    def __init__(self, max_concurrency: int, delay: float, rate_limiter: RateLimiter | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self._shared_limit = SharedRateLimit(rate_limiter, delay) if rate_limiter is not None and delay > 0 else None
        self._slots = asyncio.Semaphore(max_concurrency)
        self._local_limiter = (
            AsyncLimiter(max(1.0, _BATCH_WINDOW / delay), max(delay, _BATCH_WINDOW)) if delay > 0 else None
        )
        self._paused_until = 0.0

    def pause(self, seconds: float) -> None:
        """Let no further request pass for that time."""
        self._paused_until = max(self._paused_until, self.loop.time() + seconds)

    async def pause_all(self, seconds: float) -> None:
        """Let no further request pass for that time, nor one of those who share the pace."""
        self.pause(seconds)
        if self._shared_limit is not None:
            await self._shared_limit.block_for(seconds)

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        try:
            while (wait := self._paused_until - self.loop.time()) > 0:  # noqa: ASYNC110 - the end may be put off
                await asyncio.sleep(wait)
            if self._local_limiter is not None:
                await self._local_limiter.acquire()
            if self._shared_limit is not None:
                await self._shared_limit.acquire()
        except BaseException:
            self._slots.release()
            raise

    async def __aexit__(self, *exc_info: object) -> None:
        self._slots.release()


class SharedRateLimit:
    """Turns of a pace that is shared with other processes, fetched by the handful where they are close together.

    Where the pace is not to be had, whoever asks paces himself alone: too many requests are refused by the service
    then, none at all would be worse.
    """

    def __init__(self, rate_limiter: RateLimiter, delay: float) -> None:
        self._rate_limiter = rate_limiter
        self._batch_size = max(1, int(_BATCH_WINDOW / delay))
        self._remaining = 0
        self._lock = asyncio.Lock()

    async def acquire(self) -> None:
        """Wait for the next turn."""
        async with self._lock:
            if not self._remaining:
                await asyncio.sleep(await self._acquire_permits())
                self._remaining = self._batch_size
            self._remaining -= 1

    async def block_for(self, seconds: float) -> None:
        """Have nobody take a turn for that time."""
        try:
            await asyncio.to_thread(self._rate_limiter.block_for, seconds)
        except Unavailable as error:
            _log.warning("others are not told that a service wants to rest: %s", error)

    async def _acquire_permits(self) -> float:
        try:
            return await asyncio.to_thread(self._rate_limiter.acquire, self._batch_size)
        except Unavailable as error:
            _log.warning("requests are paced by this process alone: %s", error)
            return 0.0
