"""Messages between processes: length-prefixed, over unbuffered pipes.

Without buffers, a fork cannot duplicate unsent data.
"""

import os
from struct import Struct as Layout

_LENGTH = Layout(">I")


def send(pipe: int, message: bytes) -> None:
    """Send a message of less than 4 GiB; raise `BrokenPipeError` if the reader is gone."""
    remaining = memoryview(_LENGTH.pack(len(message)) + message)
    while remaining:
        remaining = remaining[os.write(pipe, remaining) :]


def receive(pipe: int) -> bytearray:
    """Wait for the next message; raise `EOFError` if the writer is gone."""
    (size,) = _LENGTH.unpack(_read_exactly(pipe, _LENGTH.size))
    return _read_exactly(pipe, size)


def _read_exactly(pipe: int, size: int) -> bytearray:
    received = bytearray(size)
    remaining = memoryview(received)
    while remaining:
        count = os.readv(pipe, [remaining])
        if not count:
            raise EOFError
        remaining = remaining[count:]
    return received
