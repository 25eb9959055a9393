"""Contract of copying enrichments to the collection that replaces another."""

import pytest

from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields, HistoryFields, RepositoryFields
from pyf.aggregator.domain.errors import NotFound
from support.builders import build_project, build_state
from support.index_engines import IndexEngine

STATE = build_state()


def write_stars(engine: IndexEngine, collection: str, stars: int) -> None:
    engine.index.update(collection, {"a": RepositoryFields(repository_stars=stars)})


def read_stars(engine: IndexEngine, collection: str) -> object:
    return engine.index.get_project_documents(collection, "a")[0].to_dict().get("repository_stars")


@pytest.fixture
def rebuilt_engine(engine: IndexEngine) -> IndexEngine:
    """Two collections: `plone-1` behind the alias, and `plone-2` that shall take its place; both hold `a`."""
    engine.admin.create("plone-1", STATE, alias="plone")
    engine.admin.create("plone-2", STATE)
    for collection in ("plone-1", "plone-2"):
        engine.index.put(collection, [build_project("a", "1.0", "2.0")])
    return engine


def test_enrichments_are_copied(rebuilt_engine: IndexEngine) -> None:
    rebuilt_engine.index.put("plone-1", [build_project("only-here")])
    rebuilt_engine.index.update("plone-1", {"only-here": RepositoryFields(repository_stars=1)})
    rebuilt_engine.index.update("plone-1", {"a": DownloadFields(download_last_day=9)})
    rebuilt_engine.index.update("plone-1", {"a": HistoryFields(history="2026-01;87,,,5")})
    write_stars(rebuilt_engine, "plone-1", stars=7)

    rebuilt_engine.admin.copy_enrichments("plone-1", "plone-2")

    found = [document.to_dict() for document in rebuilt_engine.index.get_project_documents("plone-2", "a")]
    assert [(document["repository_stars"], document["download_last_day"]) for document in found] == [(7, 9), (7, 9)]
    assert [document["history"] for document in found] == ["2026-01;87,,,5"] * 2
    assert not rebuilt_engine.index.get_project_documents("plone-2", "only-here")
    assert read_stars(rebuilt_engine, "plone-1") == 7


def test_latest_enrichment_wins(rebuilt_engine: IndexEngine) -> None:
    write_stars(rebuilt_engine, "plone-1", stars=1)
    write_stars(rebuilt_engine, "plone-2", stars=2)

    rebuilt_engine.admin.copy_enrichments("plone-1", "plone-2")
    newer_in_target = read_stars(rebuilt_engine, "plone-2")
    write_stars(rebuilt_engine, "plone-1", stars=3)
    rebuilt_engine.admin.copy_enrichments("plone-1", "plone-2")
    newer_in_source = read_stars(rebuilt_engine, "plone-2")
    write_stars(rebuilt_engine, "plone-2", stars=4)
    rebuilt_engine.admin.copy_enrichments("plone-1", "plone-2")

    assert (newer_in_target, newer_in_source, read_stars(rebuilt_engine, "plone-2")) == (2, 3, 4)


def test_score_is_not_copied(rebuilt_engine: IndexEngine) -> None:
    rebuilt_engine.index.update("plone-2", {"a": HealthFields(health_score=2)})
    rebuilt_engine.index.update("plone-1", {"a": HealthFields(health_score=1)})

    rebuilt_engine.admin.copy_enrichments("plone-1", "plone-2")

    assert rebuilt_engine.index.get_project_documents("plone-2", "a")[0].to_dict()["health_score"] == 2


def test_tombstones_are_copied_but_for_projects_that_are_back(rebuilt_engine: IndexEngine) -> None:
    gone = [Tombstone(name=name, removed_at=1, reason="gone") for name in ("b", "c")]
    rebuilt_engine.index.put("plone-1", [build_project("b"), build_project("c")])
    rebuilt_engine.index.remove("plone-1", gone)
    rebuilt_engine.index.put("plone-2", [build_project("c")])

    rebuilt_engine.admin.copy_enrichments("plone", "plone-2")

    assert [rebuilt_engine.index.get_tombstone("plone-2", name) for name in ("b", "c")] == [gone[0], None]
    assert len(rebuilt_engine.index.get_project_documents("plone-2", "c")) == 1


def test_tombstone_of_target_remains(rebuilt_engine: IndexEngine) -> None:
    for collection, removed_at in (("plone-1", 1), ("plone-2", 2)):
        rebuilt_engine.index.remove(collection, [Tombstone(name="a", removed_at=removed_at, reason="gone")])

    rebuilt_engine.admin.copy_enrichments("plone-1", "plone-2")

    assert rebuilt_engine.index.get_tombstone("plone-2", "a") == Tombstone(name="a", removed_at=2, reason="gone")


def test_thousands_are_copied(rebuilt_engine: IndexEngine) -> None:
    names = [f"project-{number}" for number in range(1100)]
    for collection in ("plone-1", "plone-2"):
        rebuilt_engine.index.put(collection, [build_project(name) for name in names])
    rebuilt_engine.index.update("plone-1", {name: RepositoryFields(repository_stars=1) for name in names})

    rebuilt_engine.admin.copy_enrichments("plone-1", "plone-2")

    exported = [document.to_dict() for document in rebuilt_engine.index.export("plone-2")]
    assert sum(document.get("repository_stars", 0) for document in exported) == 1100


def test_nothing_is_carried_between_collections_that_are_not_there(rebuilt_engine: IndexEngine) -> None:
    for source, target in (("plone-1", "nowhere"), ("nowhere", "plone-1")):
        with pytest.raises(NotFound, match="nowhere"):
            rebuilt_engine.admin.copy_enrichments(source, target)
