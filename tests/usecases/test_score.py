"""Scores: there from the first write, renewed as time passes, and worked out from what the index holds."""

from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.document import Document
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.domain.profile import Filter
from pyf.aggregator.domain.schema import HealthFields, RepositoryFields
from pyf.aggregator.ports import ProjectDocuments
from pyf.aggregator.usecases.explain import explain
from pyf.aggregator.usecases.score import rescore
from pyf.aggregator.usecases.target import Scope, Target
from worlds import START, World

YEAR = 365 * 86_400
STARRED = RepositoryFields(github_stars=86, github_last_commit=START, github_open_issues=1, github_closed_issues=99)


def documents(world: World, collection: str = "plone") -> list[Document]:
    return list(world.services.index.export(collection))


def health(world: World, name: str) -> HealthFields:
    (found,) = {str(d.health): d.health for d in world.services.index.documents(world.collection, name)}.values()
    assert found is not UNSET
    return found


def value(world: World, name: str) -> int:
    found = health(world, name).health_score
    assert found is not UNSET
    return found


def enrich(world: World, name: str, fields: RepositoryFields = STARRED) -> None:
    world.services.index.update("plone", {name: fields})


def old_collection(world: World) -> World:
    """Give a world whose collection was filled by a program that knew no scores."""
    world.fetch()
    index = world.services.index
    world.services.admin.create("old-1", index.state("plone"), alias="old")
    held = index.held("plone", world.names())
    index.put("old", [ProjectDocuments(name_normalized=name, documents=tuple(each)) for name, each in held.items()])
    return World(world.ecosystem, world.pypi, world.services, world.clock, world.filter, collection="old")


def test_every_document_has_a_basic_score_from_its_first_write(small: World) -> None:
    small.fetch()

    scores = [document.as_mapping() for document in documents(small)]
    assert len(scores) == 7
    assert all(0 <= each["health_score"] <= 100 for each in scores)
    assert {each["health_model"] for each in scores} == {"basic"}
    assert {"recency", "documentation", "metadata", "caps"} == set(scores[0]["health_score_breakdown"])


def test_all_releases_of_a_project_have_the_same_score(small: World) -> None:
    small.fetch()

    assert len(small.services.index.documents("plone", "plone.api")) == 3
    assert health(small, "plone.api").health_score is not UNSET


def test_the_score_is_full_once_the_repository_is_known(small: World) -> None:
    small.fetch()
    enrich(small, "plone-api")

    report = rescore(small.services, "plone", ["plone-api"])

    assert (report.found, report.enriched, report.remembered, report.requests) == (1, 1, 1, 0)
    assert health(small, "plone.api").health_model == "full"
    assert health(small, "collective.one").health_model == "basic"


def test_a_release_that_comes_after_enrichment_has_a_full_score_from_its_first_write(small: World) -> None:
    small.fetch()
    enrich(small, "plone-api")
    small.ecosystem.publish("Plone.Api", "2.1")

    report = small.changes()

    document = small.document("plone.api")
    assert (document["version"], document["github_stars"], document["health_model"]) == ("2.1", 86, "full")
    assert report.rescored == 0


def test_a_rebuilt_collection_has_full_scores_from_its_first_write(small: World) -> None:
    small.fetch()
    enrich(small, "plone-api")

    report = small.recreate()

    assert health(small, "plone.api").health_model == "full"
    assert health(small, "collective.one").health_model == "basic"
    assert report.rescored == 0


def test_a_rebuild_with_another_filter_knows_the_repositories_as_well(small: World) -> None:
    small.fetch()
    enrich(small, "plone-api")
    both = Filter(classifiers=("Framework :: Plone", "Framework :: Django"))

    small.recreate(target=Target(collection="plone", filter=both))

    assert health(small, "plone.api").health_model == "full"
    assert health(small, "django-thing").health_model == "basic"


def test_a_rebuild_brings_no_older_score_back(small: World) -> None:
    """The live collection's score was written later than the rebuilt one's, and of older documents."""
    small.fetch()
    small.services.index.update("plone", {"plone-api": HealthFields(health_score=1, health_model="of old")})

    small.recreate()

    assert health(small, "plone.api").health_model == "basic"


def test_a_quarantined_project_scores_nothing(small: World) -> None:
    small.fetch()
    small.ecosystem.quarantine("plone.api")

    small.refresh()

    assert value(small, "plone.api") == 0


def test_an_archived_project_is_capped_when_that_is_seen(small: World) -> None:
    small.fetch()
    small.ecosystem.archive("plone.api")

    small.refresh(sweep_all=True)

    breakdown = health(small, "plone.api").health_score_breakdown
    assert breakdown is not UNSET
    assert [cap["cap"] for cap in breakdown["caps"]] == ["retired"]


