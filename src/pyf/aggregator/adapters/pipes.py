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


def receive(pipe: int) -> bytes:
    """Wait for the next message; raise `EOFError` if the writer is gone."""
    return _read_exactly(pipe, _LENGTH.unpack(_read_exactly(pipe, _LENGTH.size))[0])


def _read_exactly(pipe: int, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        chunk = os.read(pipe, size - len(received))
        if not chunk:
            raise EOFError
        received += chunk
    return bytes(received)
