"""README renderer with worker processes and a cache; rendering takes most of a run's CPU time."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from threading import Lock
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from ...domain.readme.plain_text import Readme, RenderedReadme
from ...ports import RenderCache
from .worker_pool import PROGRAM, RenderResult, WorkerPool

# Raise it whenever the output of rendering changes, which invalidates all cached READMEs.
RENDERING_VERSION = 1


def build_cache_key(readme: Readme) -> str:
    """Return the cache key of a rendered README."""
    return f"{RENDERING_VERSION}-{readme.fingerprint}"


class PooledRenderer:
    """Renders in worker processes; a README that fails or exceeds the time limit becomes plain text.

    Workers start on first use or with `prestart`. Thread-safe; a forked child gets its own workers. Must be closed.

    Args:
        workers: Number of processes; by default, the number of CPUs that this process may use.
        time_limit: Seconds for each README.
        program: Command that starts a worker.
    """

    def __init__(
        self,
        cache: RenderCache,
        *,
        workers: int | None = None,
        time_limit: float = 10.0,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._cache = cache
        self._worker_count = workers or _count_usable_cpus()
        self._time_limit = time_limit
        self._program = program
        self._lock = Lock()
        self._closed = False
        self._reset_workers()

    def prestart(self) -> None:
        """Start the workers without waiting for them."""
        with self._lock:
            self._ensure_pool().prestart()

    def render(self, readmes: Sequence[Readme]) -> "PooledRenderJob":
        """Start rendering and return immediately; READMEs in the cache or in progress are not rendered again."""
        keys = [build_cache_key(readme) for readme in readmes]
        cached = self._cache.get_many(set(keys))
        missing = {key: readme for key, readme in zip(keys, readmes, strict=True) if key not in cached}
        with self._lock:
            pending = {key: self._submit(key, readme) for key, readme in missing.items()}
        return PooledRenderJob(self, keys, cached, pending)

    def store_finished(self) -> None:
        """Cache all READMEs finished since the last call whose jobs still exist."""
        with self._lock:
            finished = {key: future for key, future in self._pending.items() if future.done()}
        results = {key: future.result() for key, future in finished.items() if _has_succeeded(future)}
        if cacheable := {key: result.rendered for key, result in results.items() if result.cacheable}:
            self._cache.set_many(cacheable)
        with self._lock:
            for key in finished:
                self._pending.pop(key, None)

    def close(self) -> None:
        """Kill the workers; waiting callers get a `CancelledError`."""
        with self._lock:
            self._closed = True
            pool = self._pool if self._owner_pid == os.getpid() else None
        if pool is not None:
            pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reset_workers(self) -> None:
        self._owner_pid = os.getpid()
        self._pool: WorkerPool | None = None
        # Entries stay until they are cached or their jobs are gone.
        self._pending: WeakValueDictionary[str, Future[RenderResult]] = WeakValueDictionary()

    def _ensure_pool(self) -> WorkerPool:
        if self._closed:
            raise RuntimeError("used after it was closed")
        if self._owner_pid != os.getpid():
            self._reset_workers()
        if self._pool is None:
            self._pool = WorkerPool(self._worker_count, self._time_limit, self._program)
        return self._pool

    def _submit(self, key: str, readme: Readme) -> Future[RenderResult]:
        pool = self._ensure_pool()
        future = self._pending.get(key)
        if future is None:
            future = self._pending[key] = pool.submit(readme)
        return future


class PooledRenderJob:
    """READMEs submitted to the worker processes."""

    def __init__(
        self,
        renderer: PooledRenderer,
        keys: Sequence[str],
        cached: Mapping[str, RenderedReadme],
        pending: Mapping[str, Future[RenderResult]],
    ) -> None:
        self._renderer = renderer
        self._keys = keys
        self._cached = cached
        self._pending = pending

    def result(self) -> Sequence[RenderedReadme]:
        """Wait for all READMEs, cache new ones and return them in the order of the request.

        A README that takes too much time or memory becomes plain text, which is cached, so it costs once. Plain text
        because of killed workers or a defect in our code is not cached.

        Raises:
            CancelledError: After the renderer was closed.
            RuntimeError: If workers cannot start.
        """
        rendered = {**self._cached, **{key: future.result().rendered for key, future in self._pending.items()}}
        if self._pending:
            self._renderer.store_finished()
        return [rendered[key] for key in self._keys]


def _has_succeeded(future: Future[RenderResult]) -> bool:
    return not future.cancelled() and future.exception() is None


def _count_usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
