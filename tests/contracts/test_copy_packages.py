"""Contract of copying packages: the copy is equal, including the fields of all owners."""

import pytest
from msgspec.structs import replace

from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.document import Enrichments
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields, RepositoryFields
from support.builders import build_project, build_state
from support.index_engines import IndexEngine

STATE = build_state()


@pytest.fixture
def two(engine: IndexEngine) -> IndexEngine:
    """A collection with two packages, one of them enriched, and an empty one."""
    engine.admin.create("plone-1", STATE)
    engine.admin.create("plone-2", STATE)
    engine.index.put("plone-1", [build_project("a", "1.0", "2.0"), build_project("b", "1.0")])
    engine.index.update("plone-1", {"a": RepositoryFields(repository_stars=7)})
    engine.index.update("plone-1", {"a": HealthFields(health_score=50)})
    return engine


def exported(engine: IndexEngine, collection: str) -> list[dict[str, object]]:
    return [document.to_dict() for document in engine.index.export(collection)]


def test_copied_package_equals_original(two: IndexEngine) -> None:
    assert not two.admin.copy_packages("plone-1", "plone-2", ["a", "b"])

    assert exported(two, "plone-2") == exported(two, "plone-1")
    assert two.index.read_fingerprints("plone-2") == two.index.read_fingerprints("plone-1")


def test_copy_replaces_stored_package(two: IndexEngine) -> None:
    two.index.put("plone-2", [build_project("a", "0.9"), build_project("c", "1.0")])
    two.index.remove("plone-2", [Tombstone(name="b", removed_at=1, reason="gone")])

    two.admin.copy_packages("plone-1", "plone-2", ["a", "b", "c"])

    assert exported(two, "plone-2") == exported(two, "plone-1")
    assert two.index.get_tombstone("plone-2", "b") is None


def test_other_packages_stay_as_they_are(two: IndexEngine) -> None:
    two.index.put("plone-2", [build_project("c", "1.0")])

    two.admin.copy_packages("plone-1", "plone-2", ["b"])

    assert sorted(two.index.read_fingerprints("plone-2")) == ["b", "c"]


def test_latest_enrichment_wins_after_copy(two: IndexEngine) -> None:
    two.admin.copy_packages("plone-1", "plone-2", ["a"])
    two.index.update("plone-1", {"a": RepositoryFields(repository_stars=8)})
    two.admin.copy_enrichments("plone-1", "plone-2")
    assert exported(two, "plone-2")[0]["repository_stars"] == 8

    two.admin.copy_packages("plone-1", "plone-2", ["a"])
    two.index.update("plone-2", {"a": RepositoryFields(repository_stars=9)})
    two.admin.copy_enrichments("plone-1", "plone-2")
    assert exported(two, "plone-2")[0]["repository_stars"] == 9


def test_changing_writes_change_fingerprint(two: IndexEngine) -> None:
    seen = [two.index.read_fingerprints("plone-1")["a"]]
    two.index.update("plone-1", {"a": DownloadFields(download_last_day=1)})
    seen.append(two.index.read_fingerprints("plone-1")["a"])
    two.index.put("plone-1", [build_project("a", "1.0", "3.0")])
    seen.append(two.index.read_fingerprints("plone-1")["a"])

    assert len(set(seen)) == 3


def test_tombstones_of_packages_that_are_there_are_not_copied(two: IndexEngine) -> None:
    stones = [Tombstone(name=name, removed_at=1, reason="gone") for name in ("a", "x")]
    two.index.remove("plone-1", stones)
    two.index.put("plone-2", [build_project("a", "1.0")])

    two.admin.copy_tombstones("plone-1", "plone-2")

    assert list(two.index.iter_tombstones("plone-2")) == [stones[1]]


def test_initial_fields_fill_only_empty_owners(engine: IndexEngine) -> None:
    engine.admin.create("plone-1", STATE)
    initial = Enrichments(
        repository=RepositoryFields(repository_stars=1), downloads=DownloadFields(download_last_day=2)
    )
    package = replace(build_project("a", "1.0", "2.0"), initial=initial)
    engine.index.put("plone-1", [build_project("a", "1.0")])
    engine.index.update("plone-1", {"a": RepositoryFields(repository_stars=7)})

    engine.index.put("plone-1", [package])

    for document in exported(engine, "plone-1"):
        assert (document["repository_stars"], document["download_last_day"]) == (7, 2)
