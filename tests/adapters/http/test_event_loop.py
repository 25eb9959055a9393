"""The event loop shared by synchronous callers."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.adapters.http.event_loop import EventLoopThread


@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    loop = EventLoopThread()
    yield loop
    loop.close()


async def running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


def test_run_returns_result(loop: EventLoopThread) -> None:
    assert loop.run(double(21)) == 42


def test_run_raises_exception(loop: EventLoopThread) -> None:
    async def fail() -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        loop.run(fail())


def test_run_uses_one_loop_for_all_threads(loop: EventLoopThread) -> None:
    seen: list[asyncio.AbstractEventLoop] = []
    threads = [threading.Thread(target=lambda: seen.append(loop.run(running_loop()))) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_run_on_own_thread_is_rejected(loop: EventLoopThread) -> None:
    async def inside() -> None:
        loop.run(double(1))

    with pytest.raises(RuntimeError, match="wait for itself"):
        loop.run(inside())


def test_run_after_close_is_rejected() -> None:
    loop = EventLoopThread()
    loop.run(double(1))

    loop.close()
    loop.close()

    with pytest.raises(RuntimeError, match="closed"):
        loop.run(double(1))


def test_close_cancels_running_coroutines() -> None:
    loop = EventLoopThread()
    ended: list[str] = []

    async def wait(started: threading.Event) -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    started = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(loop.run, wait(started))
        started.wait()

        loop.close()

        with pytest.raises(CancelledError):
            waiting.result()
    assert ended == ["cancelled"]


@given(numbers=st.lists(st.integers()), max_pending=st.integers(1, 7))
def test_stream_returns_all_results_within_max_pending(numbers: list[int], max_pending: int) -> None:
    loop = EventLoopThread()
    started = consumed_count = most = 0

    def jobs() -> Iterator[int]:
        nonlocal started, most
        for number in numbers:
            started += 1
            most = max(most, started - consumed_count)
            yield number

    results = []
    for result in loop.stream(jobs(), double, max_pending):
        consumed_count += 1
        results.append(result)
    loop.close()

    assert sorted(results) == sorted(2 * number for number in numbers)
    assert most <= max_pending


def test_stream_yields_in_order_of_completion(loop: EventLoopThread) -> None:
    first_may_end = asyncio.Event()

    async def work(number: int) -> int:
        if number == 1:
            await first_may_end.wait()
        return number

    async def let_the_first_end() -> None:
        first_may_end.set()

    results = loop.stream([1, 2], work, max_pending=2)
    first = next(results)
    loop.run(let_the_first_end())

    assert [first, *results] == [2, 1]


def test_stream_advances_jobs_in_calling_thread(loop: EventLoopThread) -> None:
    threads: set[int] = set()

    def jobs() -> Iterator[int]:
        for number in range(10):
            threads.add(threading.get_ident())
            yield number

    list(loop.stream(jobs(), double, max_pending=3))

    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("ending", ["given up", "failure of a job", "failure of the caller's iterable"])
def test_stream_cancels_running_jobs_at_early_end(loop: EventLoopThread, ending: str) -> None:
    cancelled = threading.Event()

    def jobs() -> Iterator[str]:
        yield "waits"
        yield "fails" if ending == "failure of a job" else "ends"
        if ending == "failure of the caller's iterable":
            raise LookupError
        yield "ends"

    async def work(job: str) -> str:
        if job == "fails":
            raise LookupError
        try:
            if job == "waits":
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return job

    results = loop.stream(jobs(), work, max_pending=3)
    if ending == "given up":
        next(results)
        results.close()  # type: ignore[attr-defined]
    else:
        with pytest.raises(LookupError):
            list(results)

    assert cancelled.wait(5)


def test_stream_rejects_zero_max_pending(loop: EventLoopThread) -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        next(loop.stream([1], double, max_pending=0))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_child_starts_own_loop(loop: EventLoopThread) -> None:
    parents = loop.run(running_loop())

    child = os.fork()
    if child == 0:
        is_own = loop.run(running_loop()) is not parents and loop.run(double(21)) == 42
        os._exit(0 if is_own else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert loop.run(running_loop()) is parents


def test_missing_close_does_not_block_exit() -> None:
    program = (
        "from pyf.aggregator.adapters.http.event_loop import EventLoopThread\n"
        "import asyncio\n"
        "EventLoopThread().run(asyncio.sleep(0))\n"
    )

    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)

    assert (completed.returncode, completed.stderr) == (0, "")
