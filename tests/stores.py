"""Services on one engine, for use cases that move what is there: nobody outside is asked anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builders import collection_state, project_documents
from engines import ENGINES
from in_memory import in_memory
from pyf.aggregator.adapters.index.memory_keys import MemoryApiKeys
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.schema import DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.ports import IndexAdmin, PackageIndex, Services

NOW = 1_800_000_000
GONE = Tombstone(name="gone", removed_at=1_700_000_000, reason="PyPI says in two places that it is gone")


@contextmanager
def store(engine: str, folder: Path) -> Iterator[Services]:
    """Give services with an empty index on an engine."""
    with ENGINES[engine](folder) as opened:
        yield services_on(opened.index, opened.admin)


def services_on(index: PackageIndex, admin: IndexAdmin) -> Services:
    return in_memory(index=index, admin=admin, keys=MemoryApiKeys(admin.resolve), now=lambda: NOW)


def fill(services: Services, collection: str, alias: str = "") -> None:
    """Make a collection with a bit of everything: projects, other owners' fields, a tombstone and a state."""
    services.admin.create(collection, collection_state(cursor=7, cursor_set=NOW - 7200), alias=alias)
    index = services.index
    index.put(collection, [project_documents("a", "1.0", "2.0", last_serial=5), project_documents("b", "1.0")])
    index.update(collection, {"a": RepositoryFields(github_stars=7, github_checked=5)})
    index.update(collection, {"a": DownloadFields(download_total=9, download_history={"2026-01": 4})})
    index.update(collection, {"b": HealthFields(health_score=50, health_confidence=0.5)})
    index.remove(collection, [GONE])


def shown(services: Services, collection: str) -> dict[str, object]:
    """Return all that a collection holds."""
    index = services.index
    return {
        "documents": [document.as_mapping() for document in index.export(collection)],
        "tombstones": list(index.tombstones(collection)),
        "state": index.state(collection),
    }


def names(services: Services) -> dict[str, tuple[str, ...]]:
    """Return the aliases that lead to each collection."""
    return {each.name: each.aliases for each in services.admin.collections()}
