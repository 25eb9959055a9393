"""`ServiceClient` and `HttpClient` against real HTTP servers."""

import gzip
import logging
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from pyf.aggregator import __version__
from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.readers import make_json_reader
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import Request, ServiceClient, ServiceLimits
from pyf.aggregator.domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault, FaultKind, RetryAfter
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.raw_server import build_ok_response, wire

DOCUMENT = {"info": {"name": "acme", "version": "1.0"}, "releases": {"1.0": []}, "last_serial": 1}

read_json = make_json_reader(dict[str, Any])


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    with LocalPyPI(FakeRegistry([DOCUMENT])) as pypi:
        yield pypi


def service(http: HttpClient, *, retries: int = 0, **limits: Any) -> ServiceClient:
    return ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=retries, backoff=0), **limits))


def build_acme_request(pypi: LocalPyPI) -> Request:
    return Request(url=f"{pypi.url}/pypi/acme/json")


class TestGet:
    def test_get_returns_document(self, http: HttpClient, pypi: LocalPyPI) -> None:
        assert service(http).get(build_acme_request(pypi), read_json)["last_serial"] == 1

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            *((status, NotFound) for status in (404, 410)),
            *((status, Invalid) for status in (400, 422)),
            *((status, Unavailable) for status in (204, 304, 401, 403, 406, 408, 418, 429, 451, 500, 503, 599)),
        ],
    )
    def test_get_maps_status_to_error(
        self, http: HttpClient, httpserver: HTTPServer, status: int, error: type[AggregatorError]
    ) -> None:
        httpserver.expect_request("/pypi/acme/json").respond_with_data("a long story", status=status)

        with pytest.raises(error) as raised:
            service(http).get(Request(url=httpserver.url_for("/pypi/acme/json")), read_json)
        assert str(raised.value).startswith(f"GET {httpserver.url_for('/pypi/acme/json')}: {status}")
        assert "story" not in str(raised.value)

    @pytest.mark.parametrize("size", [8_200, 20_000, 60_000])
    @pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX-Gateway: ", b"HTTP/1.1 200 "])
    def test_get_accepts_long_headers(self, http: HttpClient, start: bytes, size: int) -> None:
        with wire(start + b"x" * size + b"\r\nContent-Length: 2\r\n\r\n{}") as server:
            assert service(http).get(Request(url=server.url), read_json) == {}

    def test_get_accepts_many_headers(self, http: HttpClient) -> None:
        headers = b"".join(b"X-Trace-%d: %s\r\n" % (number, b"x" * 500) for number in range(300))

        with wire(b"HTTP/1.1 200 OK\r\n" + headers + b"Content-Length: 2\r\n\r\n{}") as server:
            assert service(http).get(Request(url=server.url), read_json) == {}

    @pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX-Gateway: ", b"HTTP/1.1 200 "])
    def test_get_says_that_a_header_is_too_long(self, http: HttpClient, start: bytes) -> None:
        message = "a header of the response is longer than 65,536 bytes"

        with wire(start + b"x" * 200_000 + b"\r\n\r\n") as server, pytest.raises(Unavailable, match=message):
            service(http, retries=3).get(Request(url=server.url), read_json)

        assert len(server.request_heads) == 1

    def test_get_says_that_there_are_too_many_headers(self, http: HttpClient) -> None:
        headers = b"X: y\r\n" * 600

        with (
            wire(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n") as server,
            pytest.raises(Unavailable, match="more than 512 headers"),
        ):
            service(http, retries=3).get(Request(url=server.url), read_json)

    def test_get_must_exist_makes_404_unavailable(self, http: HttpClient, pypi: LocalPyPI) -> None:
        request = Request(url=f"{pypi.url}/gone", label="browse", must_exist=True)

        with pytest.raises(Unavailable, match=r"/gone \(browse\): 404 Not Found"):
            service(http).get(request, read_json)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_get_does_not_follow_redirect(self, http: HttpClient, httpserver: HTTPServer, status: int) -> None:
        location = "https://user:secret@elsewhere.example/login?token=secret#secret"
        httpserver.expect_request("/x").respond_with_data(status=status, headers={"Location": location})

        with pytest.raises(Unavailable, match=r"to https://elsewhere\.example/login; redirects are not") as raised:
            service(http, retries=3).get(Request(url=httpserver.url_for("/x")), read_json)
        assert "secret" not in str(raised.value)
        assert http.count() == len(httpserver.log) == 1

    def test_get_redirect_to_invalid_url(self, http: HttpClient) -> None:
        nowhere = b"HTTP/1.1 301 Moved Permanently\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n"

        with wire(nowhere) as server, pytest.raises(Unavailable, match="to an invalid URL; redirects are"):
            service(http).get(Request(url=server.url), read_json)

    def test_get_server_without_tls(self, http: HttpClient, pypi: LocalPyPI) -> None:
        with pytest.raises(Unavailable, match="no connection: the TLS handshake failed"):
            service(http).get(Request(url=pypi.url.replace("http:", "https:")), read_json)
        assert http.count() == 1

    def test_error_message_hides_credentials_and_query(self, http: HttpClient, httpserver: HTTPServer) -> None:
        url = httpserver.url_for("/x?key=secret").replace("//", "//user:secret@")

        with pytest.raises(Unavailable) as raised:
            service(http).get(Request(url=url), read_json)
        assert "secret" not in str(raised.value)

    @pytest.mark.parametrize(
        "url", ["pypi.example", "ftp://pypi.example/", "http://[", "http://pypi.example:99999/", ""]
    )
    def test_get_invalid_url_is_invalid(self, http: HttpClient, url: str) -> None:
        with pytest.raises(Invalid, match="not an HTTP URL"):
            service(http).get(Request(url=url), read_json)

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (b"", "lost before the response"),
            (b"I am no web server\r\n\r\n", "not HTTP"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "middle of the response"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "middle of the response"),
            (b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n", "middle of the response"),
            (build_ok_response(b"no gzip", b"Content-Encoding: gzip"), "decompressed"),
            (
                build_ok_response(gzip.compress(b'{"a": "bcdefghijkl"}', mtime=0)[:-15], b"Content-Encoding: gzip"),
                "not the expected JSON",
            ),
            (build_ok_response(b"{"), "not the expected JSON"),
            (build_ok_response(b"<html>We are sorry</html>"), "not the expected JSON"),
            (build_ok_response(b"[]"), "not the expected JSON"),
            (build_ok_response(b'{"a":' + b"[" * 100_000 + b"}"), "not the expected JSON"),
        ],
    )
    def test_get_retries_unusable_response(self, http: HttpClient, answer: bytes, message: str) -> None:
        with wire(answer) as server, pytest.raises(Unavailable, match=message):
            service(http, retries=1).get(Request(url=server.url), read_json)

        assert http.count() == len(server.request_heads) == 2

    def test_get_decompresses_response(self, http: HttpClient) -> None:
        with wire(build_ok_response(gzip.compress(b'{"a": 1}'), b"Content-Encoding: gzip")) as server:
            assert service(http).get(Request(url=server.url), read_json) == {"a": 1}

    def test_get_replaces_invalid_utf8(self, http: HttpClient) -> None:
        with wire(build_ok_response(b'{"a": "\xff"}')) as server:
            assert service(http).get(Request(url=server.url), read_json) == {"a": "\N{REPLACEMENT CHARACTER}"}

    def test_get_stops_at_max_bytes(self, http: HttpClient, pypi: LocalPyPI) -> None:
        pypi.faults.add(Fault(FaultKind.OVERSIZED))

        with pytest.raises(Unavailable, match="larger than 1,000,000 bytes"):
            service(http, retries=3).get(Request(url=pypi.url, max_bytes=1_000_000), read_json)
        assert http.count() == 1

    def test_get_stops_decompressing_at_max_bytes(self, http: HttpClient) -> None:
        pieces: list[int] = []

        class Sizes:
            def feed(self, piece: bytes) -> None:
                pieces.append(len(piece))

            def finish(self) -> int:
                return sum(pieces)

        with (
            wire(build_ok_response(gzip.compress(bytes(50_000_000)), b"Content-Encoding: gzip")) as server,
            pytest.raises(Unavailable, match="larger than"),
        ):
            service(http).get(Request(url=server.url, max_bytes=10_000_000), Sizes)

        assert sum(pieces) <= 10_000_000
        assert max(pieces) < 2_000_000


