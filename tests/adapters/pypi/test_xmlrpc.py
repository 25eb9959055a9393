"""PyPI's XML-RPC methods and the parser of their responses."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from xmlrpc.client import Fault, dumps, loads

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy, Transient
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.adapters.pypi import PyPIChangelog, PyPIRegistry
from pyf.aggregator.adapters.pypi.xmlrpc import ResponseReader, Value
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault as Order
from pyf.aggregator.sandbox.faults import FaultKind, RetryAfter
from pyf.aggregator.sandbox.pypi import LocalPyPI

PLONE = "Framework :: Plone"
TOO_MANY = "HTTPTooManyRequests: The action could not be performed because there were too many requests by the client."
ENTITIES = b"""<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<methodResponse><params><param><value><string>&b;</string></value></param></params></methodResponse>"""

xml_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]))
scalars = st.none() | st.integers(-(2**31), 2**31 - 1) | xml_text


class RowsReader(ResponseReader[tuple[list[list[Value]], Value]]):
    """Response reader that records rows and value."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[Value]] = []

    def add_row(self, row: list[Value]) -> None:
        self.rows.append(row)

    def build_result(self, value: Value) -> tuple[list[list[Value]], Value]:
        return self.rows, value


@pytest.fixture
def service() -> Iterator[ServiceClient]:
    with HttpClient() as http:
        yield ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=1, backoff=0, max_wait=5)))


def build_response(value: object) -> bytes:
    return dumps((value,), methodresponse=True, allow_none=True).encode()  # type: ignore[arg-type]


def serve(httpserver: HTTPServer, body: bytes) -> str:
    httpserver.expect_request("/pypi", method="POST").respond_with_data(body, content_type="text/xml")
    return httpserver.url_for("/")


def read_body(body: bytes, chunk_size: int = 7) -> tuple[list[list[Value]], Value]:
    reader = RowsReader()
    for start in range(0, len(body), chunk_size):
        reader.feed(body[start : start + chunk_size])
    return reader.finish()


@given(value=scalars, piece=st.integers(1, 50))
def test_response_reader_accepts_any_chunks(value: Any, piece: int) -> None:
    assert read_body(build_response(value), piece) == ([], value)


@given(rows=st.lists(st.lists(scalars, max_size=5), max_size=5), piece=st.integers(1, 50))
def test_response_reader_passes_rows_to_add_row(rows: list[list[Any]], piece: int) -> None:
    assert read_body(build_response(rows), piece) == (rows, [])


@given(st.recursive(scalars, lambda inner: st.dictionaries(xml_text, inner, max_size=3), max_leaves=5))
def test_response_reader_reads_structs(value: Any) -> None:
    assert read_body(build_response({"inner": value})) == ([], {"inner": value})


@given(st.binary() | st.text().map(str.encode))
def test_response_reader_raises_only_unavailable(body: bytes) -> None:
    with suppress(Unavailable):
        read_body(body)


def test_response_reader_untyped_value_is_text() -> None:
    body = b"<methodResponse><params><param><value>acme</value></param></params></methodResponse>"

    assert read_body(body) == ([], "acme")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<html><body>Sorry</body></html>",
        b"<!doctype html><title>Sorry</title>",
        build_response([["acme", "1.0"]])[:-20],
        build_response(1.5),
        b"<methodResponse><params><param><value><int>many</int></value></param></params></methodResponse>",
        b"<methodResponse><params></params></methodResponse>",
        ENTITIES,
    ],
)
def test_invalid_xmlrpc_response_is_retried(body: bytes) -> None:
    with pytest.raises(Transient):
        read_body(body)


def test_call_contains_method_and_arguments(service: ServiceClient, httpserver: HTTPServer) -> None:
    url = serve(httpserver, build_response([["acme", "1.0"]]))

    list(PyPIRegistry(service, url).browse_classifiers([f"{PLONE} & more"]))

    request, _ = httpserver.log[0]
    assert loads(request.get_data()) == (([f"{PLONE} & more"],), "browse")
    assert request.content_type == "text/xml"


def test_browse_returns_distinct_normalized_names(service: ServiceClient, httpserver: HTTPServer) -> None:
    url = serve(httpserver, build_response([["Acme.Blog", "1.0"], ["Acme.Blog", "2.0"], ["acme_shop", "1.0"]]))

    assert list(PyPIRegistry(service, url).browse_classifiers([PLONE])) == [
        (PLONE, frozenset({"acme-blog", "acme-shop"}))
    ]


@pytest.mark.parametrize(
    "value", [None, "none", 0, ["acme"], [["acme"]], [["acme", None]], [[None, "1.0"]], [["", "1.0"]], {"acme": "1.0"}]
)
def test_browse_rejects_other_rows(service: ServiceClient, httpserver: HTTPServer, value: object) -> None:
    url = serve(httpserver, build_response(value))

    with pytest.raises(Unavailable):
        list(PyPIRegistry(service, url).browse_classifiers([PLONE]))


def test_changelog_entries_are_sorted_and_normalized(service: ServiceClient, httpserver: HTTPServer) -> None:
    rows = [["Acme.Blog", "1.0", 100, "new release", 8], ["Acme.Blog", None, 90, "create", 7], ["old", "1", 1, "x", 5]]
    url = serve(httpserver, build_response(rows))

    entries = PyPIChangelog(service, url).fetch_since(5)

    assert [(e.name, e.version, e.timestamp, e.action, e.serial) for e in entries] == [
        ("acme-blog", "", 90, "create", 7),
        ("acme-blog", "1.0", 100, "new release", 8),
    ]


