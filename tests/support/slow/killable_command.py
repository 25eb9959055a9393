"""A command that can be killed at any moment, with all processes that it has started."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from subprocess import Popen

from support.cli_runner import COMMAND_TIMEOUT, CommandRunner, CompletedCommand

# Whatever a command starts inherits this variable: by it a process is found whose parent died before it was seen.
_MARK = "PYF_TEST_COMMAND"
_numbers = count(1)


@dataclass(frozen=True)
class KillPoint:
    """A moment of a run: its name for messages, and the condition that it has come."""

    name: str
    is_reached: Callable[[], bool]


class KillableCommand:
    """A command that is running."""

    def __init__(self, process: Popen[str], mark: str) -> None:
        self._process = process
        self._mark = f"{_MARK}={mark}".encode()

    def wait_for(self, kill_point: KillPoint) -> bool:
        """Wait for a moment; return whether the command was still running."""
        while self._process.poll() is None and not kill_point.is_reached():
            time.sleep(0.001)
        return self._process.poll() is None

    def kill(self) -> set[int]:
        """Kill the command's own process with SIGKILL; return the other processes that it had started."""
        children = self.find_children()
        self._process.kill()
        self._process.wait()
        return children

    def wait(self) -> CompletedCommand:
        """Wait for the end."""
        out, err = self._process.communicate(timeout=COMMAND_TIMEOUT)
        return CompletedCommand(self._process.returncode, out, err)

    def find_children(self) -> set[int]:
        """Return the running processes that the command has started."""
        pids = set()
        for environment in Path("/proc").glob("[0-9]*/environ"):
            try:
                is_marked = self._mark in environment.read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended, or is another user's
            if is_marked:
                pids.add(int(environment.parent.name))
        return pids - {self._process.pid}

    def wait_for_children(self, *, timeout: float) -> bool:
        """Wait until the other processes have ended, at most this many seconds."""
        deadline = time.monotonic() + timeout
        while self.find_children():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


@contextmanager
def start_killable(shell: CommandRunner, *arguments: str) -> Iterator[KillableCommand]:
    """Start a command; all of its processes are ended at the end."""
    mark = f"{os.getpid()}-{next(_numbers)}"
    with replace(shell, environment={**shell.environment, _MARK: mark}).start(*arguments) as process:
        command = KillableCommand(process, mark)
        try:
            yield command
        finally:
            for pid in command.kill():
                os.kill(pid, 9)
