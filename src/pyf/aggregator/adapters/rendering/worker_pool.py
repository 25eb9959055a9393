"""Pool of rendering workers, each with its own pipes, so that a dead or hanging worker does not block the others.

Other pools share a result pipe and its lock: a worker killed in the middle of a response stops all of them
(docs/decisions/0021-rendering-pool.md). Their workers also import the main program again.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from threading import Lock, Timer

from msgspec import Struct, msgpack

from ...domain.readme.plain_text import Readme, RenderedReadme, clean_readme, render_plain_text
from ..pipes import receive, send
from .protocol import RenderResponse

# -P: files in the current folder must not shadow modules.
PROGRAM = (sys.executable, "-P", "-m", "pyf.aggregator.adapters.rendering.worker")

# Seconds for the imports of a worker; usually 0.5.
_START_TIMEOUT = 60.0

# A worker may be killed through no fault of the README, for example by the kernel's OOM killer: try again once.
_MAX_ATTEMPTS = 2

# `Popen.returncode` after SIGKILL, which never results from a failure of the process itself.
_SIGKILL_EXIT = -9

# Variables that the interpreter and its libraries need.
_VARIABLES = frozenset({"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "VIRTUAL_ENV"})
_PREFIXES = ("LC_", "LD_", "DYLD_", "PYTHON", "COV", "MALLOC_")

_log = logging.getLogger(__name__)


class RenderResult(Struct, frozen=True):
    """A rendered README; `cacheable` if rendering it again would give the same result."""

    rendered: RenderedReadme
    cacheable: bool


class _CannotRender(Exception):
    """A README exceeds the time limit or ends its workers; `cacheable` if the README is the cause."""

    def __init__(self, reason: str, *, cacheable: bool) -> None:
        super().__init__(reason)
        self.cacheable = cacheable


class _RenderDefect(Exception):
    """Our code failed on a README; the message is the traceback."""


class _WorkerExited(Exception):
    """A worker has ended: it timed out, was killed from outside, or crashed."""

    def __init__(self, *, timed_out: bool, killed: bool) -> None:
        self.timed_out = timed_out
        self.killed = killed


class WorkerPool:
    """Up to `size` workers, started on demand.

    Args:
        time_limit: Seconds for each README.
        program: Command that starts a worker; the time limit is appended to it.
    """

    def __init__(self, size: int, time_limit: float, program: Sequence[str] = PROGRAM) -> None:
        self._size = size
        self._command = [*program, str(time_limit)]
        self._time_limit = time_limit
        # A worker ends with the thread that started it; these threads live as long as the pool.
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="rendering")
        self._lock = Lock()
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._closed = False

    def prestart(self) -> None:
        """Start the missing workers without waiting for them."""
        for _ in range(self._size):
            self._threads.submit(self._prestart_worker)

    def submit(self, readme: Readme) -> Future[RenderResult]:
        """Render a README; it becomes plain text if it exceeds the time limit or ends its workers.

        The future fails with `CancelledError` after `close`, and with `RuntimeError` if workers cannot start.
        """
        return self._threads.submit(self._render_or_fall_back, clean_readme(readme))

    def close(self) -> None:
        """Kill all workers and cancel all unfinished READMEs."""
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
            _log.warning("rendering a README as plain text because %s: %.60r", error, readme.text)
            return RenderResult(render_plain_text(readme), cacheable=error.cacheable)
        except _RenderDefect as defect:
            _log.error("rendering a README as plain text because of a defect: %.60r\n%s", readme.text, defect)
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
        raise _CannotRender(f"it ended {_MAX_ATTEMPTS} workers", cacheable=not killed)

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
        raise RuntimeError("rendering workers exit before they are ready")

    def _release_worker(self, worker: "_Worker") -> None:
        with self._lock:
            self._idle.append(worker)

    def _discard(self, worker: "_Worker") -> None:
        worker.discard()
        with self._lock:
            self._workers.discard(worker)
            if self._closed:
                raise CancelledError


def build_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a worker needs: it renders text of package authors, and must know no secrets."""
    return {name: value for name, value in variables.items() if name in _VARIABLES or name.startswith(_PREFIXES)}


class _Worker:
    """One worker process, which renders one README at a time."""

    def __init__(self, command: Sequence[str]) -> None:
        # Its own process group: Ctrl-C in the terminal reaches the parent only, which ends the workers.
        self._process = subprocess.Popen(  # noqa: S603 - the program is ours
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
            env=build_environment(os.environ),
        )

    def wait_until_ready(self) -> None:
        """Wait until the worker has started; raise `_WorkerExited` if it ends."""
        self._exchange(None, _START_TIMEOUT)

    def render(self, readme: Readme, time_limit: float) -> RenderResponse:
        """Render a README within `time_limit` seconds; raise `_WorkerExited` if the worker ends."""
        return msgpack.decode(self._exchange(msgpack.encode(readme), time_limit), type=RenderResponse)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill the process; a waiting thread gets `_WorkerExited`."""
        self._process.kill()

    def discard(self) -> None:
        """Kill the process, reap it and close its pipes."""
        self._process.kill()
        with self._process:
            pass

    def _exchange(self, request: bytes | None, time_limit: float) -> bytearray:
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
