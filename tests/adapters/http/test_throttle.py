"""What lets requests pass to a service."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from pyf.aggregator.adapters.http.throttle import Throttle
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.testing.coordination import FakeRateLimiter


def test_who_gives_up_waiting_takes_no_place() -> None:
    async def scenario() -> bool:
        gate = Throttle(max_concurrency=1, delay=0)
        gate.pause(0.1)
        impatient = asyncio.create_task(gate.__aenter__())
        await asyncio.sleep(0.01)
        impatient.cancel()
        await asyncio.wait([impatient])
        async with asyncio.timeout(5), gate:
            return impatient.cancelled()

    assert asyncio.run(scenario())


def test_a_shorter_silence_does_not_end_a_longer_one() -> None:
    async def scenario() -> float:
        gate = Throttle(max_concurrency=1, delay=0)
        start = gate.loop.time()
        gate.pause(0.1)
        gate.pause(0.01)
        async with gate:
            return gate.loop.time() - start

    assert asyncio.run(scenario()) >= 0.1


def test_silence_that_is_asked_for_meanwhile_is_kept() -> None:
    async def scenario() -> float:
        gate = Throttle(max_concurrency=1, delay=0)
        start = gate.loop.time()
        gate.pause(0.05)
        gate.loop.call_later(0.02, gate.pause, 0.1)
        async with gate:
            return gate.loop.time() - start

    assert asyncio.run(scenario()) >= 0.12


def test_requests_keep_the_pace_of_all_who_share_it() -> None:
    """Two loops stand for two processes."""
    pace = FakeRateLimiter(0.05)

    async def scenario() -> list[float]:
        gate = Throttle(max_concurrency=9, delay=0.05, rate_limiter=pace)
        moments = []
        for _ in range(3):
            async with gate:
                moments.append(time.monotonic())
        return moments

    with ThreadPoolExecutor(2) as pool:
        moments = sorted(chain.from_iterable(pool.map(lambda _: asyncio.run(scenario()), range(2))))

    assert moments[-1] - moments[0] >= 5 * 0.05 - 0.01


def test_requests_that_are_close_together_share_a_question_for_their_turns() -> None:
    pace = CountingRateLimiter()

    async def scenario() -> None:
        gate = Throttle(max_concurrency=9, delay=0.001, rate_limiter=pace)
        for _ in range(100):
            async with gate:
                pass

    asyncio.run(scenario())

    assert pace.permits == [50, 50]


def test_silence_is_kept_by_all_who_share_the_pace() -> None:
    pace = FakeRateLimiter(0.01)

    async def pause_all() -> None:
        await Throttle(max_concurrency=1, delay=0.01, rate_limiter=pace).pause_all(0.2)

    async def other() -> float:
        gate = Throttle(max_concurrency=1, delay=0.01, rate_limiter=pace)
        start = gate.loop.time()
        async with gate:
            return gate.loop.time() - start

    asyncio.run(pause_all())

    assert asyncio.run(other()) >= 0.15


def test_where_the_pace_is_not_to_be_had_requests_pass_all_the_same() -> None:
    async def scenario() -> bool:
        gate = Throttle(max_concurrency=1, delay=0.01, rate_limiter=UnavailableRateLimiter())
        await gate.pause_all(0)
        async with asyncio.timeout(5), gate:
            return True

    assert asyncio.run(scenario())


class CountingRateLimiter(FakeRateLimiter):
    """A pace without any delay that notes what was reserved."""

    def __init__(self) -> None:
        super().__init__(0)
        self.permits: list[int] = []

    def reserve(self, permits: int = 1) -> float:
        self.permits.append(permits)
        return super().acquire(permits)


class UnavailableRateLimiter:
    """A pace that nobody answers for."""

    def acquire(self, permits: int = 1) -> float:
        raise Unavailable("Redis does not answer")

    def block_for(self, seconds: float) -> None:
        raise Unavailable("Redis does not answer")
