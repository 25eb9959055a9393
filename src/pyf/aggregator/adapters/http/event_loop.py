"""Event loop in a background thread, which synchronous callers in any thread share."""

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
    """One event loop in one thread, started on first use; a forked child starts its own.

    Thread-safe. Unusable after `close`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._owner_pid = os.getpid()
        self._closed = False
        # Loops of parent processes. Their file descriptors are still in use by the parent; garbage collection of a
        # loop would close them.
        self._inherited_loops: list[asyncio.AbstractEventLoop] = []

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return its result; interrupting the caller cancels the coroutine."""
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
        """Process jobs concurrently and yield the results as they arrive, in any order.

        At most `max_pending` jobs are running or finished but not yet consumed; `jobs` is advanced in the caller's
        thread, no further than that. An exception of `process` is raised here. An exception, and closing the
        iterator, cancel the running jobs and wait until they have ended.
        """
        if max_pending < 1:
            raise ValueError(f"max_pending must be at least 1, not {max_pending}")
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
        """Cancel running coroutines, run `cleanup` on the loop if there is one, and end the thread."""
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
            raise RuntimeError("called from the event loop's own thread, which would wait for itself")
        with self._lock:
            if self._closed:
                raise RuntimeError("used after it was closed")
            if self._owner_pid != os.getpid():
                self._inherited_loops += [self._loop] if self._loop else []
                self._loop, self._owner_pid = None, os.getpid()
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # A daemon thread, so that a missing `close` does not keep the process alive.
                self._thread = threading.Thread(target=self._loop.run_forever, name="event-loop", daemon=True)
                self._thread.start()
            return self._loop


async def _cancel_all_tasks(cleanup: Callable[[], Coroutine[Any, Any, None]] | None) -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if cleanup is not None:
        await cleanup()