def test_a_refresh_renews_all_scores_because_time_has_passed(small: World) -> None:
    small.ecosystem.publish("Plone.Api", "2.2")
    small.fetch()
    before = value(small, "plone.api")
    small.clock.pass_(2 * YEAR)

    report = small.refresh()

    assert value(small, "plone.api") < before
    assert report.rescored >= 1


@pytest.mark.parametrize("options", [{"dry_run": True}, {"scope": Scope(limit=1)}])
def test_a_refresh_of_a_part_leaves_the_scores_of_the_rest(small: World, options: dict[str, Any]) -> None:
    small.ecosystem.publish("Plone.Api", "2.2")
    small.fetch()
    before = value(small, "plone.api")
    small.clock.pass_(2 * YEAR)

    report = small.refresh(**options)

    assert (report.rescored, value(small, "plone.api")) == (0, before)


def test_scoring_twice_changes_nothing_and_asks_nobody(small: World) -> None:
    small.fetch()
    small.clock.pass_(YEAR)
    rescore(small.services, "plone")
    first = [document.health for document in documents(small)]

    report = rescore(small.services, "plone")

    assert (report.action, report.found, report.enriched, report.requests) == ("score", 3, 0, 0)
    assert report.is_whole
    assert [document.health for document in documents(small)] == first


def test_a_score_is_never_worked_out_from_an_earlier_one(small: World) -> None:
    small.fetch()
    right = health(small, "plone.api")
    small.services.index.update("plone", {"plone-api": HealthFields(health_score=94, health_model="full")})

    rescore(small.services, "plone")

    assert health(small, "plone.api") == right


def test_rescoring_touches_no_other_owners_fields(small: World) -> None:
    small.fetch()
    enrich(small, "plone-api")
    before = small.document("plone.api")

    rescore(small.services, "plone")

    after = small.document("plone.api")
    assert {k: v for k, v in after.items() if not k.startswith("health_")} == {
        k: v for k, v in before.items() if not k.startswith("health_")
    }


def test_rescoring_what_is_not_there_does_nothing(small: World) -> None:
    small.fetch()

    report = rescore(small.services, "plone", ["nobody", "plone-api"])

    assert (report.found, report.enriched) == (1, 0)
    assert "no collection" in str(rescore(small.services, "nowhere").stopped_by)


@pytest.mark.parametrize("run", ["fetch", "refresh"])
def test_documents_of_an_older_program_get_their_scores_without_being_read(small: World, run: str) -> None:
    old = old_collection(small)
    assert all(document.health is UNSET for document in documents(old, "old"))

    report = getattr(old, run)()

    assert (report.rescored, report.indexed) == (3, 0)
    assert all(document.health is not UNSET for document in documents(old, "old"))


def test_thousands_are_scored_batch_by_batch(small: World) -> None:
    small.fetch()
    held = small.services.index.held("plone", ["plone-api"])["plone-api"]
    small.services.admin.create("many", CollectionState(filter=small.filter))
    many = [
        ProjectDocuments(
            name_normalized=name,
            documents=tuple(replace(e, id=f"{name}-{e.version}", name=name, name_normalized=name) for e in held),
        )
        for name in (f"p-{number}" for number in range(700))
    ]
    small.services.index.put("many", many)
    seen: list[int] = []

    report = rescore(small.services, "many", progress=lambda step, done, total: seen.append(done))

    assert (report.found, report.enriched) == (700, 700)
    assert len(seen) > 5


def explained(world: World, name: str) -> dict[str, Any]:
    return explain(world.services, Target(collection="plone"), name).as_mapping()


def test_an_explanation_is_of_now_and_says_what_the_index_holds(small: World) -> None:
    small.ecosystem.publish("Plone.Api", "2.2")
    small.fetch()
    before = value(small, "plone.api")
    small.clock.pass_(2 * YEAR)

    told = explained(small, "PLONE_api")

    assert (told["name"], told["version"], told["stored_health_score"]) == ("Plone.Api", "2.2", before)
    assert told["health_score"] < before
    assert value(small, "plone.api") == before


def test_an_explanation_of_what_was_just_written_is_what_was_written(small: World) -> None:
    small.fetch()

    told, stored = explained(small, "plone.api"), health(small, "plone.api")

    assert told["health_score"] == told["stored_health_score"] == stored.health_score
    assert told["health_score_breakdown"] == stored.health_score_breakdown


def test_what_is_not_there_is_not_explained(small: World) -> None:
    small.fetch()

    with pytest.raises(NotFound, match="nobody is not in the collection plone"):
        explained(small, "nobody")
