"""A local search index follows a collection on a Typesense server, at a known cost."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pyf.aggregator.adapters import typesense
from pyf.aggregator.adapters.fulltext.search import FulltextSearch
from pyf.aggregator.adapters.typesense import Server, Typesense, search_source
from pyf.aggregator.domain.documents.schema import DownloadFields
from pyf.aggregator.domain.search import SearchQuery
from support.builders import PLONE, build_project, build_state
from support.index_engines import LEXICON, NOW, SCORING_CONFIG
from support.typesense_fake import ADMIN_KEY, LocalTypesense

MINUTE = 60


@dataclass
class Machine:
    """One machine with its clock, which writes and searches."""

    ports: Typesense
    search: FulltextSearch
    clock: list[float] = field(default_factory=lambda: [float(NOW)])

    def put(self, *names: str, summary: str = "something") -> None:
        self.ports.index.put("plone", [build_project(name, summary=summary) for name in names])

    def find(self, text: str = "") -> list[str]:
        return sorted(hit.name for hit in self.search.search("plone", SearchQuery(text=text)).hits)

    def settle(self) -> None:
        """Search until no write can come any more that is numbered lower than the latest one."""
        self.find()
        self.clock[0] += 60 * MINUTE
        self.find()


Machines = Callable[..., Machine]


@pytest.fixture
def machines(local: LocalTypesense, tmp_path: Path) -> Iterator[Machines]:
    """Machines with an index of their own each, whose clock may be wrong."""
    opened: list[Machine] = []
    with closing(Server([local.url], ADMIN_KEY, retry_timeout=1)) as server:

        def start(seconds_off: float = 0, folder: str = "") -> Machine:
            clock = [NOW + seconds_off]
            ports = typesense.build_ports(server, lexicon=LEXICON, now=lambda: clock[0])
            parent = tmp_path / (folder or f"search-{len(opened)}")
            search = typesense.open_search(server, parent, LEXICON, SCORING_CONFIG, now=lambda: clock[0])
            opened.append(Machine(ports, search, clock))
            return opened[-1]

        yield start
        for machine in opened:
            machine.search.close()


@pytest.fixture
def machine(machines: Machines) -> Machine:
    machine = machines(0)
    machine.ports.admin.create(PLONE, build_state(), alias="plone")
    machine.put("a", "b", "c")
    return machine


def count_requests(local: LocalTypesense, act: Callable[[], object]) -> dict[str, int]:
    before = dict(local.requests.by_kind)
    act()
    after = local.requests.by_kind
    return {kind: count - before.get(kind, 0) for kind, count in after.items() if count != before.get(kind, 0)}


def stored(local: LocalTypesense, name: str) -> dict[str, Any]:
    documents = local.store.collection("plone").documents.values()
    return next(document for document in documents if document["name"] == name)


def test_search_sends_one_request(local: LocalTypesense, machine: Machine) -> None:
    machine.settle()

    assert count_requests(local, lambda: machine.find("something")) == {"multi_search": 1}
    assert count_requests(local, lambda: machine.search.suggest("plone", "a", limit=3)) == {"multi_search": 1}


def test_first_search_exports_the_collection_once(local: LocalTypesense, machine: Machine) -> None:
    requests = count_requests(local, machine.find)

    assert requests == {"get_collection": 1, "multi_search": 2, "export": 1}


def test_later_process_uses_the_index_of_the_first(local: LocalTypesense, machines: Machines, machine: Machine) -> None:
    machine.find()
    later = machines(60 * MINUTE, folder="search-0")

    assert count_requests(local, later.find) == {"get_collection": 1, "multi_search": 1}


def test_change_is_read_without_a_full_export(local: LocalTypesense, machine: Machine) -> None:
    machine.settle()
    machine.put("a", summary="changed")

    requests = count_requests(local, lambda: machine.find("changed"))

    assert machine.find("changed") == ["a"]
    assert sum(requests.values()) <= 6


def test_index_is_rebuilt_if_most_packages_have_changed(
    local: LocalTypesense, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_source, "_MANY", 1)
    machine.settle()
    machine.put("a", "b", summary="changed")

    requests = count_requests(local, lambda: machine.find("changed"))

    assert machine.find("changed") == ["a", "b"]
    assert machine.find("something") == ["c"]
    assert requests["export"] == 3  # the numbers, the tombstones, and the whole collection


@pytest.mark.parametrize("seconds_off", [-300.0, 300.0, -86_400.0, 86_400.0])
def test_writes_of_a_machine_with_a_wrong_clock_are_found(
    machines: Machines, machine: Machine, seconds_off: float
) -> None:
    other = machines(seconds_off)
    machine.find()
    other.find()

    other.put("b", summary="by the other")
    machine.put("c", summary="by the one")
    other.put("a", summary="by the other")

    for searching in (machine, other):
        assert searching.find("other") == ["a", "b"]
        assert searching.find("one") == ["c"]


def test_write_with_a_lower_number_is_found_within_seconds(local: LocalTypesense, machine: Machine) -> None:
    """Another machine has numbered it before, and written it after the last one that was read."""
    machine.find()
    document = stored(local, "a")
    change = {"id": document["id"], "summary": "late", "written": document["written"] - 1_000_000}
    local.store.collection("plone").write(change, "update", "reject")

    machine.clock[0] += 11

    assert machine.find("late") == ["a"]


def test_deletion_without_a_tombstone_is_noticed(local: LocalTypesense, machine: Machine) -> None:
    machine.find()
    machine.clock[0] += 60 * MINUTE

    local.store.collection("plone").delete(stored(local, "b")["id"])

    assert machine.find() == ["a", "c"]


def test_deletion_and_creation_at_once_are_noticed(local: LocalTypesense, machine: Machine) -> None:
    machine.find()
    machine.clock[0] += 60 * MINUTE

    local.store.collection("plone").delete(stored(local, "b")["id"])
    machine.put("d")

    assert machine.find() == ["a", "c", "d"]


def test_restored_backup_is_noticed(local: LocalTypesense, machine: Machine) -> None:
    collection = local.store.collection("plone")
    backup = [dict(document) for document in collection.documents.values()]
    machine.clock[0] += 60 * MINUTE
    machine.put("a", "b", "c", summary="newer")
    assert machine.find("newer") == ["a", "b", "c"]

    for document in backup:
        collection.write(document, "upsert", "reject")

    assert machine.find("newer") == []
    assert machine.find("something") == ["a", "b", "c"]


def test_packages_copied_into_a_collection_are_found(machine: Machine) -> None:
    """A copy is an older content than the collection has, and a newer write."""
    machine.ports.admin.create("plone-2", build_state())
    machine.ports.admin.copy_packages("plone", "plone-2", ["a"])
    machine.clock[0] += 60 * MINUTE
    machine.put("a", "b", summary="newer")
    assert machine.find("newer") == ["a", "b"]

    machine.ports.admin.copy_packages("plone-2", "plone", ["a"])

    assert machine.find("newer") == ["b"]


def test_documents_without_a_number_are_found(local: LocalTypesense, machine: Machine) -> None:
    """An earlier version of this program has written them, to a collection that has no such field."""
    collection = local.store.collection("plone")
    collection.alter({"fields": [{"name": "written", "drop": True}]})
    for document in collection.documents.values():
        collection.write({**document, "written": None}, "emplace", "reject")

    assert machine.find() == ["a", "b", "c"]
    machine.ports.index.update("plone", {"a": DownloadFields(download_last_month=5)})
    hits = machine.search.search("plone", SearchQuery()).hits
    assert {hit.name: hit.downloads for hit in hits} == {"a": 5, "b": None, "c": None}


def test_wrong_document_count_is_compared_once(
    local: LocalTypesense, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.settle()
    collection = local.store.collection("plone")
    list_matching = collection.find
    collection.write({**stored(local, "a"), "id": "odd"}, "create", "reject")
    monkeypatch.setattr(
        collection, "find", lambda filter_by: [found for found in list_matching(filter_by) if found["id"] != "odd"]
    )
    machine.find()

    assert count_requests(local, machine.find) == {"multi_search": 1}


def test_folders_of_deleted_collections_are_removed(machine: Machine, tmp_path: Path) -> None:
    machine.find()
    machine.ports.admin.create("plone-2", build_state())
    machine.ports.admin.set_alias("plone", "plone-2")
    machine.ports.admin.drop(PLONE)
    machine.put("x")

    assert machine.find() == ["x"]
    (server,) = (tmp_path / "search-0").iterdir()
    assert {path.name for path in server.iterdir() if path.is_dir()} == {"plone-2"}
