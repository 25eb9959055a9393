"""Lets requests pass to a service: only so many at once, only so often, and none while it asked for silence."""

import asyncio

from aiolimiter import AsyncLimiter

# Requests less than this many seconds apart are paced by the handful: a timer for each would cost throughput.
_WINDOW = 0.05


class Gate:
    """An asynchronous context that lasts as long as a request is under way; belongs to the loop it is made on."""

    def __init__(self, workers: int, delay: float) -> None:
        self.loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(workers)
        self._pace = AsyncLimiter(max(1.0, _WINDOW / delay), max(delay, _WINDOW)) if delay > 0 else None
        self._quiet_until = 0.0

    def keep_quiet(self, seconds: float) -> None:
        """Let no further request pass for that time."""
        self._quiet_until = max(self._quiet_until, self.loop.time() + seconds)

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        try:
            while (wait := self._quiet_until - self.loop.time()) > 0:  # noqa: ASYNC110 - the end may be put off
                await asyncio.sleep(wait)
            if self._pace is not None:
                await self._pace.acquire()
        except BaseException:
            self._slots.release()
            raise

    async def __aexit__(self, *failure: object) -> None:
        self._slots.release()
