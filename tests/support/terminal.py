"""A terminal that a command writes to."""

import os
import pty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread


@dataclass
class TerminalOutput:
    """What a terminal was sent."""

    pieces: list[bytes] = field(default_factory=list)

    @property
    def text(self) -> str:
        return b"".join(self.pieces).decode()


@contextmanager
def open_terminal() -> Iterator[tuple[int, TerminalOutput]]:
    """Give the terminal that a command may write to, and what came of it once the context has ended."""
    ours, theirs = pty.openpty()
    screen = TerminalOutput()

    def watch() -> None:
        with suppress(OSError):  # the other end was closed
            while piece := os.read(ours, 65536):
                screen.pieces.append(piece)

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield theirs, screen
    finally:
        os.close(theirs)
        watcher.join()
        os.close(ours)
