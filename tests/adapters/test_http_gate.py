"""What lets requests pass to a service."""

import asyncio

from pyf.aggregator.adapters.gate import Gate


def test_who_gives_up_waiting_takes_no_place() -> None:
    async def scenario() -> bool:
        gate = Gate(workers=1, delay=0)
        gate.keep_quiet(0.1)
        impatient = asyncio.create_task(gate.__aenter__())
        await asyncio.sleep(0.01)
        impatient.cancel()
        await asyncio.wait([impatient])
        async with asyncio.timeout(5), gate:
            return impatient.cancelled()

    assert asyncio.run(scenario())


def test_a_shorter_silence_does_not_end_a_longer_one() -> None:
    async def scenario() -> float:
        gate = Gate(workers=1, delay=0)
        start = gate.loop.time()
        gate.keep_quiet(0.1)
        gate.keep_quiet(0.01)
        async with gate:
            return gate.loop.time() - start

    assert asyncio.run(scenario()) >= 0.1


def test_silence_that_is_asked_for_meanwhile_is_kept() -> None:
    async def scenario() -> float:
        gate = Gate(workers=1, delay=0)
        start = gate.loop.time()
        gate.keep_quiet(0.05)
        gate.loop.call_later(0.02, gate.keep_quiet, 0.1)
        async with gate:
            return gate.loop.time() - start

    assert asyncio.run(scenario()) >= 0.12
