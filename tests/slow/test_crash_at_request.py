"""Crash a run before any request that changes the server; `test_crash_at_write` does the same with a file.

There are no transactions. The next run completes what a crash left, and clients of the alias see only complete
collections during a rebuild.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from pyf.aggregator.adapters import typesense
from pyf.aggregator.adapters.typesense import Server
from pyf.aggregator.adapters.typesense.leases import LEASES_COLLECTION as LEASES
from pyf.aggregator.bootstrap import open_dependencies
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.testing.caches import FakeMembershipCache, FakeRenderCache
from pyf.aggregator.testing.enrichment import InlineRenderer
from pyf.aggregator.usecases.collections.leftovers import clear_leftovers
from pyf.aggregator.usecases.collections.rebuild import rebuild_from_copy
from pyf.aggregator.usecases.collections.target import Target
from support import legacy_collection
from support.filled_collections import build_engine_dependencies, fill_collection, list_aliases, read_collection
from support.registry_world import Clock, World, build_fast_settings
from support.slow.crashing_database import ProcessDeath
from support.slow.index_contents import read_contents
from support.slow.tiny_registry import (
    REMOVED_NAMES,
    TINY_FILTER,
    build_expected,
    build_tiny_registry,
    change_registry,
    run_use_case,
)
from support.typesense_fake import ADMIN_KEY, LocalTypesense, Store, open_store

CLOCK = Clock()
ALL = pytest.param(1, marks=pytest.mark.slow, id="each")


_CHANGE_NOTHING = ("/multi_search", "/health")


class CrashingServer(Server):
    """Raises `ProcessDeath` instead of sending changing request number `lives` + 1."""

    def __init__(self, url: str, lives: int | None) -> None:
        super().__init__([url], ADMIN_KEY, retry_timeout=1, event_hooks={"request": [self._crash_if_due]})
        self._left = lives

    def _crash_if_due(self, request: httpx.Request) -> None:
        if self._left is None or (request.method == "GET" and self._left > 0) or request.url.path in _CHANGE_NOTHING:
            return
        if self._left == 0:
            raise ProcessDeath
        self._left -= 1


@contextmanager
def open_tiny_world(pypi: LocalPyPI, store: Store, folder: Path, *, lives: int | None = None) -> Iterator[World]:
    """Open a world on a server with the contents of a store."""
    settings = build_fast_settings(pypi, folder, pypi_batch_size=1)
    with LocalTypesense(store) as service, open_dependencies(settings) as deps:
        server = CrashingServer(service.url, lives)
        ports = typesense.build_ports(server)
        try:
            deps = replace(
                deps,
                index=ports.index,
                admin=ports.admin,
                membership_cache=FakeMembershipCache(),
                renderer=InlineRenderer(FakeRenderCache()),
                now=CLOCK,
            )
            yield World(pypi.registry, pypi, deps, CLOCK, TINY_FILTER, "tiny")
        finally:
            server.close()


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    with LocalPyPI(build_tiny_registry(CLOCK)) as pypi:
        yield pypi


@pytest.fixture
def filled_store(pypi: LocalPyPI, tmp_path: Path) -> Store:
    """A server with an index of the registry, which has changed since."""
    store = open_store()
    with open_tiny_world(pypi, store, tmp_path) as world:
        world.fetch()
    change_registry(pypi.registry)
    return store


def iter_crashes(pypi: LocalPyPI, store: Store, folder: Path, use: str, stride: int) -> Iterator[Store]:
    """Yield the contents of the server after each crash; the first crash is before the first change."""
    lives, has_died = 0, True
    while has_died:
        crashed_store = deepcopy(store)
        try:
            with open_tiny_world(pypi, crashed_store, folder, lives=lives) as crashing_world:
                run_use_case(crashing_world, use)
            has_died = False
        except ProcessDeath:
            lives += stride
        # Its lease belongs to this process, which is alive; the tests of leases cover dead ones.
        crashed_store.discard(LEASES)
        yield crashed_store
    assert lives > 10


def read_baseline(pypi: LocalPyPI, store: Store, folder: Path, use: str) -> dict[str, Any]:
    with open_tiny_world(pypi, deepcopy(store), folder) as world:
        assert run_use_case(world, use).is_complete
        assert world.stored() == build_expected(world, use)
        return read_contents(world.deps.index, "tiny", REMOVED_NAMES)


@pytest.mark.parametrize("stride", [pytest.param(9, id="some"), ALL])
def test_first_fetch_crash_at_any_request(pypi: LocalPyPI, tmp_path: Path, stride: int) -> None:
    expected = read_baseline(pypi, open_store(), tmp_path, "fetch")

    for store in iter_crashes(pypi, open_store(), tmp_path, "fetch", stride):
        with open_tiny_world(pypi, store, tmp_path) as world:
            assert run_use_case(world, "fetch").is_complete
            assert read_contents(world.deps.index, "tiny", REMOVED_NAMES) == expected
            assert list_aliases(world.deps) == {"tiny-1": ("tiny",)}


@pytest.mark.parametrize("stride", [pytest.param(9, id="some"), ALL])
@pytest.mark.parametrize("use", ["changes", "refresh"])
def test_crash_at_any_request_then_run_equals_baseline(
    use: str, stride: int, pypi: LocalPyPI, filled_store: Store, tmp_path: Path
) -> None:
    expected = read_baseline(pypi, filled_store, tmp_path, use)
    with open_tiny_world(pypi, deepcopy(filled_store), tmp_path) as world:
        cursor = world.deps.index.get_state("tiny").cursor

    for store in iter_crashes(pypi, filled_store, tmp_path, use, stride):
        with open_tiny_world(pypi, store, tmp_path) as world:
            if world.deps.index.get_state("tiny").cursor != cursor:
                assert world.stored() == build_expected(world, use)
            assert run_use_case(world, use).is_complete
            assert read_contents(world.deps.index, "tiny", REMOVED_NAMES) == expected


@pytest.mark.parametrize("stride", [pytest.param(11, id="some"), ALL])
def test_rebuild_crash_at_any_request(pypi: LocalPyPI, filled_store: Store, tmp_path: Path, stride: int) -> None:
    expected = read_baseline(pypi, filled_store, tmp_path, "recreate")
    with open_tiny_world(pypi, deepcopy(filled_store), tmp_path) as world:
        complete = world.stored(), build_expected(world, "recreate")

    for store in iter_crashes(pypi, filled_store, tmp_path, "recreate", stride):
        with open_tiny_world(pypi, store, tmp_path) as world:
            assert world.stored() in complete
            assert run_use_case(world, "recreate").is_complete
            assert read_contents(world.deps.index, "tiny", REMOVED_NAMES) == expected
            ((_, aliases),) = list_aliases(world.deps).items()
            assert aliases == ("tiny",)


@pytest.mark.parametrize(
    ("alias", "stride"),
    [
        pytest.param("", 17, id="some"),
        pytest.param("", 1, id="each", marks=pytest.mark.slow),
        pytest.param("tiny", 1, id="each-behind-an-alias", marks=pytest.mark.slow),
    ],
)
def test_legacy_takeover_crash_at_any_request(pypi: LocalPyPI, tmp_path: Path, alias: str, stride: int) -> None:
    """Enrichments are never lost; the name leads nowhere for a moment only if it is the collection itself."""
    filled = open_store()
    documents = [{"id": "Tiny.One-None", "name": "Tiny.One", "version": "None", "repository_stars": 7}]
    documents += [{"id": f"tiny-{name}-1.0", "name": f"tiny-{name}", "version": "1.0"} for name in ("one", "two", "no")]
    legacy_collection.create_legacy_collection(
        filled, "packages1" if alias else "tiny", alias=alias, documents=documents
    )
    with open_tiny_world(pypi, deepcopy(filled), tmp_path) as world:
        assert run_use_case(world, "recreate").is_complete
        expected = read_contents(world.deps.index, "tiny", ("tiny-no",))

    for store in iter_crashes(pypi, filled, tmp_path, "recreate", stride):
        aliased = store.collections.get("tiny") or store.collections.get(store.aliases.get("tiny", ""))
        assert aliased or not alias
        # Each is complete, and so is the one that gets the name next.
        complete = aliased or next(
            collection for collection in store.collections.values() if collection.name.startswith("tiny-")
        )
        stars = [
            document["repository_stars"] for document in complete.documents.values() if "repository_stars" in document
        ]
        assert stars in ([7], [7, 7])
        with open_tiny_world(pypi, store, tmp_path) as world:
            assert run_use_case(world, "recreate").is_complete
            assert read_contents(world.deps.index, "tiny", ("tiny-no",)) == expected
            assert list(list_aliases(world.deps).values()) == [("tiny",)]


@contextmanager
def open_fake_server(store: Store, *, lives: int | None = None) -> Iterator[Dependencies]:
    """Open dependencies on a server with the contents of a store, without a registry."""
    with LocalTypesense(store) as service, closing(CrashingServer(service.url, lives)) as server:
        ports = typesense.build_ports(server)
        yield build_engine_dependencies(ports.index, ports.admin)


@pytest.mark.parametrize("collection", ["plone-1", "plone"])
@pytest.mark.parametrize("stride", [pytest.param(7, id="some"), ALL])
def test_copy_crash_at_any_request(collection: str, stride: int) -> None:
    """If the name is the collection itself it leads nowhere for a moment; then the copy is complete."""
    filled, plone = open_store(), Target(collection="plone")
    with open_fake_server(filled) as deps:
        fill_collection(deps, collection, alias="packages")
        if collection != "plone":
            deps.admin.set_alias("plone", collection)
        expected = read_collection(deps, "plone")
    lives, has_died, gaps = 0, True, 0

    while has_died:
        store = deepcopy(filled)
        try:
            with open_fake_server(store, lives=lives) as deps:
                rebuild_from_copy(deps, plone)
            has_died = False
        except ProcessDeath:
            lives += stride
        store.discard(LEASES)
        with open_fake_server(store) as deps:
            if deps.admin.resolve("plone") is None:
                gaps += 1
                clear_leftovers(deps, "plone")
            for name in ("plone", "packages"):
                stored = read_collection(deps, name)
                assert (stored["documents"], stored["tombstones"]) == (expected["documents"], expected["tombstones"])
            assert rebuild_from_copy(deps, plone).is_complete
            assert read_collection(deps, "plone") == read_collection(deps, "packages") == expected
            ((_, aliases),) = list_aliases(deps).items()
            assert aliases == ("packages", "plone")

    assert lives > 10
    assert bool(gaps) <= (collection == "plone")
