"""Runs the processes that render, each with pipes of its own, so that none that dies or hangs can hold up another.

The usual pools share one pipe and its lock among their workers, so that one that is killed in the middle of an answer
stops all; and their workers import the main program once more.
"""

import logging
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from threading import Lock, Timer

from msgspec import Struct, msgpack

from ...domain.readme.plain_text import Readme, RenderedReadme, clean_readme, render_plain_text
from .protocol import RenderResponse, receive, send

# -P: the files of the folder that we happen to be in are no modules.
PROGRAM = (sys.executable, "-P", "-m", "pyf.aggregator.adapters.rendering.worker")

# Seconds that a worker may take to import what it needs; half of one is usual.
_START_TIMEOUT = 60.0

# A worker's end need not be a README's fault, or the program's: short of memory, the kernel kills whom it likes.
_MAX_ATTEMPTS = 2

# What `Popen` says of a process that was ended by SIGKILL, as nothing does that fails by itself.
_SIGKILL_EXIT = -9

_log = logging.getLogger(__name__)


class RenderResult(Struct, frozen=True):
    """What was made of a README; `lasting` if the same would be made of it the next time."""

    rendered: RenderedReadme
    cacheable: bool


class _CannotRender(Exception):
    """A README takes too long, or workers end over it, as the text says; `lasting` if that is the README's fault."""

    def __init__(self, reason: str, *, cacheable: bool) -> None:
        super().__init__(reason)
        self.cacheable = cacheable


class _RenderDefect(Exception):
    """Our own code failed on a README; the text is the traceback."""


class _WorkerExited(Exception):
    """A worker has ended: because it was `overdue`, because somebody else `killed` it, or by what it was doing."""

    def __init__(self, *, timed_out: bool, killed: bool) -> None:
        self.timed_out = timed_out
        self.killed = killed


class WorkerPool:
    """Up to `size` workers, started as they are needed; each may take `time_limit` seconds for a README.

    `program` is the command that starts a worker; it gets the time limit as its last argument.
    """

    def __init__(self, size: int, time_limit: float, program: Sequence[str] = PROGRAM) -> None:
        self._size = size
        self._command = [*program, str(time_limit)]
        self._time_limit = time_limit
        # A worker ends with the thread that started it, and these threads stay as long as the crew does.
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="rendering")
        self._lock = Lock()
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._closed = False

    def prestart(self) -> None:
        """Start the workers that are not there yet, without waiting for them."""
        for _ in range(self._size):
            self._threads.submit(self._prestart_worker)

    def submit(self, readme: Readme) -> Future[RenderResult]:
        """Have a README rendered, as plain text if it takes too long or if workers end over it.

        The future fails with `CancelledError` after `close`, and with `RuntimeError` where workers can't even start.
        """
        return self._threads.submit(self._render_or_fall_back, clean_readme(readme))

    def close(self) -> None:
        """End all workers at once; what was not rendered by then is cancelled."""
        with self._lock:
            self._closed = True
            workers = list(self._workers)
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()
        self._threads.shutdown()
        for worker in workers:
            worker.discard()

    def _render_or_fall_back(self, readme: Readme) -> RenderResult:
        try:
            return RenderResult(self._render(readme), cacheable=True)
        except _CannotRender as error:
            _log.warning("a README becomes plain text, because %s: %.60r", error, readme.text)
            return RenderResult(render_plain_text(readme), cacheable=error.cacheable)
        except _RenderDefect as defect:
            _log.error("a README is plain text for now, because of a defect: %.60r\n%s", readme.text, defect)
            return RenderResult(render_plain_text(readme), cacheable=False)

    def _render(self, readme: Readme) -> RenderedReadme:
        killed = False
        for _ in range(_MAX_ATTEMPTS):
            worker = self._acquire_worker()
            try:
                response = worker.render(readme, self._time_limit)
            except _WorkerExited as exit_error:
                self._discard(worker)
                if exit_error.timed_out:
                    raise _CannotRender(f"it takes longer than {self._time_limit:g} s", cacheable=True) from exit_error
                killed |= exit_error.killed
                continue
            self._release_worker(worker)
            if response.rendered is None:
                raise _RenderDefect(response.defect)
            return response.rendered
        raise _CannotRender(f"{_MAX_ATTEMPTS} workers ended over it", cacheable=not killed)

    def _prestart_worker(self) -> None:
        with self._lock:
            missing = self._size - len(self._workers)
        if missing > 0:
            self._release_worker(self._start_worker())

    def _acquire_worker(self) -> "_Worker":
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return self._start_worker()
            if worker.is_alive():
                return worker
            self._discard(worker)

    def _start_worker(self) -> "_Worker":
        for _ in range(_MAX_ATTEMPTS):
            with self._lock:
                if self._closed:
                    raise CancelledError
                worker = _Worker(self._command)
                self._workers.add(worker)
            try:
                worker.wait_until_ready()
            except _WorkerExited:
                self._discard(worker)
            else:
                return worker
        raise RuntimeError("the processes that render READMEs end before they can begin")

    def _release_worker(self, worker: "_Worker") -> None:
        with self._lock:
            self._idle.append(worker)

    def _discard(self, worker: "_Worker") -> None:
        worker.discard()
        with self._lock:
            self._workers.discard(worker)
            if self._closed:
                raise CancelledError


class _Worker:
    """One process that renders; it takes READMEs one after the other."""

    def __init__(self, command: Sequence[str]) -> None:
        # A process group of its own: a Ctrl-C in the terminal is for us, and we end the workers.
        self._process = subprocess.Popen(  # noqa: S603 - the program is ours
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
        )

    def wait_until_ready(self) -> None:
        """Wait until it has started; raises `_Ended`."""
        self._exchange(None, _START_TIMEOUT)

    def render(self, readme: Readme, time_limit: float) -> RenderResponse:
        """Wait for what it makes of a README, at most `time_limit` seconds; raises `_Ended`."""
        return msgpack.decode(self._exchange(msgpack.encode(readme), time_limit), type=RenderResponse)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """Have the process end, whatever it is doing; whoever waits for its answer gets `_Ended`."""
        self._process.kill()

    def discard(self) -> None:
        """End the process and leave nothing of it behind."""
        self._process.kill()
        with self._process:
            pass

    def _exchange(self, request: bytes | None, time_limit: float) -> bytes:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        timer = Timer(time_limit, self._process.kill)
        timer.start()
        try:
            if request is not None:
                send(stdin.fileno(), request)
            return receive(stdout.fileno())
        except (EOFError, BrokenPipeError) as error:
            raise _WorkerExited(
                timed_out=timer.finished.is_set(), killed=self._process.wait() == _SIGKILL_EXIT
            ) from error
        finally:
            timer.cancel()
