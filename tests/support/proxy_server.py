"""An HTTP proxy that forwards requests and tunnels, and records them."""

import socket
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from urllib.parse import urlsplit

_TIMEOUT = 10


@dataclass
class Proxy:
    """A proxy; `request_lines` are those it has accepted.

    Attributes:
        hosts: Where a host points to, by `host:port`; others point to themselves.
        credentials: User and password that the proxy demands, as `user:password`.
    """

    url: str
    hosts: Mapping[str, tuple[str, int]]
    credentials: str
    request_lines: list[str] = field(default_factory=list)
    rejected: int = 0

    def handle(self, client: socket.socket) -> None:
        """Forward the requests of one connection."""
        with client, suppress(OSError):
            client.settimeout(_TIMEOUT)
            head, body = _read_head(client)
            if not head:
                return
            line, _, headers = head.partition(b"\r\n")
            expected = b"Basic " + b64encode(self.credentials.encode())
            if self.credentials and expected not in headers:
                self.rejected += 1
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            self.request_lines.append(line.decode())
            method, target, _ = line.decode().split(" ")
            address = target if method == "CONNECT" else urlsplit(target).netloc
            host, _, port = address.rpartition(":") if ":" in address else (address, "", "80")
            with socket.create_connection(self.hosts.get(f"{host}:{port}", (host, int(port))), _TIMEOUT) as server:
                if method == "CONNECT":
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    parts = urlsplit(target)
                    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
                    server.sendall(f"{method} {path} HTTP/1.1\r\nConnection: close\r\n".encode() + headers + body)
                _exchange(client, server)


@contextmanager
def serve_proxy(*, hosts: Mapping[str, tuple[str, int]] = {}, credentials: str = "") -> Iterator[Proxy]:
    """Run a proxy until the context ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        prefix = f"{credentials}@" if credentials else ""
        proxy = Proxy(f"http://{prefix}127.0.0.1:{port}", hosts, credentials)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    Thread(target=proxy.handle, args=(client,), daemon=True).start()

        thread = Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    received = b""
    while b"\r\n\r\n" not in received and (data := client.recv(65_536)):
        received += data
    head, separator, body = received.partition(b"\r\n\r\n")
    return head + separator, body


def _exchange(client: socket.socket, server: socket.socket) -> None:
    def copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    upload = Thread(target=copy, args=(client, server), daemon=True)
    upload.start()
    copy(server, client)
    upload.join(_TIMEOUT)