class TestRetries:
    @pytest.mark.parametrize("retries", [0, 1, 3])
    def test_get_makes_max_retries(self, http: HttpClient, pypi: LocalPyPI, retries: int) -> None:
        pypi.faults.add(Fault(FaultKind.UNAVAILABLE))

        with pytest.raises(Unavailable, match="503 Service Unavailable"):
            service(http, retries=retries).get(build_acme_request(pypi), read_json)
        assert pypi.requests.total == retries + 1

    @pytest.mark.parametrize(
        "kind", ["403", "429", "500", "502", "503", "timeout", "reset", "half", "broken", "empty", "html"]
    )
    def test_get_retries_transient_failure(self, http: HttpClient, pypi: LocalPyPI, kind: str) -> None:
        pypi.faults.add(Fault(kind, times=1))

        document = service(http, retries=1, timeout=1.0).get(build_acme_request(pypi), read_json)

        assert document["last_serial"] == 1
        assert pypi.requests.total == 2

    @pytest.mark.parametrize("status", [401, 404, 400, 406])
    def test_get_does_not_retry_permanent_failure(self, http: HttpClient, httpserver: HTTPServer, status: int) -> None:
        httpserver.expect_request("/x").respond_with_data(status=status)

        with pytest.raises(AggregatorError):
            service(http, retries=3).get(Request(url=httpserver.url_for("/x")), read_json)
        assert len(httpserver.log) == 1

    @pytest.mark.parametrize("as_date", [False, True])
    def test_get_waits_for_retry_after(self, http: HttpClient, pypi: LocalPyPI, as_date: bool) -> None:
        pypi.faults.add(Fault(FaultKind.UNAVAILABLE, times=1, retry_after=RetryAfter(2, as_date=as_date)))

        service(http, retries=1).get(build_acme_request(pypi), read_json)

        first, second = (request.time for request in pypi.requests.log)
        assert second - first >= 1

    def test_get_raises_on_retry_after_above_max_wait(self, http: HttpClient, pypi: LocalPyPI) -> None:
        pypi.faults.add(Fault(FaultKind.TOO_MANY_REQUESTS, retry_after=RetryAfter(3600)))

        with pytest.raises(Unavailable, match="429 Too Many Requests, retry after 3600 s") as raised:
            service(http, retries=3).get(build_acme_request(pypi), read_json)
        assert raised.value.retry_after == 3600
        assert pypi.requests.total == 1

    def test_429_pauses_all_requests(self, http: HttpClient, pypi: LocalPyPI) -> None:
        pypi.faults.add(Fault(FaultKind.TOO_MANY_REQUESTS, times=1, retry_after=RetryAfter(1)))
        acme = service(http, retries=1)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: acme.get(build_acme_request(pypi), read_json), range(8)))
        acme.get(build_acme_request(pypi), read_json)

        times = [request.time for request in pypi.requests.log]
        assert max(later - earlier for earlier, later in pairwise(times)) >= 0.9

    def test_retry_logs_one_line(self, http: HttpClient, pypi: LocalPyPI, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        pypi.faults.add(Fault(FaultKind.UNAVAILABLE, times=1))

        service(http, retries=2).get(build_acme_request(pypi), read_json)

        assert caplog.messages == [f"retry 1 of 2: GET {pypi.url}/pypi/acme/json: 503 Service Unavailable"]


class TestLimits:
    @pytest.mark.parametrize("workers", [1, 3])
    def test_max_concurrency(self, http: HttpClient, pypi: LocalPyPI, workers: int) -> None:
        pypi.latency = 0.01
        acme = service(http, max_concurrency=workers)

        def read_many(_: int) -> None:
            list(acme.stream(range(5), lambda _: acme.get_async(build_acme_request(pypi), read_json), max_pending=5))

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(read_many, range(4)))

        assert pypi.requests.total == 20
        assert pypi.requests.max_active == workers

    @pytest.mark.parametrize("delay", [0.04, 0.1])
    def test_delay_is_kept_on_average(self, http: HttpClient, pypi: LocalPyPI, delay: float) -> None:
        """The first request may arrive late, so the limit leaves out a few intervals."""
        acme = service(http, delay=delay)

        list(acme.stream(range(20), lambda _: acme.get_async(build_acme_request(pypi), read_json), max_pending=20))

        times = [request.time for request in pypi.requests.log]
        assert times[-1] - times[0] >= 13 * delay

    def test_services_have_independent_limits(self, http: HttpClient, pypi: LocalPyPI) -> None:
        slow, quick = service(http, max_concurrency=1, timeout=30), service(http)
        pypi.faults.add(Fault(FaultKind.SLOW, times=1, pause=0.05))

        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(slow.get, build_acme_request(pypi), read_json)
            quick.get(build_acme_request(pypi), read_json)
            quick.get(build_acme_request(pypi), read_json)
            was_waiting = not waiting.done()
            waiting.result()

        assert was_waiting

    @pytest.mark.parametrize("kind", ["timeout", "slow"])
    def test_timeout_is_unavailable(self, http: HttpClient, pypi: LocalPyPI, kind: str) -> None:
        pypi.faults.add(Fault(kind, pause=10))

        with pytest.raises(Unavailable, match="timed out before the response was complete"):
            service(http, timeout=0.2).get(build_acme_request(pypi), read_json)


