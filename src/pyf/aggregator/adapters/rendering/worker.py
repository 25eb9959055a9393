"""Worker program that renders READMEs from stdin and writes the results to stdout.

Its parent may kill it at any time. The worker ends with its parent, even if the parent is killed while a renderer
holds the interpreter lock, when no thread of this process could notice it.
"""

import os
import signal
import sys
import traceback

from msgspec import msgpack

from ...domain.readme.plain_text import Readme
from ..pipes import receive, send
from .protocol import READY, RenderResponse

# A README of a few kilobytes can need many gigabytes, by a wide table or unclosed formatting.
MAX_MEMORY = 1 << 30

# Seconds after the time limit at which the kernel ends a worker that its parent has not killed.
_KILL_GRACE = 2

_INPUT = 0
_OUTPUT, _ERRORS = 1, 2

if sys.platform == "win32":

    def _bind_to_parent() -> None:
        """Rely on the end of the input."""

    def _lower_priority() -> None:
        """Skip: processes have no niceness here."""

    def _limit_memory() -> None:
        """Skip: there is no such limit here."""

    def _set_alarm(seconds: float) -> None:
        """Skip: the parent enforces the time limit."""

else:
    import ctypes
    import resource
    import select

    _PR_SET_PDEATHSIG = 1
    _NICENESS = 10

    def _bind_to_parent() -> None:
        """Let the kernel kill this process when the thread that started it ends (Linux only)."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if _is_orphan():  # the parent may have ended before `prctl`, and the imports below take long
            sys.exit()

    def _is_orphan() -> bool:
        """Return whether the parent has closed the input."""
        poller = select.poll()
        poller.register(_INPUT, 0)
        return any(event & select.POLLHUP for _, event in poller.poll(0))

    def _lower_priority() -> None:
        """Yield the CPU to the process that sends requests: rendering only has to finish by the end of the run."""
        os.nice(_NICENESS)

    def _limit_memory() -> None:
        """Limit this process to `MAX_MEMORY` bytes."""
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(MAX_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))

    def _set_alarm(seconds: float) -> None:
        """Let the kernel end this process after some seconds, 0 for never."""
        signal.setitimer(signal.ITIMER_REAL, seconds)


def main() -> None:
    """Render until the input ends; the only argument is the time limit in seconds."""
    _bind_to_parent()
    _lower_priority()
    responses = os.dup(_OUTPUT)
    os.dup2(_ERRORS, _OUTPUT)  # printed text must not mix with responses
    from ...domain.readme.rendering import render_readme

    _limit_memory()
    send(responses, READY)
    _redirect_output()
    hard_limit = float(sys.argv[1]) + _KILL_GRACE
    while (readme := _read_readme()) is not None:
        _set_alarm(hard_limit)
        try:
            response = RenderResponse(rendered=render_readme(readme))
        except Exception:
            response = RenderResponse(defect=traceback.format_exc())
        _set_alarm(0)
        send(responses, msgpack.encode(response))


def _read_readme() -> Readme | None:
    try:
        return msgpack.decode(receive(_INPUT), type=Readme)
    except EOFError:
        return None


def _redirect_output() -> None:
    """Discard further output: messages of a renderer that runs out of memory do not help a user."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, _OUTPUT)
    os.dup2(devnull, _ERRORS)
    os.close(devnull)


if __name__ == "__main__":
    main()
