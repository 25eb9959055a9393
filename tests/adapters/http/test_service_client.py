"""How one service is asked, and what its answers and failures mean."""

import gzip
import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
def http() -> Iterator[HttpClient]:
    with HttpClient() as http:
        yield http


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    with LocalPyPI(FakeRegistry([DOCUMENT])) as pypi:
        yield pypi


def service(http: HttpClient, *, retries: int = 0, **limits: Any) -> ServiceClient:
    return ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=retries, backoff=0), **limits))


def build_acme_request(pypi: LocalPyPI) -> Request:
    return Request(url=f"{pypi.url}/pypi/acme/json")


class TestAnswers:
    def test_a_document_is_read(self, http: HttpClient, pypi: LocalPyPI) -> None:
        assert service(http).get(build_acme_request(pypi), read_json)["last_serial"] == 1

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            *((status, NotFound) for status in (404, 410)),
            *((status, Invalid) for status in (400, 422)),
            *((status, Unavailable) for status in (204, 304, 401, 403, 406, 408, 418, 429, 451, 500, 503, 599)),
        ],
    )
    def test_a_status_has_a_meaning(
        self, http: HttpClient, httpserver: HTTPServer, status: int, error: type[AggregatorError]
    ) -> None:
        httpserver.expect_request("/pypi/acme/json").respond_with_data("a long story", status=status)

        with pytest.raises(error) as raised:
            service(http).get(Request(url=httpserver.url_for("/pypi/acme/json")), read_json)
        assert str(raised.value).startswith(f"GET {httpserver.url_for('/pypi/acme/json')}: {status}")
        assert "story" not in str(raised.value)

    def test_where_there_is_always_something_404_says_nothing(self, http: HttpClient, pypi: LocalPyPI) -> None:
        request = Request(url=f"{pypi.url}/gone", label="browse", must_exist=True)

        with pytest.raises(Unavailable, match=r"/gone \(browse\): 404 Not Found"):
            service(http).get(request, read_json)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirection_is_not_followed(self, http: HttpClient, httpserver: HTTPServer, status: int) -> None:
        location = "https://user:secret@elsewhere.example/login?token=secret#secret"
        httpserver.expect_request("/x").respond_with_data(status=status, headers={"Location": location})

        with pytest.raises(Unavailable, match=r"to https://elsewhere\.example/login, which is not") as raised:
            service(http, retries=3).get(Request(url=httpserver.url_for("/x")), read_json)
        assert "secret" not in str(raised.value)
        assert http.count() == len(httpserver.log) == 1

    def test_a_redirection_may_lead_nowhere(self, http: HttpClient) -> None:
        nowhere = b"HTTP/1.1 301 Moved Permanently\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n"

        with wire(nowhere) as server, pytest.raises(Unavailable, match="to something that is not an address, which is"):
            service(http).get(Request(url=server.url), read_json)

    def test_a_server_without_tls_is_no_connection(self, http: HttpClient, pypi: LocalPyPI) -> None:
        with pytest.raises(Unavailable, match="the server does not speak TLS with us"):
            service(http).get(Request(url=pypi.url.replace("http:", "https:")), read_json)
        assert http.count() == 0

    def test_a_message_has_neither_credentials_nor_query(self, http: HttpClient, httpserver: HTTPServer) -> None:
        url = httpserver.url_for("/x?key=secret").replace("//", "//user:secret@")

        with pytest.raises(Unavailable) as raised:
            service(http).get(Request(url=url), read_json)
        assert "secret" not in str(raised.value)

    @pytest.mark.parametrize(
        "url", ["pypi.example", "ftp://pypi.example/", "http://[", "http://pypi.example:99999/", ""]
    )
    def test_what_is_no_address_is_our_mistake(self, http: HttpClient, url: str) -> None:
        with pytest.raises(Invalid, match="not an address"):
            service(http).get(Request(url=url), read_json)

    @pytest.mark.parametrize(
        ("answer", "told"),
        [
            (b"", "lost before an answer"),
            (b"I am no web server\r\n\r\n", "not HTTP"),
            (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", "not HTTP"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "middle of the answer"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "middle of the answer"),
            (b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n", "middle of the answer"),
            (build_ok_response(b"no gzip", b"Content-Encoding: gzip"), "decompressed"),
            (
                build_ok_response(gzip.compress(b'{"a": "bcdefghijkl"}', mtime=0)[:-15], b"Content-Encoding: gzip"),
                "not the JSON",
            ),
            (build_ok_response(b"{"), "not the JSON"),
            (build_ok_response(b"<html>We are sorry</html>"), "not the JSON"),
            (build_ok_response(b"[]"), "not the JSON"),
            (build_ok_response(b'{"a": "\xff"}'), "not the JSON"),
            (build_ok_response(b'{"a":' + b"[" * 100_000 + b"}"), "not the JSON"),
        ],
    )
    def test_an_unusable_answer_is_none_and_is_asked_for_again(
        self, http: HttpClient, answer: bytes, told: str
    ) -> None:
        with wire(answer) as server, pytest.raises(Unavailable, match=told):
            service(http, retries=1).get(Request(url=server.url), read_json)

        assert http.count() == len(server.request_heads) == 2

    def test_a_compressed_answer_is_read(self, http: HttpClient) -> None:
        with wire(build_ok_response(gzip.compress(b'{"a": 1}'), b"Content-Encoding: gzip")) as server:
            assert service(http).get(Request(url=server.url), read_json) == {"a": 1}

    def test_a_body_beyond_the_bound_is_not_read_on(self, http: HttpClient, pypi: LocalPyPI) -> None:
        pypi.faults.add(Fault(FaultKind.OVERSIZED))

        with pytest.raises(Unavailable, match="larger than 1,000,000 bytes"):
            service(http, retries=3).get(Request(url=pypi.url, max_bytes=1_000_000), read_json)
        assert http.count() == 1

    def test_a_small_body_that_grows_when_decompressed_is_not_decompressed_as_a_whole(self, http: HttpClient) -> None:
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
    def test_a_service_that_stays_down_is_asked_so_often(self, http: HttpClient, pypi: LocalPyPI, retries: int) -> None:
        pypi.faults.add(Fault(FaultKind.UNAVAILABLE))

        with pytest.raises(Unavailable, match="503 Service Unavailable"):
            service(http, retries=retries).get(build_acme_request(pypi), read_json)
        assert pypi.requests.total == retries + 1

    @pytest.mark.parametrize(
        "kind", ["403", "429", "500", "502", "503", "timeout", "reset", "half", "broken", "empty", "html"]
    )
    def test_what_passes_is_asked_again(self, http: HttpClient, pypi: LocalPyPI, kind: str) -> None:
        pypi.faults.add(Fault(kind, times=1))

        document = service(http, retries=1, timeout=1.0).get(build_acme_request(pypi), read_json)

        assert document["last_serial"] == 1
        assert pypi.requests.total == 2

    @pytest.mark.parametrize("status", [401, 404, 400, 406])
    def test_what_lasts_is_asked_once(self, http: HttpClient, httpserver: HTTPServer, status: int) -> None:
        httpserver.expect_request("/x").respond_with_data(status=status)

        with pytest.raises(AggregatorError):
            service(http, retries=3).get(Request(url=httpserver.url_for("/x")), read_json)
        assert len(httpserver.log) == 1

    @pytest.mark.parametrize("as_date", [False, True])
    def test_a_service_gets_the_pause_that_it_asks_for(self, http: HttpClient, pypi: LocalPyPI, as_date: bool) -> None:
        pypi.faults.add(Fault(FaultKind.UNAVAILABLE, times=1, retry_after=RetryAfter(2, as_date=as_date)))

        service(http, retries=1).get(build_acme_request(pypi), read_json)

        first, second = (request.time for request in pypi.requests.log)
        assert second - first >= 1

    def test_a_pause_beyond_the_bound_is_told_and_not_waited_for(self, http: HttpClient, pypi: LocalPyPI) -> None:
        pypi.faults.add(Fault(FaultKind.TOO_MANY_REQUESTS, retry_after=RetryAfter(3600)))

        with pytest.raises(Unavailable, match="429 Too Many Requests, asks to wait 3600 s") as raised:
            service(http, retries=3).get(build_acme_request(pypi), read_json)
        assert raised.value.retry_after == 3600
        assert pypi.requests.total == 1

    def test_a_client_that_asks_too_much_keeps_quiet_as_a_whole(self, http: HttpClient, pypi: LocalPyPI) -> None:
        pypi.faults.add(Fault(FaultKind.TOO_MANY_REQUESTS, times=1, retry_after=RetryAfter(1)))
        acme = service(http, retries=1)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: acme.get(build_acme_request(pypi), read_json), range(8)))
        acme.get(build_acme_request(pypi), read_json)

        times = [request.time for request in pypi.requests.log]
        assert max(later - earlier for earlier, later in pairwise(times)) >= 0.9

    def test_each_repetition_says_in_one_line_what_it_repeats(
        self, http: HttpClient, pypi: LocalPyPI, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        pypi.faults.add(Fault(FaultKind.UNAVAILABLE, times=1))

        service(http, retries=2).get(build_acme_request(pypi), read_json)

        assert caplog.messages == [f"asking again, 1 of 2: GET {pypi.url}/pypi/acme/json: 503 Service Unavailable"]


class TestLimits:
    @pytest.mark.parametrize("workers", [1, 3])
    def test_no_more_than_the_workers_ask_at_once(self, http: HttpClient, pypi: LocalPyPI, workers: int) -> None:
        pypi.latency = 0.01
        acme = service(http, workers=workers)

        def read_many(_: int) -> None:
            list(acme.stream(range(5), lambda _: acme.get_async(build_acme_request(pypi), read_json), max_pending=5))

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(read_many, range(4)))

        assert pypi.requests.total == 20
        assert pypi.requests.max_active == workers

    @pytest.mark.parametrize("delay", [0.04, 0.1])
    def test_requests_keep_their_distance_on_the_mean(self, http: HttpClient, pypi: LocalPyPI, delay: float) -> None:
        """The first one may be late on its way, so that a few of the distances are not counted on."""
        acme = service(http, delay=delay)

        list(acme.stream(range(20), lambda _: acme.get_async(build_acme_request(pypi), read_json), max_pending=20))

        times = [request.time for request in pypi.requests.log]
        assert times[-1] - times[0] >= 13 * delay

    def test_each_service_has_limits_of_its_own(self, http: HttpClient, pypi: LocalPyPI) -> None:
        slow, quick = service(http, workers=1, timeout=30), service(http)
        pypi.faults.add(Fault(FaultKind.SLOW, times=1, pause=0.05))

        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(slow.get, build_acme_request(pypi), read_json)
            quick.get(build_acme_request(pypi), read_json)
            quick.get(build_acme_request(pypi), read_json)
            was_waiting = not waiting.done()
            waiting.result()

        assert was_waiting

    @pytest.mark.parametrize("kind", ["timeout", "slow"])
    def test_an_answer_that_takes_too_long_is_none(self, http: HttpClient, pypi: LocalPyPI, kind: str) -> None:
        pypi.faults.add(Fault(kind, pause=10))

        with pytest.raises(Unavailable, match="no complete answer came in time"):
            service(http, timeout=0.2).get(build_acme_request(pypi), read_json)


