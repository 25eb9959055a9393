"""Lets synchronous callers, in whatever threads, share one event loop, so that connections are shared as well."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class EventLoopThread:
    """One event loop in one thread, started when first needed; a forked child starts its own.

    Safe to use from several threads. After `close` it can't be used again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._owner = os.getpid()
        self._closed = False
        # The loops of parent processes. They hold file descriptors that the parent still uses: collecting one would
        # close them under its hands.
        self._inherited: list[asyncio.AbstractEventLoop] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return what it returns; an interruption of the caller cancels it."""
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._running_loop())
        except RuntimeError:
            work.close()
            raise
        try:
            return future.result()
        finally:
            future.cancel()

    def stream(self, jobs: Iterable[T], work: Callable[[T], Coroutine[Any, Any, R]], ahead: int) -> Iterator[R]:
        """Work on jobs concurrently and yield the results as they come, in any order.

        At most `ahead` jobs are in flight or finished and not yet taken. `jobs` is advanced in the thread of the
        caller, only as far as that allows. What `work` raises is raised here; that, and giving the iterator up,
        cancels what is in flight and waits for its end: nothing goes on behind the caller's back.
        """
        if ahead < 1:
            raise ValueError(f"nothing can be done with {ahead} jobs ahead")
        loop = self._running_loop()
        finished: SimpleQueue[Future[R]] = SimpleQueue()
        outstanding: set[Future[R]] = set()
        running: set[asyncio.Task[Any]] = set()

        async def tracked(job: T) -> R:
            task = asyncio.current_task()
            assert task is not None
            running.add(task)
            try:
                return await work(job)
            finally:
                running.discard(task)

        async def ended() -> None:
            await asyncio.gather(*running, return_exceptions=True)

        def take() -> R:
            future = finished.get()
            outstanding.discard(future)
            return future.result()

        try:
            for job in jobs:
                future = asyncio.run_coroutine_threadsafe(tracked(job), loop)
                outstanding.add(future)
                future.add_done_callback(finished.put)
                if len(outstanding) >= ahead:
                    yield take()
            while outstanding:
                yield take()
        finally:
            for future in outstanding:
                future.cancel()
            if outstanding and loop.is_running():
                asyncio.run_coroutine_threadsafe(ended(), loop).result()

    def close(self, last: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Cancel what is running, run `last` on the loop if there is a loop, and end the thread."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            if loop is None or thread is None or self._owner != os.getpid():
                return
        asyncio.run_coroutine_threadsafe(_wind_up(last), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if threading.current_thread() is self._thread:
            raise RuntimeError("the event loop's own thread would wait for itself")
        with self._lock:
            if self._closed:
                raise RuntimeError("used after it was closed")
            if self._owner != os.getpid():
                self._inherited += [self._loop] if self._loop else []
                self._loop, self._owner = None, os.getpid()
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # A daemon: a caller that forgets to close must not keep the program from ending.
                self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
                self._thread.start()
            return self._loop


async def _wind_up(last: Callable[[], Coroutine[Any, Any, None]] | None) -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if last is not None:
        await last()
