"""The simple index and its table of serials."""

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy, Transient
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.adapters.pypi import PyPIRegistry
from pyf.aggregator.adapters.pypi.simple_index import SerialsReader, SerialTable
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.ports import Serials

names = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True)
serials = st.integers(0, 2**40)


@pytest.fixture
def service() -> Iterator[ServiceClient]:
    with HttpClient() as http:
        yield ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=0)))


def build_index(projects: dict[str, int], serial: int = 9) -> dict[str, Any]:
    return {
        "meta": {"_last-serial": serial, "api-version": "1.4"},
        "projects": [{"_last-serial": number, "name": name} for name, number in projects.items()],
    }


def read_index(body: bytes, chunk_size: int = 100_000) -> Serials:
    reader = SerialsReader()
    for start in range(0, len(body), chunk_size):
        reader.feed(body[start : start + chunk_size])
    return reader.finish()


@given(st.dictionaries(names, serials))
def test_serial_table_equals_mapping(mapping: dict[str, int]) -> None:
    table = SerialTable()
    for name, serial in mapping.items():
        table.add(name, serial)

    assert dict(table) == mapping
    assert len(table) == len(mapping)
    assert {name: table.get(name) for name in mapping} == mapping


@given(mapping=st.dictionaries(names, serials), other=st.text())
def test_serial_table_has_no_other_keys(mapping: dict[str, int], other: str) -> None:
    table = SerialTable()
    for name, serial in mapping.items():
        table.add(name, serial)

    assert (other in table) == (other in mapping)


@given(
    mapping=st.dictionaries(names, serials),
    serial=serials,
    indent=st.sampled_from([None, 1]),
    is_meta_last=st.booleans(),
)
def test_serials_reader_accepts_any_json_layout(
    mapping: dict[str, int], serial: int, indent: int | None, is_meta_last: bool
) -> None:
    document = build_index(mapping, serial)
    if is_meta_last:
        document = dict(reversed(document.items()))

    index_read = read_index(json.dumps(document, indent=indent).encode())

    assert (index_read.last_serial, dict(index_read.by_name)) == (serial, mapping)


@pytest.mark.parametrize("piece", [1_000, 65_536, 300_000, 10_000_000])
@pytest.mark.parametrize("is_meta_last", [False, True])
def test_serials_reader_accepts_any_chunks(piece: int, is_meta_last: bool) -> None:
    expected = {f"project-{number}": number for number in range(30_000)}
    document = build_index(expected)
    document["projects"][17] |= {"_last-serial": 17, "note": {"nested": [{"}": "]"}, {"a": "}, {"}]}}
    if is_meta_last:
        document = dict(reversed(document.items()))

    index_read = read_index(json.dumps(document, separators=(",", ":")).encode(), piece)

    assert (index_read.last_serial, dict(index_read.by_name)) == (9, expected)


def test_serials_reader_normalizes_names() -> None:
    index_read = read_index(json.dumps(build_index({"Acme.Blog": 1, "acme  shop": 2, "": 3, "x\ny 5": 4})).encode())

    assert dict(index_read.by_name) == {"acme-blog": 1}


def test_serials_reader_memory_per_project() -> None:
    body = json.dumps(build_index({f"a-project-with-a-name-{number}": number for number in range(100_000)})).encode()

    tracemalloc.start()
    read_index(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 70 * 100_000


@pytest.mark.parametrize(
    "document",
    [
        {"meta": {"api-version": "1.4"}, "projects": [{"name": "acme"}]},
        {"meta": {"_last-serial": 9}, "projects": [{"name": "acme"}]},
        {"meta": {"_last-serial": None}, "projects": [{"name": "acme", "_last-serial": 1}]},
    ],
)
def test_index_without_serials_is_not_retried(
    service: ServiceClient, httpserver: HTTPServer, document: dict[str, Any]
) -> None:
    httpserver.expect_request("/simple/").respond_with_json(document)

    with pytest.raises(Unavailable, match="the simple index has no serials; use PyPI itself"):
        PyPIRegistry(service, httpserver.url_for("/")).fetch_serials()
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"<!DOCTYPE html><title>Simple index</title>",
        b'{"meta":{"_last-serial":9}}',
        b'{"meta":{"_last-serial":9},"projects":null}',
        b'{"meta":{"_last-serial":9},"projects":[{"name":"acme","_last-serial":1}',
        b'{"meta":{"_last-serial":9},"projects":[{"name":"acme","_last-serial":1}]',
        b'{"meta":{"_last-serial":9},"projects":[{"name":"acme","_last-serial":"1"}]}',
        b'{"meta":{"_last-serial":9},"projects":["acme"]}',
        b'{"meta":{"_last-serial":9},"projects":[{"name":"acme","_last-serial":1}]}]',
        b'{"meta":{"_last-serial":9},"projects":[' + b'{"name":"acme","_last-serial":1},' * 20_000 + b"!]}",
    ],
)
def test_invalid_index_is_retried(body: bytes) -> None:
    with pytest.raises(Transient):
        read_index(body)


def test_index_request_accepts_json(service: ServiceClient, httpserver: HTTPServer) -> None:
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    httpserver.expect_request("/simple/", headers=accept).respond_with_json(build_index({"acme": 1}))

    assert dict(PyPIRegistry(service, httpserver.url_for("/")).fetch_serials().by_name) == {"acme": 1}


def test_missing_index_is_unavailable(service: ServiceClient, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/simple/").respond_with_data(status=404)

    with pytest.raises(Unavailable, match="404 Not Found"):
        PyPIRegistry(service, httpserver.url_for("/")).fetch_serials()