class TestOutages:
    def test_get_reports_next_try_once_for_concurrent_requests(
        self, http: HttpClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        with wire(b"") as server:
            url = server.url
        limits = ServiceLimits(retries=RetryPolicy(max_retries=1, backoff=0.3))
        client = ServiceClient(http, limits)

        with ThreadPoolExecutor(5) as pool:
            errors = list(pool.map(lambda _: self._get_error(client, url), range(5)))

        assert all("Connection refused" in error for error in errors)
        assert [record.levelname for record in caplog.records if "next try in" in record.message] == ["WARNING"]
        assert "no connection: Connection refused" in caplog.text

    def test_get_reports_a_connection_that_takes_long(self, http: HttpClient, caplog: pytest.LogCaptureFixture) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as stack:
            for _ in range(4):  # a full backlog ignores further connections
                client_socket = stack.enter_context(socket.socket())
                client_socket.setblocking(False)
                client_socket.connect_ex(server.getsockname())
            url = f"http://127.0.0.1:{server.getsockname()[1]}"

            with pytest.raises(Unavailable, match="connecting timed out"):
                service(http, connect_timeout=2.5).get(Request(url=url), read_json)

        assert f"no connection to 127.0.0.1:{url.rpartition(':')[2]} yet; waiting up to 2 s" in caplog.text

    def _get_error(self, client: ServiceClient, url: str) -> str:
        with pytest.raises(Unavailable) as raised:
            client.get(Request(url=url), read_json)
        return str(raised.value)


class TestCounting:
    @pytest.mark.parametrize("kind", [kind.value for kind in FaultKind])
    def test_count_equals_requests_at_server(self, http: HttpClient, pypi: LocalPyPI, kind: str) -> None:
        pypi.faults.add(Fault(kind, probability=0.5, retry_after=None, pause=0.01))
        acme = service(http, retries=2, timeout=0.5, max_concurrency=4)

        async def work(_: int) -> bool:
            try:
                await acme.get_async(build_acme_request(pypi), read_json)
            except AggregatorError:
                return False
            return True

        results = list(acme.stream(range(20), work, max_pending=8))

        assert len(results) == 20
        assert http.count() == pypi.requests.total

    def test_count_includes_refused_connections(self, http: HttpClient) -> None:
        with wire(b"") as server:
            url = server.url

        with pytest.raises(Unavailable, match="no connection: Connection refused"):
            service(http, retries=2).get(Request(url=url), read_json)
        assert http.count() == 3

    def test_unknown_host_is_unavailable(self, http: HttpClient) -> None:
        with pytest.raises(Unavailable, match="no connection: unknown host"):
            service(http).get(Request(url="http://pypi.invalid/"), read_json)

    def test_count_includes_all_services(self, http: HttpClient, pypi: LocalPyPI) -> None:
        for client in (service(http), service(http)):
            client.get(build_acme_request(pypi), read_json)

        assert http.count() == 2

    def test_count_is_per_thread(self, http: HttpClient, pypi: LocalPyPI) -> None:
        """Concurrent runs report their own requests."""
        acme, barrier = service(http), threading.Barrier(3)

        def run(requests: int) -> int:
            barrier.wait()  # otherwise a finished thread executes a second run
            for _ in range(requests):
                acme.get(build_acme_request(pypi), read_json)
            list(
                acme.stream(
                    range(requests), lambda _: acme.get_async(build_acme_request(pypi), read_json), max_pending=2
                )
            )
            return http.count()

        with ThreadPoolExecutor(3) as pool:
            counts = list(pool.map(run, (1, 2, 5)))

        assert (counts, http.count(), pypi.requests.total) == ([2, 4, 10], 0, 16)


class TestClient:
    def test_user_agent_with_contact(self) -> None:
        with wire(build_ok_response(b"{}")) as server, HttpClient(contact="ops@example.org") as http:
            service(http).get(Request(url=server.url), read_json)

        assert f"User-Agent: pyf.aggregator/{__version__} (+ops@example.org)\r\n".encode() in server.request_heads[0]
        assert b"Accept-Encoding: gzip\r\n" in server.request_heads[0]

    def test_user_agent_without_contact(self, http: HttpClient) -> None:
        with wire(build_ok_response(b"{}")) as server:
            service(http).get(Request(url=server.url), read_json)

        assert f"User-Agent: pyf.aggregator/{__version__}\r\n".encode() in server.request_heads[0]

    @pytest.mark.parametrize("contact", ["a\r\nX-Injected: 1", "ä@example.org"])
    def test_invalid_contact_is_rejected(self, contact: str) -> None:
        with pytest.raises(Invalid, match="contact"):
            HttpClient(contact=contact)

    def test_url_is_sent_unchanged(self, http: HttpClient) -> None:
        with wire(build_ok_response(b"{}")) as server:
            service(http).get(Request(url=f"{server.url}/pypi/acme/1%2B2%2F3%20%C3%A9/json"), read_json)

        assert server.request_heads[0].startswith(b"GET /pypi/acme/1%2B2%2F3%20%C3%A9/json HTTP/1.1\r\n")

    def test_error_response_keeps_connection_open(self) -> None:
        refusal = b"HTTP/1.1 404 Not Found\r\nContent-Length: 20000\r\n\r\n" + bytes(20_000)

        with wire(refusal, keep_alive=True) as server, HttpClient() as http:
            for _ in range(3):
                with pytest.raises(NotFound):
                    service(http).get(Request(url=server.url), read_json)

        assert (len(server.request_heads), server.connections) == (3, 1)

    def test_client_is_thread_safe(self, http: HttpClient, pypi: LocalPyPI) -> None:
        acme = service(http)
        barrier = threading.Barrier(8)

        def read(_: int) -> int:
            barrier.wait()
            return int(acme.get(build_acme_request(pypi), read_json)["last_serial"])

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(read, range(8))) == [1] * 8

    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_forked_child_opens_own_connections(self, http: HttpClient, pypi: LocalPyPI) -> None:
        acme = service(http)
        acme.get(build_acme_request(pypi), read_json)

        child = os.fork()
        if child == 0:
            serials = [acme.get(build_acme_request(pypi), read_json)["last_serial"] for _ in range(3)]
            http.close()
            os._exit(0 if serials == [1, 1, 1] else 1)
        _, status = os.waitpid(child, 0)

        assert os.waitstatus_to_exitcode(status) == 0
        assert acme.get(build_acme_request(pypi), read_json)["last_serial"] == 1


