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
        self._owner_pid = os.getpid()
        self._closed = False
        # The loops of parent processes. They hold file descriptors that the parent still uses: collecting one would
        # close them under its hands.
        self._inherited_loops: list[asyncio.AbstractEventLoop] = []

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return what it returns; an interruption of the caller cancels it."""
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._ensure_loop())
        except RuntimeError:
            coroutine.close()
            raise
        try:
            return future.result()
        finally:
            future.cancel()

    def stream(
        self, jobs: Iterable[T], process: Callable[[T], Coroutine[Any, Any, R]], max_pending: int
    ) -> Iterator[R]:
        """Work on jobs concurrently and yield the results as they come, in any order.

        At most `ahead` jobs are in flight or finished and not yet taken. `jobs` is advanced in the thread of the
        caller, only as far as that allows. What `work` raises is raised here; that, and giving the iterator up,
        cancels what is in flight and waits for its end: nothing goes on behind the caller's back.
        """
        if max_pending < 1:
            raise ValueError(f"nothing can be done with {max_pending} jobs ahead")
        loop = self._ensure_loop()
        finished: SimpleQueue[Future[R]] = SimpleQueue()
        pending: set[Future[R]] = set()
        running_tasks: set[asyncio.Task[Any]] = set()

        async def track(job: T) -> R:
            task = asyncio.current_task()
            assert task is not None
            running_tasks.add(task)
            try:
                return await process(job)
            finally:
                running_tasks.discard(task)

        async def wait_for_running() -> None:
            await asyncio.gather(*running_tasks, return_exceptions=True)

        def take_result() -> R:
            future = finished.get()
            pending.discard(future)
            return future.result()

        try:
            for job in jobs:
                future = asyncio.run_coroutine_threadsafe(track(job), loop)
                pending.add(future)
                future.add_done_callback(finished.put)
                if len(pending) >= max_pending:
                    yield take_result()
            while pending:
                yield take_result()
        finally:
            for future in pending:
                future.cancel()
            if pending and loop.is_running():
                asyncio.run_coroutine_threadsafe(wait_for_running(), loop).result()

    def close(self, cleanup: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Cancel what is running, run `last` on the loop if there is a loop, and end the thread."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            if loop is None or thread is None or self._owner_pid != os.getpid():
                return
        asyncio.run_coroutine_threadsafe(_cancel_all_tasks(cleanup), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _ensure_loop(self) -> asyncio.AbstractEventLoop:
        if threading.current_thread() is self._thread:
            raise RuntimeError("the event loop's own thread would wait for itself")
        with self._lock:
            if self._closed:
                raise RuntimeError("used after it was closed")
            if self._owner_pid != os.getpid():
                self._inherited_loops += [self._loop] if self._loop else []
                self._loop, self._owner_pid = None, os.getpid()
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # A daemon: a caller that forgets to close must not keep the program from ending.
                self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
                self._thread.start()
            return self._loop


async def _cancel_all_tasks(cleanup: Callable[[], Coroutine[Any, Any, None]] | None) -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if cleanup is not None:
        await cleanup()
