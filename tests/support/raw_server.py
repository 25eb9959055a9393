"""A server that sends the same bytes for every request, valid HTTP or not."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread


@dataclass
class Wire:
    """URL of the server, and what it has received."""

    url: str
    request_heads: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextmanager
def wire(response: bytes, *, keep_alive: bool = False) -> Iterator[Wire]:
    """Serve one response per connection; with `keep_alive`, until the client closes the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    opened = Wire(f"http://127.0.0.1:{listener.getsockname()[1]}")
    is_stopped = Event()

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                if is_stopped.is_set():
                    return
                opened.connections += 1
                while head := _read_head(connection):
                    opened.request_heads.append(head)
                    connection.sendall(response)
                    if not keep_alive:
                        break

    thread = Thread(target=serve)
    thread.start()
    try:
        yield opened
    finally:
        is_stopped.set()
        socket.create_connection(listener.getsockname()).close()
        thread.join()
        listener.close()


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (received := connection.recv(65_536)):
        head += received
    return head


def build_ok_response(body: bytes, *headers: bytes) -> bytes:
    """Return a complete response with this body."""
    lines = (b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), b"Connection: close", *headers)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
