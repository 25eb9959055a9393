"""The program that renders READMEs for another process, which may kill it at any time.

It reads one README after the other from its standard input and answers each on its standard output. It ends with the
process that started it, also if that one is killed while this one is deep in a renderer: some hold the interpreter's
lock for as long as they run, so that no thread of ours would notice anything.
"""

import os
import signal
import sys
import traceback

from msgspec import msgpack

from ...domain.readme.plain_text import Readme
from .protocol import READY, RenderResponse, receive, send

# A README of some kilobytes can ask for many gigabytes: by a wide table, or by formatting that it never ends.
MAX_MEMORY = 1 << 30

# Seconds after its time limit at which the kernel ends a worker that nobody else has ended.
_KILL_GRACE = 2

_INPUT = 0
_OUTPUT, _ERRORS = 1, 2

if sys.platform == "win32":

    def _bind_to_parent() -> None:
        """Rely on the end of the input."""

    def _lower_priority() -> None:
        """Do without: processes have no niceness here."""

    def _limit_memory() -> None:
        """Do without: there is no such limit here."""

    def _set_alarm(seconds: float) -> None:
        """Do without: the parent ends what takes too long."""

else:
    import ctypes
    import resource
    import select

    _PR_SET_PDEATHSIG = 1
    _NICENESS = 10

    def _bind_to_parent() -> None:
        """Have the kernel kill this process when the thread that started it ends; only Linux can do that."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if _is_orphan():  # before the kernel could be asked: what comes next takes long on a busy machine
            sys.exit()

    def _is_orphan() -> bool:
        """Tell whether nobody is left to ask anything."""
        poller = select.poll()
        poller.register(_INPUT, 0)
        return any(event & select.POLLHUP for _, event in poller.poll(0))

    def _lower_priority() -> None:
        """Let those who ask PyPI go first: they wait for answers meanwhile, and rendering has until they are done."""
        os.nice(_NICENESS)

    def _limit_memory() -> None:
        """Have the kernel refuse more than `MAX_MEMORY` bytes."""
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(MAX_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))

    def _set_alarm(seconds: float) -> None:
        """Have the kernel end this process after some seconds, 0 for never."""
        signal.setitimer(signal.ITIMER_REAL, seconds)


def main() -> None:
    """Render until the input ends; the only argument is the time limit in seconds."""
    _bind_to_parent()
    _lower_priority()
    responses = os.dup(_OUTPUT)
    os.dup2(_ERRORS, _OUTPUT)  # what is printed must not get among the answers
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
    """Print nothing from here on: what a renderer says when it runs out of memory tells a user nothing."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, _OUTPUT)
    os.dup2(devnull, _ERRORS)
    os.close(devnull)


if __name__ == "__main__":
    main()
