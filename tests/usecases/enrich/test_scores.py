"""Scores are computed with the first write, renewed over time, and derived from the index."""

from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.documents.document import Document
from pyf.aggregator.domain.documents.schema import HealthFields, RepositoryFields
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.ports import ProjectDocuments
from pyf.aggregator.usecases.collections.target import Scope, Target
from pyf.aggregator.usecases.enrich.scores import rescore_collection
from pyf.aggregator.usecases.read.explanation import explain_score
from support.registry_world import START, World

YEAR = 365 * 86_400
STARRED = RepositoryFields(
    repository_stars=86, repository_last_commit=START, repository_open_issues=1, repository_closed_issues=99
)


def read_documents(world: World, collection: str = "plone") -> list[Document]:
    return list(world.deps.index.export(collection))


def read_health(world: World, name: str) -> HealthFields:
    (fields,) = {
        str(d.health): d.health for d in world.deps.index.get_project_documents(world.collection, name)
    }.values()
    assert fields is not UNSET
    return fields


def read_score(world: World, name: str) -> int:
    score = read_health(world, name).health_score
    assert score is not UNSET
    return score


def write_enrichment(world: World, name: str, fields: RepositoryFields = STARRED) -> None:
    world.deps.index.update("plone", {name: fields})


def create_old_collection(world: World) -> World:
    """Give a world whose collection was filled by a program that knew no scores."""
    world.fetch()
    index = world.deps.index
    world.deps.admin.create("old-1", index.get_state("plone"), alias="old")
    stored_documents = index.get_documents("plone", world.names())
    index.put(
        "old",
        [
            ProjectDocuments(name_normalized=name, documents=tuple(project_documents))
            for name, project_documents in stored_documents.items()
        ],
    )
    return World(world.fake_registry, world.pypi, world.deps, world.clock, world.filter, collection="old")


def test_first_write_has_basic_score(small: World) -> None:
    small.fetch()

    scores = [document.to_dict() for document in read_documents(small)]
    assert len(scores) == 7
    assert all(0 <= written_document["health_score"] <= 100 for written_document in scores)
    assert {each["health_model"] for each in scores} == {"basic"}
    assert {"recency", "documentation", "metadata", "caps"} == set(scores[0]["health_score_breakdown"])


def test_releases_share_score(small: World) -> None:
    small.fetch()

    assert len(small.deps.index.get_project_documents("plone", "plone.api")) == 3
    assert read_health(small, "plone.api").health_score is not UNSET


def test_score_is_full_with_repository(small: World) -> None:
    small.fetch()
    write_enrichment(small, "plone-api")

    report = rescore_collection(small.deps, "plone", ["plone-api"])

    assert (report.found, report.enriched, report.cached, report.requests) == (1, 1, 1, 0)
    assert read_health(small, "plone.api").health_model == "full"
    assert read_health(small, "collective.one").health_model == "basic"


def test_later_release_has_full_score(small: World) -> None:
    small.fetch()
    write_enrichment(small, "plone-api")
    small.fake_registry.publish("Plone.Api", "2.1")

    report = small.changes()

    document = small.document("plone.api")
    assert (document["version"], document["repository_stars"], document["health_model"]) == ("2.1", 86, "full")
    assert report.rescored == 0


def test_rebuild_has_full_scores(small: World) -> None:
    small.fetch()
    write_enrichment(small, "plone-api")

    report = small.recreate()

    assert read_health(small, "plone.api").health_model == "full"
    assert read_health(small, "collective.one").health_model == "basic"
    assert report.rescored == 0


def test_rebuild_with_other_filter_has_full_scores(small: World) -> None:
    small.fetch()
    write_enrichment(small, "plone-api")
    both = Filter(classifiers=("Framework :: Plone", "Framework :: Django"))

    small.recreate(target=Target(collection="plone", filter=both))

    assert read_health(small, "plone.api").health_model == "full"
    assert read_health(small, "django-blog").health_model == "basic"


def test_rebuild_keeps_no_old_score(small: World) -> None:
    """The live collection's score was written later than the rebuilt one's, and of older documents."""
    small.fetch()
    small.deps.index.update("plone", {"plone-api": HealthFields(health_score=1, health_model="of old")})

    small.recreate()

    assert read_health(small, "plone.api").health_model == "basic"


def test_quarantined_package_scores_zero(small: World) -> None:
    small.fetch()
    small.fake_registry.quarantine("plone.api")

    small.refresh()

    assert read_score(small, "plone.api") == 0


def test_archived_package_is_capped(small: World) -> None:
    small.fetch()
    small.fake_registry.archive("plone.api")

    small.refresh(sweep_all=True)

    breakdown = read_health(small, "plone.api").health_score_breakdown
    assert breakdown is not UNSET
    assert [cap["cap"] for cap in breakdown["caps"]] == ["retired"]


