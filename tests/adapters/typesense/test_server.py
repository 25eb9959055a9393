"""Test requests to a Typesense server: the meaning of its failures, and the wait for an unavailable server."""

from collections.abc import Iterator

import pytest

from pyf.aggregator.adapters.typesense import Server
from pyf.aggregator.adapters.typesense.bulk import build_export_path, import_documents
from pyf.aggregator.domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from pyf.aggregator.sandbox.faults import Fault
from support.raw_server import wire
from support.typesense_fake import ADMIN_KEY, LocalTypesense, routes
from support.typesense_fake.documents import export_documents
from support.typesense_fake.live import only_on_test_server

SCHEMA = {"name": "things", "fields": [{"name": "size", "type": "int64"}]}


@pytest.fixture
def local() -> Iterator[LocalTypesense]:
    with LocalTypesense() as local:
        local.store.create(dict(SCHEMA))
        yield local


@pytest.fixture
def server(local: LocalTypesense) -> Iterator[Server]:
    yield from open_server(local.url)


def open_server(*nodes: str, key: str = ADMIN_KEY, retry_timeout: float = 1) -> Iterator[Server]:
    server = Server(nodes, key, timeout=0.4, retry_timeout=retry_timeout)
    yield server
    server.close()


def get_size(server: Server) -> int:
    return int(server.request(lambda client: client.collections["things"].retrieve())["num_documents"])


def test_no_request_is_sent_before_the_first_call(local: LocalTypesense, server: Server) -> None:
    assert local.requests.total == 0

    assert get_size(server) == 0

    assert local.requests.by_kind == {"health": 1, "write_nothing": 1, "status": 1, "get_collection": 1}


def test_missing_collection_is_not_found(server: Server) -> None:
    with pytest.raises(NotFound, match="Collection not found"):
        server.request(lambda client: client.collections["others"].retrieve())
    with pytest.raises(NotFound):
        server.read_lines(build_export_path("others"), {}, list)


@pytest.mark.parametrize(("kind", "meaning"), [("404", Unavailable), ("html", Unavailable), ("broken", Unavailable)])
def test_response_of_another_server_is_unavailable(
    local: LocalTypesense, server: Server, kind: str, meaning: type[AggregatorError]
) -> None:
    """A proxy whose server is restarting may well answer 404."""
    get_size(server)
    local.faults.add(Fault(kind, request="get_collection"))

    with pytest.raises(meaning, match=r"127\.0\.0\.1"):
        get_size(server)


@pytest.mark.parametrize("kind", ["500", "502", "503", "429", "reset", "half", "timeout", "404"])
def test_request_without_response_is_retried(local: LocalTypesense, server: Server, kind: str) -> None:
    get_size(server)
    local.faults.add(Fault(kind, request="get_collection", times=1))

    assert get_size(server) == 0


@pytest.mark.parametrize("kind", ["503", "reset", "half", "timeout"])
def test_interrupted_listing_restarts(local: LocalTypesense, server: Server, kind: str) -> None:
    import_documents(server, "things", [{"id": str(number), "size": number} for number in range(500)], "create")
    local.faults.add(Fault(kind, request="export", times=1))

    lines = server.read_lines(build_export_path("things"), {}, list)

    assert len(lines) == 500


