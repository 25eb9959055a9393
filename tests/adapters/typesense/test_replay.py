"""A server that still applies its log after a restart is not read."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from threading import Timer

import pytest

from pyf.aggregator.adapters.typesense import Server
from pyf.aggregator.adapters.typesense.bulk import build_export_path, import_documents
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.sandbox.faults import Fault
from support.typesense_fake import ADMIN_KEY, LocalTypesense, Store

DOCUMENTS = 20
BARRIER = ["health", "write_nothing", "status"]


def fill_store(store: Store, count: int = DOCUMENTS) -> None:
    """Make the collection `things` of so many documents."""
    if "things" not in store.collections:
        store.create({"name": "things", "fields": [{"name": "size", "type": "int64"}]})
    things = store.collection("things")
    for number in range(len(things.documents), count):
        things.write({"id": str(number), "size": number}, "create", "reject")


@contextmanager
def replay_log(store: Store, seconds: float) -> Iterator[None]:
    """Have a server apply the rest of its log after so many seconds."""
    store.queued_writes = 1

    def apply_rest() -> None:
        fill_store(store)
        store.queued_writes = 0

    timer = Timer(seconds, apply_rest)
    timer.start()
    try:
        yield
    finally:
        timer.join()


@contextmanager
def open_server(*urls: str, retry_timeout: float = 10, key: str = ADMIN_KEY) -> Iterator[Server]:
    with closing(Server(urls, key, timeout=5, retry_timeout=retry_timeout)) as server:
        yield server


def count_things(server: Server) -> int:
    return len(server.read_lines(build_export_path("things"), {}, list))


def test_first_read_waits_for_replay() -> None:
    store = Store()
    fill_store(store, 5)
    with LocalTypesense(store) as local, open_server(local.url) as server, replay_log(store, 0.3):
        assert count_things(server) == DOCUMENTS


def test_restart_between_requests_is_detected() -> None:
    before, after = Store(), Store()
    fill_store(before)
    fill_store(after, 7)
    with ExitStack() as first:
        local = first.enter_context(LocalTypesense(before))
        with open_server(local.url) as server:
            assert count_things(server) == DOCUMENTS
            first.close()
            with LocalTypesense(after, port=local.port), replay_log(after, 0.3):
                assert count_things(server) == DOCUMENTS


def test_restart_during_request_is_detected() -> None:
    store = Store()
    fill_store(store)
    with LocalTypesense(store) as local, open_server(local.url) as server:
        count_things(server)
        local.faults.add(Fault("reset", request="export", times=1))
        del store.collections["things"]
        fill_store(store, 7)
        with replay_log(store, 0.3):
            assert count_things(server) == DOCUMENTS


def test_replay_timeout_is_unavailable() -> None:
    store = Store()
    fill_store(store, 5)
    with LocalTypesense(store) as local, open_server(local.url, retry_timeout=0.2) as server:
        local.faults.add(Fault("503", request="write_nothing"))
        with pytest.raises(Unavailable):
            count_things(server)


def test_connection_is_checked_once() -> None:
    store = Store()
    fill_store(store)
    with LocalTypesense(store) as local, open_server(local.url) as server:
        for _ in range(3):
            count_things(server)

        assert [request.kind for request in local.requests.log] == [*BARRIER, "export", "export", "export"]


def test_constant_writes_of_others_do_not_block_reads() -> None:
    store = Store()
    fill_store(store)
    store.queued_writes = 3
    store.set_alias("alias", {"collection_name": "to-come"})
    with LocalTypesense(store) as local, open_server(local.url) as server:
        assert count_things(server) == DOCUMENTS

        deletions = [request.path for request in local.requests.log if request.kind == "delete_document"]
        assert [path.split("/")[2] for path in deletions] == ["things", "to-come"]


def test_read_only_key_waits_for_stable_counts() -> None:
    store = Store()
    fill_store(store, 5)
    with LocalTypesense(store) as local:
        with open_server(local.url) as admin:
            key = admin.request(
                lambda client: client.keys.create(
                    {
                        "description": "reads",
                        "actions": ["collections:list", "documents:export"],
                        "collections": [".*"],
                    }
                )
            )
        with open_server(local.url, key=key["value"]) as server:
            with replay_log(store, 0.5):
                assert count_things(server) == DOCUMENTS
            local.requests.clear()
            local.faults.add(Fault("reset", request="export", times=1))
            assert count_things(server) == DOCUMENTS
            assert local.requests.by_kind["list_collections"] == 1  # the counts are those of the last check


def test_leader_of_a_cluster_is_found_again_when_it_changes() -> None:
    behind, ahead = Store(), Store()
    fill_store(behind, 7)
    fill_store(ahead)
    behind.node_state = 4
    with LocalTypesense(behind) as follower, ExitStack() as first:
        leader = first.enter_context(LocalTypesense(ahead))
        with open_server(follower.url, leader.url) as server:
            assert [count_things(server) for _ in range(3)] == [DOCUMENTS] * 3
            behind.node_state = 1
            first.close()
            with replay_log(behind, 0.3):
                assert count_things(server) == DOCUMENTS


def test_new_connection_sends_write_once() -> None:
    store = Store()
    fill_store(store, 0)
    with LocalTypesense(store) as local, open_server(local.url) as server:
        assert not import_documents(server, "things", [{"id": "a", "size": 1}], "create")

        assert local.requests.by_kind["import"] == 1