class TestCounting:
    @pytest.mark.parametrize("kind", [kind.value for kind in FaultKind])
    def test_the_count_is_the_servers(self, http: HttpClient, pypi: LocalPyPI, kind: str) -> None:
        pypi.faults.add(Fault(kind, probability=0.5, retry_after=None, pause=0.01))
        acme = service(http, retries=2, timeout=0.5, workers=4)

        async def work(_: int) -> bool:
            try:
                await acme.get_async(build_acme_request(pypi), read_json)
            except AggregatorError:
                return False
            return True

        results = list(acme.stream(range(20), work, max_pending=8))

        assert len(results) == 20
        assert http.count() == pypi.requests.total

    def test_a_connection_that_is_refused_is_no_request(self, http: HttpClient) -> None:
        with wire(b"") as server:
            url = server.url

        with pytest.raises(Unavailable, match="no connection: Connection refused"):
            service(http, retries=2).get(Request(url=url), read_json)
        assert http.count() == 0

    def test_a_host_that_is_not_known_is_unavailable(self, http: HttpClient) -> None:
        with pytest.raises(Unavailable, match="the host is not known"):
            service(http).get(Request(url="http://pypi.invalid/"), read_json)

    def test_all_services_are_counted_together(self, http: HttpClient, pypi: LocalPyPI) -> None:
        for client in (service(http), service(http)):
            client.get(build_acme_request(pypi), read_json)

        assert http.count() == 2

    def test_threads_are_counted_apart(self, http: HttpClient, pypi: LocalPyPI) -> None:
        """So that runs at the same time report their own requests."""
        acme, begun = service(http), threading.Barrier(3)

        def run(requests: int) -> int:
            begun.wait()  # or a thread that is done would take another run
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
    def test_it_says_who_it_is_and_whom_to_ask(self) -> None:
        with wire(build_ok_response(b"{}")) as server, HttpClient(contact="ops@example.org") as http:
            service(http).get(Request(url=server.url), read_json)

        assert f"User-Agent: pyf.aggregator/{__version__} (+ops@example.org)\r\n".encode() in server.request_heads[0]
        assert b"Accept-Encoding: gzip\r\n" in server.request_heads[0]

    def test_without_a_contact_it_says_who_it_is(self, http: HttpClient) -> None:
        with wire(build_ok_response(b"{}")) as server:
            service(http).get(Request(url=server.url), read_json)

        assert f"User-Agent: pyf.aggregator/{__version__}\r\n".encode() in server.request_heads[0]

    @pytest.mark.parametrize("contact", ["a\r\nX-Injected: 1", "ä@example.org"])
    def test_a_contact_that_is_no_header_is_refused(self, contact: str) -> None:
        with pytest.raises(Invalid, match="contact"):
            HttpClient(contact=contact)

    def test_an_address_is_sent_as_it_is(self, http: HttpClient) -> None:
        with wire(build_ok_response(b"{}")) as server:
            service(http).get(Request(url=f"{server.url}/pypi/acme/1%2B2%2F3%20%C3%A9/json"), read_json)

        assert server.request_heads[0].startswith(b"GET /pypi/acme/1%2B2%2F3%20%C3%A9/json HTTP/1.1\r\n")

    def test_a_refusal_leaves_its_connection_usable(self) -> None:
        refusal = b"HTTP/1.1 404 Not Found\r\nContent-Length: 20000\r\n\r\n" + bytes(20_000)

        with wire(refusal, keeps=True) as server, HttpClient() as http:
            for _ in range(3):
                with pytest.raises(NotFound):
                    service(http).get(Request(url=server.url), read_json)

        assert (len(server.request_heads), server.connections) == (3, 1)

    def test_one_client_serves_many_threads(self, http: HttpClient, pypi: LocalPyPI) -> None:
        acme = service(http)
        barrier = threading.Barrier(8)

        def read(_: int) -> int:
            barrier.wait()
            return int(acme.get(build_acme_request(pypi), read_json)["last_serial"])

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(read, range(8))) == [1] * 8

    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_a_forked_child_asks_on_connections_of_its_own(self, http: HttpClient, pypi: LocalPyPI) -> None:
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