@pytest.mark.parametrize(
    "row", [[], ["acme"], [None, "1.0", 1, "create", 7], ["", "1.0", 1, "create", 7], ["acme", "1.0", 1, "create", "7"]]
)
def test_changelog_with_unreadable_entry_is_unavailable(
    service: ServiceClient, httpserver: HTTPServer, row: list[object]
) -> None:
    """Skipping the entry would miss a change."""
    url = serve(httpserver, build_response([["acme", None, 1, "create", 6], row]))

    with pytest.raises(Unavailable, match="unreadable entry"):
        PyPIChangelog(service, url).fetch_since(5)


@pytest.mark.parametrize("value", [None, "7", [], [[7]]])
def test_last_serial_must_be_a_number(service: ServiceClient, httpserver: HTTPServer, value: object) -> None:
    url = serve(httpserver, build_response(value))

    with pytest.raises(Unavailable):
        PyPIChangelog(service, url).fetch_last_serial()


def test_rejected_method_is_not_retried(service: ServiceClient, httpserver: HTTPServer) -> None:
    text = "RuntimeError: PyPI no longer supports\nthe XMLRPC browse method" + "!" * 1000
    url = serve(httpserver, dumps(Fault(-32500, text)).encode())

    with pytest.raises(Unavailable) as raised:
        list(PyPIRegistry(service, url).browse_classifiers([PLONE]))

    text = str(raised.value)
    assert "/pypi (browse): the method is rejected or removed (RuntimeError: PyPI no longer supports the" in text
    assert len(text) < 400
    assert len(httpserver.log) == 1


def test_missing_method_is_unavailable(service: ServiceClient, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/pypi").respond_with_data(status=404)

    with pytest.raises(Unavailable, match=r"\(changelog_last_serial\): 404 Not Found"):
        PyPIChangelog(service, httpserver.url_for("/")).fetch_last_serial()


@pytest.mark.parametrize(
    ("text", "wait"),
    [(f"{TOO_MANY} Limit may reset in 42 seconds.", 42), (TOO_MANY, None), (f"{TOO_MANY} Limit may reset soon.", None)],
)
def test_throttled_call_has_retry_after(
    service: ServiceClient, httpserver: HTTPServer, text: str, wait: float | None
) -> None:
    url = serve(httpserver, dumps(Fault(-32500, text)).encode())

    with pytest.raises(Unavailable, match="too many requests") as raised:
        PyPIChangelog(service, url).fetch_last_serial()
    assert raised.value.retry_after == wait
    assert len(httpserver.log) == (1 if wait else 2)


@pytest.mark.parametrize("retry_after", [None, RetryAfter(1)])
def test_throttled_call_is_retried_after_pause(service: ServiceClient, retry_after: RetryAfter | None) -> None:
    with LocalPyPI(FakeRegistry()) as pypi:
        pypi.faults.add(Order(FaultKind.THROTTLED, times=1, retry_after=retry_after))

        assert PyPIChangelog(service, pypi.url).fetch_last_serial() == 0

        first, second = (request.time for request in pypi.requests.log)
    assert second - first >= (retry_after.seconds if retry_after else 0)


def test_changelog_pages(service: ServiceClient) -> None:
    fake_registry = FakeRegistry()
    fake_registry.add_filler_changes(50_001)

    with LocalPyPI(fake_registry) as pypi:
        changelog = PyPIChangelog(service, pypi.url)
        first = changelog.fetch_since(0)
        second = changelog.fetch_since(first[-1].serial)

    assert (len(first), len(second)) == (changelog.page_size, 1)
    assert [entry.serial for entry in [*first, *second]] == list(range(1, 50_002))


@pytest.mark.parametrize("serial", [-1, -(2**40), 2**63, True, "7", None])
def test_last_serial_out_of_range_is_rejected(service: ServiceClient, httpserver: HTTPServer, serial: object) -> None:
    body = build_response(0).replace(b"<int>0</int>", b"<i8>%d</i8>" % serial if type(serial) is int else b"<x>1</x>")

    with pytest.raises(Transient):
        PyPIChangelog(service, serve(httpserver, body)).fetch_last_serial()


@pytest.mark.parametrize("serial", [-5, 0, 2**63])
def test_changelog_entry_with_a_serial_out_of_range_is_rejected(
    service: ServiceClient, httpserver: HTTPServer, serial: int
) -> None:
    body = build_response([["acme", "1.0", 100, "new release", 4]]).replace(b"<int>4</int>", b"<i8>%d</i8>" % serial)

    with pytest.raises(Transient, match="unreadable entry"):
        PyPIChangelog(service, serve(httpserver, body)).fetch_since(-10)


@pytest.mark.parametrize("chunk_size", [1, 3, 7, 1000])
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"a\x0bb", "a\ufffdb"),
        (b"a&#11;b", "a\ufffdb"),
        (b"a&#0;b", "a\ufffdb"),
        (b"a\xff b", "a\ufffd b"),
        (b"a & b", "a & b"),
        (b"caf&eacute;", "caf&eacute;"),
        ("a\ufffeb".encode(), "a\ufffdb"),
        (b"a&#x41;&amp;&lt;b", "aA&<b"),
    ],
)
def test_response_reader_repairs_text_that_is_not_xml(sent: bytes, expected: str, chunk_size: int) -> None:
    body = build_response([["acme", "VALUE"]]).replace(b"VALUE", sent)

    assert read_body(body, chunk_size) == ([["acme", expected]], [])


def test_deeply_nested_xmlrpc_response_is_rejected() -> None:
    with pytest.raises(Transient, match="nested deeper"):
        read_body(b"<methodResponse>" + b"<value><array><data>" * 100_000, 10_000)
