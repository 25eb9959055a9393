"""What the main process and a process that renders say to each other, over two pipes.

A message has its length in front of it. The pipes are not buffered: after a fork nothing can be sent twice.
"""

import os
from struct import Struct as Layout

from msgspec import Struct

from ...domain.readme.plain_text import RenderedReadme

# What a worker says first. A README goes to it as MessagePack, and an `Answer` comes back so.
READY = b""

_LENGTH = Layout(">I")


class RenderResponse(Struct, frozen=True, kw_only=True):
    """What came of one README: the result, or the traceback of a defect of ours."""

    rendered: RenderedReadme | None = None
    defect: str = ""


def send(pipe: int, message: bytes) -> None:
    """Send a message of less than 4 GiB; raises `BrokenPipeError` if nobody reads any more."""
    remaining = memoryview(_LENGTH.pack(len(message)) + message)
    while remaining:
        remaining = remaining[os.write(pipe, remaining) :]


def receive(pipe: int) -> bytes:
    """Wait for the next message; raises `EOFError` if the other side is gone."""
    return _read_exactly(pipe, _LENGTH.unpack(_read_exactly(pipe, _LENGTH.size))[0])


def _read_exactly(pipe: int, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        chunk = os.read(pipe, size - len(received))
        if not chunk:
            raise EOFError
        received += chunk
    return bytes(received)