class TestSend:
    """`send`, for services whose headers and error bodies matter."""

    @pytest.mark.parametrize("status", [200, 204, 301, 401, 403, 404, 429, 500, 503])
    def test_send_returns_any_status_without_retry(self, http: HttpClient, httpserver: HTTPServer, status: int) -> None:
        httpserver.expect_request("/").respond_with_data("why", status=status, headers={"X-Left": "0"})

        reply = service(http, retries=3).send(Request(url=httpserver.url_for("/")))

        assert (reply.status, reply.headers.get("x-left")) == (status, "0")
        assert reply.body == (b"" if status == 204 else b"why")
        assert len(httpserver.log) == 1

    @pytest.mark.parametrize("fault", ["reset", "half", "timeout"])
    def test_send_incomplete_response_is_unavailable(self, http: HttpClient, pypi: LocalPyPI, fault: str) -> None:
        pypi.faults.add(Fault(fault))

        with pytest.raises(Unavailable, match=r"GET http://127.0.0.1:\d+/pypi/acme/json: "):
            service(http, timeout=0.3).send(build_acme_request(pypi))

        assert pypi.requests.total == 1

    def test_send_stops_at_max_bytes(self, http: HttpClient, pypi: LocalPyPI) -> None:
        pypi.faults.add(Fault("huge"))

        with pytest.raises(Unavailable, match="larger than 1,000 bytes"):
            service(http).send(Request(url=pypi.url, max_bytes=1000))

    def test_send_and_get_share_delay(self, http: HttpClient, pypi: LocalPyPI) -> None:
        request_times = service(http, delay=0.2, max_concurrency=1)

        for _ in range(2):
            request_times.send(build_acme_request(pypi))
            request_times.get(build_acme_request(pypi), read_json)

        starts = [request.time for request in pypi.requests.log]
        assert starts[-1] - starts[0] >= 0.4

    def test_request_repr_hides_headers(self) -> None:
        request = Request(url="http://a.example/x", headers={"Authorization": "Bearer secret"})

        assert (repr(request), str(request)) == ("<GET http://a.example/x>", "GET http://a.example/x")
