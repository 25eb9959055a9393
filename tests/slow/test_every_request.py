"""Dying before any request that changes something on a server costs nothing; `test_every_step` does so to a file.

There are no transactions here. What a death leaves half-written the next run finds, and clients of the alias see only
whole collections while one is rebuilt.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

import older
from pyf.aggregator.adapters.index import typesense
from pyf.aggregator.adapters.index.typesense import Server
from pyf.aggregator.adapters.index.typesense.leases import COLLECTION as LEASES
from pyf.aggregator.adapters.memory_caches import MemoryRenderCache, MemoryVerdictStore
from pyf.aggregator.adapters.rendering_inline import InlineRenderer
from pyf.aggregator.bootstrap import open_services
from pyf.aggregator.ports import Services
from pyf.aggregator.sample.services import LocalPyPI
from pyf.aggregator.usecases.recreate_copy import recreate_copy
from pyf.aggregator.usecases.target import Target, clear_leftovers
from slow.contents import collections, contents
from slow.mortal import Death
from slow.tiny import LEAVING, TINY, due, let_things_happen, run, tiny_ecosystem
from stores import fill, names, services_on, shown
from typesense_double import ADMIN_KEY, LocalTypesense, Store
from worlds import Clock, World, quick

CLOCK = Clock()
ALL = pytest.param(1, marks=pytest.mark.slow, id="each")


_CHANGE_NOTHING = ("/multi_search", "/health")


class MortalServer(Server):
    """Dies instead of sending the request number `lives` + 1 of those that change something."""

    def __init__(self, url: str, lives: int | None) -> None:
        super().__init__([url], ADMIN_KEY, patience=1, event_hooks={"request": [self._live]})
        self._left = lives

    def _live(self, request: httpx.Request) -> None:
        if self._left is None or (request.method == "GET" and self._left > 0) or request.url.path in _CHANGE_NOTHING:
            return
        if self._left == 0:
            raise Death
        self._left -= 1


@contextmanager
def tiny_world(pypi: LocalPyPI, store: Store, folder: Path, *, lives: int | None = None) -> Iterator[World]:
    """Give a world on a server that holds what is in a store."""
    settings = quick(pypi, folder, pypi_batch_size=1)
    with LocalTypesense(store) as service, open_services(settings) as services:
        server = MortalServer(service.url, lives)
        ports = typesense.on(server)
        try:
            services = replace(
                services,
                index=ports.index,
                admin=ports.admin,
                verdicts=MemoryVerdictStore(),
                renderer=InlineRenderer(MemoryRenderCache()),
                now=CLOCK,
            )
            yield World(pypi.ecosystem, pypi, services, CLOCK, TINY, "tiny")
        finally:
            server.close()


@pytest.fixture
def pypi() -> Iterator[LocalPyPI]:
    with LocalPyPI(tiny_ecosystem(CLOCK)) as pypi:
        yield pypi


@pytest.fixture
def filled(pypi: LocalPyPI, tmp_path: Path) -> Store:
    """A server with an index of the registry, which has changed since."""
    store = Store()
    with tiny_world(pypi, store, tmp_path) as world:
        world.fetch()
    let_things_happen(pypi.ecosystem)
    return store


def deaths(pypi: LocalPyPI, store: Store, folder: Path, use: str, stride: int) -> Iterator[Store]:
    """Yield what the server holds after deaths of a run, the first one before its first change."""
    lives, has_died = 0, True
    while has_died:
        dead = deepcopy(store)
        try:
            with tiny_world(pypi, dead, folder, lives=lives) as mortal:
                run(mortal, use)
            has_died = False
        except Death:
            lives += stride
        # The lease of a process that is gone, which this one is not: `test_typesense_leases` has such.
        dead.collections.pop(LEASES, None)
        yield dead
    assert lives > 10


def undisturbed(pypi: LocalPyPI, store: Store, folder: Path, use: str) -> dict[str, Any]:
    with tiny_world(pypi, deepcopy(store), folder) as world:
        assert run(world, use).is_whole
        assert world.held() == due(world, use)
        return contents(world.services.index, "tiny", LEAVING)


@pytest.mark.parametrize("stride", [pytest.param(9, id="some"), ALL])
def test_a_first_fetch_that_dies_at_any_request_is_completed_by_the_next(
    pypi: LocalPyPI, tmp_path: Path, stride: int
) -> None:
    wanted = undisturbed(pypi, Store(), tmp_path, "fetch")

    for store in deaths(pypi, Store(), tmp_path, "fetch", stride):
        with tiny_world(pypi, store, tmp_path) as world:
            assert run(world, "fetch").is_whole
            assert contents(world.services.index, "tiny", LEAVING) == wanted
            assert collections(world.services.admin) == {"tiny-1": ("tiny",)}


@pytest.mark.slow
@pytest.mark.parametrize("use", ["changes", "refresh"])
def test_the_next_run_after_any_death_gives_what_an_undisturbed_one_gives(
    use: str, pypi: LocalPyPI, filled: Store, tmp_path: Path
) -> None:
    wanted = undisturbed(pypi, filled, tmp_path, use)
    with tiny_world(pypi, deepcopy(filled), tmp_path) as world:
        cursor = world.services.index.state("tiny").cursor

    for store in deaths(pypi, filled, tmp_path, use, 1):
        with tiny_world(pypi, store, tmp_path) as world:
            if world.services.index.state("tiny").cursor != cursor:
                assert world.held() == due(world, use)
            assert run(world, use).is_whole
            assert contents(world.services.index, "tiny", LEAVING) == wanted


@pytest.mark.parametrize("stride", [pytest.param(11, id="some"), ALL])
def test_a_rebuild_that_dies_at_any_request_leaves_a_complete_collection_and_is_completed_by_the_next(
    pypi: LocalPyPI, filled: Store, tmp_path: Path, stride: int
) -> None:
    wanted = undisturbed(pypi, filled, tmp_path, "recreate")
    with tiny_world(pypi, deepcopy(filled), tmp_path) as world:
        complete = world.held(), due(world, "recreate")

    for store in deaths(pypi, filled, tmp_path, "recreate", stride):
        with tiny_world(pypi, store, tmp_path) as world:
            assert world.held() in complete
            assert run(world, "recreate").is_whole
            assert contents(world.services.index, "tiny", LEAVING) == wanted
            ((_, aliases),) = collections(world.services.admin).items()
            assert aliases == ("tiny",)


@pytest.mark.parametrize(
    ("alias", "stride"),
    [
        pytest.param("", 17, id="some"),
        pytest.param("", 1, id="each", marks=pytest.mark.slow),
        pytest.param("tiny", 1, id="each-behind-an-alias", marks=pytest.mark.slow),
    ],
)
def test_taking_over_an_older_programs_collection_may_die_at_any_request(
    pypi: LocalPyPI, tmp_path: Path, alias: str, stride: int
) -> None:
    """What it has found out is never lost, and only where it bears the name itself that leads nowhere for a moment."""
    filled = Store()
    documents = [{"id": "Tiny.One-None", "name": "Tiny.One", "version": "None", "github_stars": 7}]
    documents += [{"id": f"tiny-{name}-1.0", "name": f"tiny-{name}", "version": "1.0"} for name in ("one", "two", "no")]
    older.make(filled, "packages1" if alias else "tiny", alias=alias, documents=documents)
    with tiny_world(pypi, deepcopy(filled), tmp_path) as world:
        assert run(world, "recreate").is_whole
        wanted = contents(world.services.index, "tiny", ("tiny-no",))

    for store in deaths(pypi, filled, tmp_path, "recreate", stride):
        found = store.collections.get("tiny") or store.collections.get(store.aliases.get("tiny", ""))
        assert found or not alias
        # Either one is complete, and the one that is about to take the name up, too.
        whole = found or next(each for each in store.collections.values() if each.name.startswith("tiny-"))
        stars = [document["github_stars"] for document in whole.documents.values() if "github_stars" in document]
        assert stars in ([7], [7, 7])
        with tiny_world(pypi, store, tmp_path) as world:
            assert run(world, "recreate").is_whole
            assert contents(world.services.index, "tiny", ("tiny-no",)) == wanted
            assert list(collections(world.services.admin).values()) == [("tiny",)]


@contextmanager
def nothing_but(store: Store, *, lives: int | None = None) -> Iterator[Services]:
    """Give services on a server that holds what is in a store; nobody else is there to be asked."""
    with LocalTypesense(store) as service, closing(MortalServer(service.url, lives)) as server:
        ports = typesense.on(server)
        yield services_on(ports.index, ports.admin)


@pytest.mark.parametrize("collection", ["plone-1", "plone"])
@pytest.mark.parametrize("stride", [pytest.param(7, id="some"), ALL])
def test_a_copy_that_dies_at_any_request_loses_nothing_and_is_completed_by_the_next(
    collection: str, stride: int
) -> None:
    """Where the collection bears the name itself it leads nowhere for a moment; the copy is whole then."""
    filled, plone = Store(), Target(collection="plone")
    with nothing_but(filled) as services:
        fill(services, collection, alias="packages")
        if collection != "plone":
            services.admin.point("plone", collection)
        wanted = shown(services, "plone")
    lives, has_died, gaps = 0, True, 0

    while has_died:
        store = deepcopy(filled)
        try:
            with nothing_but(store, lives=lives) as services:
                recreate_copy(services, plone)
            has_died = False
        except Death:
            lives += stride
        store.collections.pop(LEASES, None)
        with nothing_but(store) as services:
            if services.admin.resolve("plone") is None:
                gaps += 1
                clear_leftovers(services, "plone")
            for name in ("plone", "packages"):
                seen = shown(services, name)
                assert (seen["documents"], seen["tombstones"]) == (wanted["documents"], wanted["tombstones"])
            assert recreate_copy(services, plone).is_whole
            assert shown(services, "plone") == shown(services, "packages") == wanted
            ((_, aliases),) = names(services).items()
            assert aliases == ("packages", "plone")

    assert lives > 10
    assert bool(gaps) <= (collection == "plone")