@only_on_test_server
def test_export_ending_with_error_is_retried(
    local: LocalTypesense, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server sends this if a document was deleted since the export began."""
    import_documents(server, "things", [{"id": str(number), "size": number} for number in range(3)], "create")
    broken = iter([b'{"id":"0","size":0}\n{"message": "Not found."}'])
    monkeypatch.setattr(routes, "export_documents", lambda *given: next(broken, None) or export_documents(*given))

    assert len(server.read_lines(build_export_path("things"), {}, list)) == 3
    assert next(broken, None) is None


def test_wrong_key_fails_at_once_in_one_line(local: LocalTypesense) -> None:
    for server in open_server(local.url, key="wrong", retry_timeout=60):
        with pytest.raises(Invalid, match="TYPESENSE_API_KEY"):
            get_size(server)


def test_unreachable_server_is_reported() -> None:
    for server in open_server("http://127.0.0.1:1", retry_timeout=0):
        with pytest.raises(Unavailable, match="does not respond"):
            get_size(server)


def test_unavailable_server_is_waited_for_once() -> None:
    """A run that ends still writes down what it has; with a minute for each request it would never end."""
    with LocalTypesense() as local:
        local.store.create(dict(SCHEMA))
        for server in open_server(local.url, retry_timeout=0.5):
            get_size(server)
            local.faults.add(Fault("503"))
            waits = []
            for _ in range(4):
                local.requests.clear()
                with pytest.raises(Unavailable):
                    get_size(server)
                waits.append(local.requests.total)
            local.faults.clear()
            assert get_size(server) == 0
            local.faults.add(Fault("503", times=2))
            assert get_size(server) == 0

    assert waits[0] > 1
    assert waits[1:] == [1, 1, 1]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<p>Hi",
        b'HTTP/1.1 404 No\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n{"message":"Not Found"}',
    ],
)
def test_other_http_server_is_reported(answer: bytes) -> None:
    with wire(answer) as other:
        for server in open_server(other.url):
            with pytest.raises(Unavailable, match="no Typesense server"):
                get_size(server)


def test_starting_server_is_waited_for(local: LocalTypesense, server: Server) -> None:
    local.faults.add(Fault("503", request="health", times=3))

    assert get_size(server) == 0


def test_request_falls_back_to_next_node(local: LocalTypesense) -> None:
    for server in open_server("http://127.0.0.1:1", local.url, "http://127.0.0.1:2", retry_timeout=0):
        assert [get_size(server) for _ in range(3)] == [0] * 3


def test_listing_falls_back_to_next_node(local: LocalTypesense) -> None:
    for server in open_server("http://127.0.0.1:1", local.url):
        assert server.read_lines(build_export_path("things"), {}, list) == []


def test_all_lines_of_import_are_checked(local: LocalTypesense, server: Server) -> None:
    documents = [{"id": "a", "size": 1}, {"id": "b", "size": "large"}, {"id": "c", "size": 3}]

    refused = import_documents(server, "things", documents, "upsert")

    assert [(line.id, line.code, line.reason) for line in refused] == [("b", 400, "Field `size` must be an int64.")]
    assert list(local.store.collection("things").documents) == ["a", "c"]


@pytest.mark.parametrize(
    "answer", [b'{"success":true}', b'{"success":true}\n{"success":false,"code":500,"error":"Could not write"}']
)
def test_incomplete_import_response_does_not_reject_documents(answer: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
    with wire(head + answer) as other:
        for server in open_server(other.url):
            with pytest.raises(Unavailable):
                import_documents(server, "things", [{"id": "a"}, {"id": "b"}], "upsert")


def test_full_disk_of_server_is_reported() -> None:
    body = b'{"message":"Rejecting write: running out of resource type: OUT_OF_DISK"}'
    head = f"HTTP/1.1 422 X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with wire(head + body) as other:
        for server in open_server(other.url):
            with pytest.raises(Unavailable, match="is full: Rejecting write"):
                get_size(server)


def test_lines_end_at_line_feeds_only(local: LocalTypesense, server: Server) -> None:
    """Text may hold every other kind of line end, unescaped in JSON."""
    texts = ["\u2028", "\x85", "\x1e", "\r", "a\nb"]
    local.store.create({"name": "texts", "fields": [{"name": "text", "type": "string"}]})
    import_documents(server, "texts", [{"id": str(n), "text": text} for n, text in enumerate(texts)], "create")

    lines = server.read_lines(build_export_path("texts"), {}, list)

    assert len(lines) == len(texts)
