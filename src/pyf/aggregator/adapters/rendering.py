"""Renders READMEs beside the main process, and remembers them: rendering is most of what a run computes."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from threading import Lock
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from ..domain.readme import Readme, Rendered
from ..ports import RenderCache
from .rendering_crew import PROGRAM, Crew, Made

# Raise it with every change in what rendering makes of a README: all are then rendered anew.
RENDERING = 1


def key(readme: Readme) -> str:
    """Return what a rendered README is remembered by."""
    return f"{RENDERING}-{readme.fingerprint}"


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
        self._size = workers or _usable_cpus()
        self._time_limit = time_limit
        self._program = program
        self._lock = Lock()
        self._closed = False
        self._begin()

    def warm(self) -> None:
        """Start the workers without waiting for them."""
        with self._lock:
            self._running_crew().warm()

    def render(self, readmes: Sequence[Readme]) -> "PooledRendering":
        """Start rendering and return at once; what is remembered or under way already is not rendered again."""
        keys = [key(readme) for readme in readmes]
        remembered = self._cache.recall(set(keys))
        missing = {k: readme for k, readme in zip(keys, readmes, strict=True) if k not in remembered}
        with self._lock:
            under_way = {k: self._submitted(k, readme) for k, readme in missing.items()}
        return PooledRendering(self, keys, remembered, under_way)

    def keep_finished(self) -> None:
        """Remember all that was rendered since the last time and that somebody still waits for."""
        with self._lock:
            finished = {k: future for k, future in self._under_way.items() if future.done()}
        made = {k: future.result() for k, future in finished.items() if _succeeded(future)}
        if lasting := {k: m.rendered for k, m in made.items() if m.lasting}:
            self._cache.keep(lasting)
        with self._lock:
            for k in finished:
                self._under_way.pop(k, None)

    def close(self) -> None:
        """End the workers at once; whoever still waits for READMEs gets a `CancelledError`."""
        with self._lock:
            self._closed = True
            crew = self._crew if self._owner == os.getpid() else None
        if crew is not None:
            crew.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> None:
        self._owner = os.getpid()
        self._crew: Crew | None = None
        # Until they are in the cache, or nobody waits for them any more.
        self._under_way: WeakValueDictionary[str, Future[Made]] = WeakValueDictionary()

    def _running_crew(self) -> Crew:
        if self._closed:
            raise RuntimeError("used after it was closed")
        if self._owner != os.getpid():
            self._begin()
        if self._crew is None:
            self._crew = Crew(self._size, self._time_limit, self._program)
        return self._crew

    def _submitted(self, key: str, readme: Readme) -> Future[Made]:
        crew = self._running_crew()
        future = self._under_way.get(key)
        if future is None:
            future = self._under_way[key] = crew.submit(readme)
        return future


class PooledRendering:
    """READMEs that are rendered, or about to be, in worker processes."""

    def __init__(
        self,
        renderer: PooledRenderer,
        keys: Sequence[str],
        remembered: Mapping[str, Rendered],
        under_way: Mapping[str, Future[Made]],
    ) -> None:
        self._renderer = renderer
        self._keys = keys
        self._remembered = remembered
        self._under_way = under_way

    def result(self) -> Sequence[Rendered]:
        """Wait for all, remember what is new and return them in the order they were given.

        A README that takes too long, or more memory than there is, is plain text, and remembered as such: it costs
        once. What is plain text because workers were killed, or by a defect of ours, is not remembered. Raises
        `CancelledError` after the renderer was closed, and `RuntimeError` where no worker starts at all.
        """
        known = {**self._remembered, **{k: future.result().rendered for k, future in self._under_way.items()}}
        if self._under_way:
            self._renderer.keep_finished()
        return [known[k] for k in self._keys]


def _succeeded(future: Future[Made]) -> bool:
    return not future.cancelled() and future.exception() is None


def _usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
