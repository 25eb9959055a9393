"""Build dependencies on one engine and fill collections, without a registry."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.ports import Dependencies, IndexAdmin, PackageIndex
from pyf.aggregator.testing.index import FakeApiKeys
from support.builders import build_project, build_state
from support.fake_dependencies import build_fake_dependencies
from support.index_engines import ENGINES

NOW = 1_800_000_000
TOMBSTONE = Tombstone(
    name="gone", removed_at=1_700_000_000, reason="both the JSON API and the Simple API report it as removed"
)


@contextmanager
def open_dependencies(engine: str, folder: Path) -> Iterator[Dependencies]:
    """Open dependencies with an empty index on an engine."""
    with ENGINES[engine](folder) as index_engine:
        yield build_engine_dependencies(index_engine.index, index_engine.admin)


def build_engine_dependencies(index: PackageIndex, admin: IndexAdmin) -> Dependencies:
    return build_fake_dependencies(index=index, admin=admin, keys=FakeApiKeys(admin.resolve), now=lambda: NOW)


def fill_collection(deps: Dependencies, collection: str, alias: str = "") -> None:
    """Create a collection with packages, enrichments, a tombstone and a state."""
    deps.admin.create(collection, build_state(cursor=7, cursor_confirmed_at=NOW - 7200), alias=alias)
    index = deps.index
    index.put(collection, [build_project("a", "1.0", "2.0", last_serial=5), build_project("b", "1.0")])
    index.update(collection, {"a": RepositoryFields(repository_stars=7, repository_checked=5)})
    index.update(collection, {"a": DownloadFields(download_total=9, download_history={"2026-01": 4})})
    index.update(collection, {"b": HealthFields(health_score=50, health_confidence=0.5)})
    index.remove(collection, [TOMBSTONE])


def read_collection(deps: Dependencies, collection: str) -> dict[str, object]:
    """Return everything in a collection."""
    index = deps.index
    return {
        "documents": [document.to_dict() for document in index.export(collection)],
        "tombstones": list(index.iter_tombstones(collection)),
        "state": index.get_state(collection),
    }


def list_aliases(deps: Dependencies) -> dict[str, tuple[str, ...]]:
    """Return the aliases that point to each collection."""
    return {collection.name: collection.aliases for collection in deps.admin.list_collections()}