def test_refresh_updates_all_scores(small: World) -> None:
    small.fake_registry.publish("Plone.Api", "2.2")
    small.fetch()
    before = read_score(small, "plone.api")
    small.clock.advance(2 * YEAR)

    report = small.refresh()

    assert read_score(small, "plone.api") < before
    assert report.rescored >= 1


@pytest.mark.parametrize("options", [{"dry_run": True}, {"scope": Scope(limit=1)}])
def test_restricted_refresh_keeps_scores(small: World, options: dict[str, Any]) -> None:
    small.fake_registry.publish("Plone.Api", "2.2")
    small.fetch()
    before = read_score(small, "plone.api")
    small.clock.advance(2 * YEAR)

    report = small.refresh(**options)

    assert (report.rescored, read_score(small, "plone.api")) == (0, before)


def test_rescore_is_idempotent(small: World) -> None:
    small.fetch()
    small.clock.advance(YEAR)
    rescore_collection(small.deps, "plone")
    first = [document.health for document in read_documents(small)]

    report = rescore_collection(small.deps, "plone")

    assert (report.action, report.found, report.enriched, report.requests) == ("score", 3, 0, 0)
    assert report.is_complete
    assert [document.health for document in read_documents(small)] == first


def test_score_ignores_earlier_score(small: World) -> None:
    small.fetch()
    right = read_health(small, "plone.api")
    small.deps.index.update("plone", {"plone-api": HealthFields(health_score=94, health_model="full")})

    rescore_collection(small.deps, "plone")

    assert read_health(small, "plone.api") == right


def test_rescore_keeps_other_fields(small: World) -> None:
    small.fetch()
    write_enrichment(small, "plone-api")
    before = small.document("plone.api")

    rescore_collection(small.deps, "plone")

    after = small.document("plone.api")
    derived = ("health_", "history")
    assert {k: v for k, v in after.items() if not k.startswith(derived)} == {
        k: v for k, v in before.items() if not k.startswith(derived)
    }


def test_rescore_of_missing_package(small: World) -> None:
    small.fetch()

    report = rescore_collection(small.deps, "plone", ["nobody", "plone-api"])

    assert (report.found, report.enriched) == (1, 0)
    assert "no collection" in str(rescore_collection(small.deps, "nowhere").error)


@pytest.mark.parametrize("run", ["fetch", "refresh"])
def test_missing_scores_are_added_without_reading(small: World, run: str) -> None:
    old = create_old_collection(small)
    assert all(document.health is UNSET for document in read_documents(old, "old"))

    report = getattr(old, run)()

    assert (report.rescored, report.indexed) == (3, 0)
    assert all(document.health is not UNSET for document in read_documents(old, "old"))


def test_rescore_batches(small: World) -> None:
    small.fetch()
    template_documents = small.deps.index.get_documents("plone", ["plone-api"])["plone-api"]
    small.deps.admin.create("many", CollectionState(filter=small.filter))
    many = [
        ProjectDocuments(
            name_normalized=name,
            documents=tuple(
                replace(e, id=f"{name}-{e.version}", name=name, name_normalized=name) for e in template_documents
            ),
        )
        for name in (f"p-{number}" for number in range(1000))
    ]
    small.deps.index.put("many", many)
    seen: list[int] = []

    report = rescore_collection(small.deps, "many", progress=lambda step, done, total: seen.append(done))

    assert (report.found, report.enriched) == (1000, 1000)
    assert len(seen) > 5


def explain_project(world: World, name: str) -> dict[str, Any]:
    return explain_score(world.deps, Target(collection="plone"), name).to_dict()


def test_explain_score_shows_current_and_stored(small: World) -> None:
    small.fake_registry.publish("Plone.Api", "2.2")
    small.fetch()
    before = read_score(small, "plone.api")
    small.clock.advance(2 * YEAR)

    explanation = explain_project(small, "PLONE_api")

    assert (explanation["name"], explanation["version"], explanation["stored_health_score"]) == (
        "Plone.Api",
        "2.2",
        before,
    )
    assert explanation["health_score"] < before
    assert read_score(small, "plone.api") == before


def test_explain_score_equals_stored_score(small: World) -> None:
    small.fetch()

    explanation, stored = explain_project(small, "plone.api"), read_health(small, "plone.api")

    assert explanation["health_score"] == explanation["stored_health_score"] == stored.health_score
    assert explanation["health_score_breakdown"] == stored.health_score_breakdown


def test_explain_score_of_missing_package(small: World) -> None:
    small.fetch()

    with pytest.raises(NotFound, match="nobody is not in the collection plone"):
        explain_project(small, "nobody")