class TestExchanges:
    """For services whose headers and refusals say what a status alone does not."""

    @pytest.mark.parametrize("status", [200, 204, 301, 401, 403, 404, 429, 500, 503])
    def test_whatever_comes_back_is_given_whole_and_asked_for_once(
        self, http: HttpClient, httpserver: HTTPServer, status: int
    ) -> None:
        httpserver.expect_request("/").respond_with_data("why", status=status, headers={"X-Left": "0"})

        reply = service(http, retries=3).send(Request(url=httpserver.url_for("/")))

        assert (reply.status, reply.headers.get("x-left")) == (status, "0")
        assert reply.body == (b"" if status == 204 else b"why")
        assert len(httpserver.log) == 1

    @pytest.mark.parametrize("fault", ["reset", "half", "timeout"])
    def test_no_whole_answer_is_unavailable(self, http: HttpClient, pypi: LocalPyPI, fault: str) -> None:
        pypi.faults.add(Fault(fault))

        with pytest.raises(Unavailable, match=r"GET http://127.0.0.1:\d+/pypi/acme/json: "):
            service(http, timeout=0.3).send(build_acme_request(pypi))

        assert pypi.requests.total == 1

    def test_a_body_without_end_is_not_read_to_it(self, http: HttpClient, pypi: LocalPyPI) -> None:
        pypi.faults.add(Fault("huge"))

        with pytest.raises(Unavailable, match="larger than 1,000 bytes"):
            service(http).send(Request(url=pypi.url, max_bytes=1000))

    def test_exchanges_keep_their_distance_with_all_other_requests(self, http: HttpClient, pypi: LocalPyPI) -> None:
        request_times = service(http, delay=0.2, workers=1)

        for _ in range(2):
            request_times.send(build_acme_request(pypi))
            request_times.get(build_acme_request(pypi), read_json)

        starts = [request.time for request in pypi.requests.log]
        assert starts[-1] - starts[0] >= 0.4

    def test_a_secret_in_a_header_is_in_no_representation(self) -> None:
        request = Request(url="http://a.example/x", headers={"Authorization": "Bearer secret"})

        assert (repr(request), str(request)) == ("<GET http://a.example/x>", "GET http://a.example/x")
