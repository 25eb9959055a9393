"""The throttle of a service's requests."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from pyf.aggregator.adapters.http.retry import Throttle
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.testing.coordination import FakeRateLimiter


def test_cancelled_waiter_releases_slot() -> None:
    async def scenario() -> bool:
        throttle = Throttle(max_concurrency=1, delay=0)
        throttle.pause(0.1)
        cancelled_waiter = asyncio.create_task(throttle.__aenter__())
        await asyncio.sleep(0.01)
        cancelled_waiter.cancel()
        await asyncio.wait([cancelled_waiter])
        async with asyncio.timeout(5), throttle:
            return cancelled_waiter.cancelled()

    assert asyncio.run(scenario())


def test_shorter_pause_keeps_longer_pause() -> None:
    async def scenario() -> float:
        throttle = Throttle(max_concurrency=1, delay=0)
        start = throttle.loop.time()
        throttle.pause(0.1)
        throttle.pause(0.01)
        async with throttle:
            return throttle.loop.time() - start

    assert asyncio.run(scenario()) >= 0.1


def test_pause_extends_current_wait() -> None:
    async def scenario() -> float:
        throttle = Throttle(max_concurrency=1, delay=0)
        start = throttle.loop.time()
        throttle.pause(0.05)
        throttle.loop.call_later(0.02, throttle.pause, 0.1)
        async with throttle:
            return throttle.loop.time() - start

    assert asyncio.run(scenario()) >= 0.12


def test_shared_rate_limit_spaces_requests() -> None:
    """Two event loops stand for two processes."""
    rate_limiter = FakeRateLimiter(0.05)

    async def scenario() -> list[float]:
        throttle = Throttle(max_concurrency=9, delay=0.05, rate_limiter=rate_limiter)
        times = []
        for _ in range(3):
            async with throttle:
                times.append(time.monotonic())
        return times

    # The first request may begin late on a busy machine; the last one never begins before its turn.
    start = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        times = sorted(chain.from_iterable(pool.map(lambda _: asyncio.run(scenario()), range(2))))

    assert times[-1] - start >= 5 * 0.05 - 0.01


def test_shared_rate_limit_acquires_batches() -> None:
    rate_limiter = CountingRateLimiter()

    async def scenario() -> None:
        throttle = Throttle(max_concurrency=9, delay=0.001, rate_limiter=rate_limiter)
        for _ in range(100):
            async with throttle:
                pass

    asyncio.run(scenario())

    assert rate_limiter.permits == [50, 50]


def test_pause_all_reaches_sharing_processes() -> None:
    rate_limiter = FakeRateLimiter(0.01)

    async def pause_all() -> None:
        await Throttle(max_concurrency=1, delay=0.01, rate_limiter=rate_limiter).pause_all(0.2)

    async def other() -> float:
        throttle = Throttle(max_concurrency=1, delay=0.01, rate_limiter=rate_limiter)
        start = throttle.loop.time()
        async with throttle:
            return throttle.loop.time() - start

    asyncio.run(pause_all())

    assert asyncio.run(other()) >= 0.15


def test_unavailable_rate_limiter_is_ignored() -> None:
    async def scenario() -> bool:
        throttle = Throttle(max_concurrency=1, delay=0.01, rate_limiter=UnavailableRateLimiter())
        await throttle.pause_all(0)
        async with asyncio.timeout(5), throttle:
            return True

    assert asyncio.run(scenario())


class CountingRateLimiter(FakeRateLimiter):
    """A rate limiter without delay that records acquired permits."""

    def __init__(self) -> None:
        super().__init__(0)
        self.permits: list[int] = []

    def acquire(self, permits: int = 1) -> float:
        self.permits.append(permits)
        return super().acquire(permits)


class UnavailableRateLimiter:
    """A rate limiter whose server is down."""

    def acquire(self, permits: int = 1) -> float:
        raise Unavailable("Redis does not respond")

    def block_for(self, seconds: float) -> None:
        raise Unavailable("Redis does not respond")
