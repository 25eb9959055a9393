"""Names a process so that others on its machine can tell whether it is still there; elsewhere nobody can."""

import os
from pathlib import Path

_PROC = Path("/proc")


def this_process() -> str:
    """Return the machine, as long as it runs, its process space, and this process with its start; "" if unknown.

    Process numbers come again, and containers of one machine each have their own.
    """
    machine, pid = _machine(), os.getpid()
    started = _started(pid)
    return f"{machine} {pid} {started}" if machine and started else ""


def is_gone(holder: str) -> bool:
    """Tell whether a named process was one of this machine and has ended; False where that can't be known."""
    machine, _, process = holder.partition(" ")
    if not machine or machine != _machine():
        return False
    pid, _, started = process.partition(" ")
    return _started(int(pid)) != started


def _machine() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}/{os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:  # no Linux
        return ""


def _started(pid: int) -> str:
    """Return the moment of a process' start, in ticks since the machine's; "" for a process that does not run."""
    try:
        fields = (_PROC / f"{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
