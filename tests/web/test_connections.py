"""Limits of connections, and requests that are malformed, on a real server."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from pyf.aggregator.web.connections import ConnectionLimits
from pyf.aggregator.web.rate_limit import is_host
from support.http_server import serve_app
from support.site_fixtures import build_small_site

GET = b"GET /health HTTP/1.1\r\nHost: a\r\n"
LIMITS = ConnectionLimits(
    total=20, per_client=10, header_timeout=0.5, body_timeout=0.5, send_timeout=0.5
)  # seconds; long enough for a busy machine to answer a complete request


@pytest.fixture(scope="module")
def site() -> Iterator[httpx.Client]:
    with serve_app(build_small_site(), web_rate_limit=0) as client:
        yield client


@contextmanager
def connect(client: httpx.Client, sent: bytes = b"") -> Iterator[socket.socket]:
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=20) as connection:
        connection.sendall(sent)
        yield connection


def receive(connection: socket.socket) -> bytes:
    """Return what arrives until the server closes the connection."""
    received = b""
    try:
        while data := connection.recv(65_536):
            received += data
    except ConnectionResetError:
        pass
    return received


def is_closed_while_sending(connection: socket.socket, data: bytes) -> bool:
    """Send data again and again, slowly, until the server closes the connection."""
    try:
        for _ in range(400):
            connection.sendall(data)
            time.sleep(0.05)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def exchange(client: httpx.Client, request: bytes) -> bytes:
    with connect(client, request) as connection:
        return receive(connection)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"G",
        GET,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
        GET + b"\r\n",
        GET + b"\r\n" + GET,
    ],
)
def test_silent_connection_is_closed(sent: bytes) -> None:
    with serve_app(build_small_site(), limits=LIMITS) as client, connect(client, sent) as connection:
        receive(connection)


@pytest.mark.parametrize("start", [GET, GET + b"Content-Length: 1000\r\n\r\n", GET + b"\r\n" + GET])
def test_slow_connection_is_closed(start: bytes) -> None:
    with serve_app(build_small_site(), limits=LIMITS) as client, connect(client, start) as connection:
        assert is_closed_while_sending(connection, b"x")


def test_client_that_receives_nothing_is_disconnected() -> None:
    request = b"GET /in/plone/project/plone-api HTTP/1.1\r\nHost: a\r\n\r\n"
    with serve_app(build_small_site(), limits=LIMITS, web_rate_limit=0) as client, ExitStack() as stack:
        connection = stack.enter_context(socket.socket())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect((client.base_url.host, client.base_url.port or 80))
        connection.settimeout(20)

        assert is_closed_while_sending(connection, request)


@pytest.mark.parametrize("count", [15, 60])
def test_waiting_connections_do_not_keep_others_out(count: int) -> None:
    limits = ConnectionLimits(total=20, per_client=10, header_timeout=60)
    with serve_app(build_small_site(), limits=limits) as client, ExitStack() as stack:
        connections = [stack.enter_context(connect(client, b"GET / HTTP/1.1\r\nX: ")) for _ in range(count)]

        assert client.get("/health").status_code == 200
        assert receive(connections[0]) == b""


def test_trusted_proxy_has_no_limit_of_its_own() -> None:
    limits = ConnectionLimits(total=20, per_client=3, header_timeout=60)
    trusted = {"web_trusted_proxies": "127.0.0.0/8"}
    with serve_app(build_small_site(), limits=limits, **trusted) as client, ExitStack() as stack:
        connections = [stack.enter_context(connect(client, GET)) for _ in range(10)]
        assert client.get("/health").status_code == 200
        for connection in connections:
            connection.sendall(b"Connection: close\r\n\r\n")

        assert all(b"200 OK" in receive(connection) for connection in connections)


def test_large_chunked_body_is_rejected() -> None:
    head = b"POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    with serve_app(build_small_site(), limits=LIMITS) as client, connect(client, head) as connection:
        sent = 0
        try:
            while sent < 50_000_000:
                sent += connection.send(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass
    assert sent < 20_000_000


def test_small_chunked_body_is_accepted(site: httpx.Client) -> None:
    body = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"

    assert exchange(site, GET + body).startswith(b"HTTP/1.1 200")


def test_chunked_body_above_the_limit_gets_413(site: httpx.Client) -> None:
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"

    answer = exchange(site, GET + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + 5 * chunk + b"0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"content-length: 0\r\nTRANSFER-ENCODING: chunked\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Transfer-Encoding : chunked\r\n",
    ],
)
def test_ambiguous_body_is_rejected_with_all_that_follows(site: httpx.Client, headers: bytes) -> None:
    hidden = b"GET /in/plone HTTP/1.1\r\nHost: a\r\n\r\n"

    answer = exchange(site, b"POST / HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n0\r\n\r\n" + hidden)

    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))


HOSTS = ["a:99999", "a:0", "a:-1", "a:b", "a:", "[", "[::1", "[zz]", "[::1]x", "a/b", "a@b", "a?b", "a#b", "é", "a,b"]
HOSTS += ["<script>", "%00", ":80", "a:80:80", "[1.2.3.4]", "", "a b"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/", "/nowhere", "/api/v1/nowhere", "/feeds/plone/new.atom", "/static/nothing.css"])
def test_malformed_host_is_a_bad_request(site: httpx.Client, path: str, host: str) -> None:
    answer = exchange(site, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("latin-1"))

    assert answer.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("host", ["a", "a.example:8000", "127.0.0.1:1", "[::1]", "[::1]:80", "xn--a-b.example.", "a_b"])
def test_valid_host_is_accepted(host: str) -> None:
    assert is_host(host)


def test_request_without_host_is_accepted_of_http_1_0(site: httpx.Client) -> None:
    assert exchange(site, b"GET /health HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "header",
    [
        "Accept: ;;;q=x,,*/*;q=99",
        "Accept: \xff/\xff",
        "Accept-Encoding: ;q=;;q=0.0.0,\xff",
        "Accept-Language: \x80",
        "Authorization: Bearer \xe9",
        "Authorization: Basic !!!",
        "Content-Type: multipart/form-data; boundary=",
        "Content-Type: ;;;",
        "Content-Type: text/html; charset=no-such-charset",
        "Cookie: =;=;\xff;a",
        "Cookie: " + "a=b;" * 1000,
        "If-None-Match: W/\xff,,*",
        "If-Modified-Since: never",
        "Range: bytes=9-1,x",
        "Origin: http://[",
        "Origin: null",
        "Referer: http://[",
        "X-Forwarded-For: a, b, c",
        "X-Forwarded-Proto: javascript",
        "X-Forwarded-Host: evil.example",
        "X-Api-Key: \xff",
        "Expect: the worst",
        "Upgrade: websocket\r\nConnection: upgrade",
        "HX-Request: \xff\r\nHX-Current-URL: http://[",
    ],
)
@pytest.mark.parametrize("path", ["/", "/nowhere", "/api/v1/collections", "/feeds/plone/new.atom", "/static/style.css"])
def test_odd_headers_cause_no_internal_error(
    site: httpx.Client, path: str, header: str, caplog: pytest.LogCaptureFixture
) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{header}\r\n\r\n"

    answer = exchange(site, request.encode("latin-1"))

    assert answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 4"))
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("path", ["/feeds/plone/new.atom", "/feeds/plone/updated.atom", "/in/plone/project/plone-api"])
def test_links_do_not_repeat_the_host_header(site: httpx.Client, path: str) -> None:
    text = site.get(path, headers={"Host": "evil.example:81", "X-Forwarded-Host": "evil.example"}).text

    assert "evil.example" not in text
    assert str(site.base_url).rstrip("/") in text


def test_api_links_do_not_repeat_the_host_header(site: httpx.Client) -> None:
    response = site.get("/api/v1/collections/plone/search?per_page=1", headers={"Host": "evil.example"})

    assert str(site.base_url).rstrip("/") in response.headers["link"]
    assert "evil.example" not in response.headers["link"] + response.text


def test_links_lead_to_the_configured_url() -> None:
    with serve_app(build_small_site(), web_url="https://packages.example/") as client:
        text = client.get("/feeds/plone/new.atom", headers={"Host": "evil.example"}).text

    assert "https://packages.example/in/plone" in text
    assert "evil.example" not in text
