"""What the main process and a process that renders say to each other, over two pipes.

A message has its length in front of it. The pipes are not buffered: after a fork nothing can be sent twice.
"""

import os
from struct import Struct as Layout

from msgspec import Struct

from ..domain.readme import Rendered

# What a worker says first. A README goes to it as MessagePack, and an `Answer` comes back so.
READY = b""

_LENGTH = Layout(">I")


class Answer(Struct, frozen=True, kw_only=True):
    """What came of one README: the result, or the traceback of a defect of ours."""

    rendered: Rendered | None = None
    defect: str = ""


def send(pipe: int, message: bytes) -> None:
    """Send a message of less than 4 GiB; raises `BrokenPipeError` if nobody reads any more."""
    rest = memoryview(_LENGTH.pack(len(message)) + message)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def receive(pipe: int) -> bytes:
    """Wait for the next message; raises `EOFError` if the other side is gone."""
    return _receive(pipe, _LENGTH.unpack(_receive(pipe, _LENGTH.size))[0])


def _receive(pipe: int, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        some = os.read(pipe, size - len(received))
        if not some:
            raise EOFError
        received += some
    return bytes(received)
