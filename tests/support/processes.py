"""Start processes and observe them through /proc."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@contextmanager
def run_python(program: str, **environment: str) -> "Iterator[subprocess.Popen[str]]":
    """Run a program in a new interpreter, which is killed when the block ends."""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}) as process:
        try:
            yield process
        finally:
            process.kill()


def list_children(pid: int) -> set[int]:
    """Return the running child processes of a process."""
    return {int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _read_parent(stat) == pid}


def is_running(pid: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    return _read_parent(Path(f"/proc/{pid}/stat")) is not None


def is_working(pid: int) -> bool:
    """Return whether a process uses CPU time now."""
    before = _read_cpu_ticks(pid)
    time.sleep(0.1)
    return _read_cpu_ticks(pid) > before


def _read_parent(stat: Path) -> int | None:
    try:
        state, parent = stat.read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in "ZX" else int(parent)


def _read_cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
