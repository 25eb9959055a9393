"""Renders READMEs beside the main process, and remembers them: rendering is most of what a run computes."""

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

# Raise it with every change in what rendering makes of a README: all are then rendered anew.
RENDERING_VERSION = 1


def build_cache_key(readme: Readme) -> str:
    """Return what a rendered README is remembered by."""
    return f"{RENDERING_VERSION}-{readme.fingerprint}"


class PooledRenderer:
    """Renders in worker processes, each README within `time_limit` seconds; one that can't be is plain text.

    There are as many workers as this process may use CPUs, unless told otherwise; they start when they are first
    needed, or with `warm`. Safe to use from several threads, and in a forked child, which gets its own workers.
    `close` has to be called. `program` is the command that starts a worker.
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
        """Start rendering and return at once; what is remembered or under way already is not rendered again."""
        keys = [build_cache_key(readme) for readme in readmes]
        cached = self._cache.get_many(set(keys))
        missing = {
            cache_key: readme for cache_key, readme in zip(keys, readmes, strict=True) if cache_key not in cached
        }
        with self._lock:
            pending = {k: self._submit(k, readme) for k, readme in missing.items()}
        return PooledRenderJob(self, keys, cached, pending)

    def store_finished(self) -> None:
        """Remember all that was rendered since the last time and that somebody still waits for."""
        with self._lock:
            finished = {cache_key: future for cache_key, future in self._pending.items() if future.done()}
        results = {k: future.result() for k, future in finished.items() if _has_succeeded(future)}
        if cacheable := {k: result.rendered for k, result in results.items() if result.cacheable}:
            self._cache.set_many(cacheable)
        with self._lock:
            for k in finished:
                self._pending.pop(k, None)

    def close(self) -> None:
        """End the workers at once; whoever still waits for READMEs gets a `CancelledError`."""
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
        # Until they are in the cache, or nobody waits for them any more.
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
    """READMEs that are rendered, or about to be, in worker processes."""

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
        """Wait for all, remember what is new and return them in the order they were given.

        A README that takes too long, or more memory than there is, is plain text, and remembered as such: it costs
        once. What is plain text because workers were killed, or by a defect of ours, is not remembered. Raises
        `CancelledError` after the renderer was closed, and `RuntimeError` where no worker starts at all.
        """
        rendered = {
            **self._cached,
            **{cache_key: future.result().rendered for cache_key, future in self._pending.items()},
        }
        if self._pending:
            self._renderer.store_finished()
        return [rendered[k] for k in self._keys]


def _has_succeeded(future: Future[RenderResult]) -> bool:
    return not future.cancelled() and future.exception() is None


def _count_usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
