"""A collection that an older program of this schema has made on a server is taken over by one rebuild."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.expand import expanded
from pyf.aggregator.usecases.naming import add_alias, delete_collection
from pyf.aggregator.usecases.target import Target
from typesense_double import LocalTypesense
from usecases.conftest import PROJECTS
from worlds import Clock, World, of_server, world

SCHEMA = {
    "name": "packages1",
    "fields": [
        {"name": "name", "type": "string", "facet": True},
        {"name": "name_sortable", "type": "string", "facet": True, "sort": True},
        {"name": "version", "type": "string", "facet": True},
        {"name": "upload_timestamp", "type": "int64"},
        {"name": "github_stars", "type": "int32", "optional": True},
    ],
}

# One project under two spellings, one without a version, one that PyPI does not know.
OLD = {
    "Plone.Api-1.0": "Plone.Api",
    "plone-api-1.0": "plone-api",
    "collective.one-None": "collective.one",
    "gone-1": "gone",
}


@pytest.fixture
def server() -> Iterator[LocalTypesense]:
    with LocalTypesense() as server:
        old = server.store.create(dict(SCHEMA))
        for identifier, name in OLD.items():
            document = {"id": identifier, "name": name, "name_sortable": name, "version": "1.0", "upload_timestamp": 0}
            old.write({**document, "github_stars": 7}, "create", "reject")
        yield server


@pytest.fixture
def taken_over(server: LocalTypesense, tmp_path: Path) -> Iterator[World]:
    clock = Clock()
    with world(Ecosystem(expanded(PROJECTS), clock=clock), tmp_path, clock=clock, **of_server(server)) as made:
        yield made


def test_a_rebuild_takes_it_over(server: LocalTypesense, taken_over: World) -> None:
    server.store.point("plone", {"collection_name": "packages1"})

    report = taken_over.recreate()

    assert report.is_whole, report
    assert taken_over.held() == taken_over.due()
    assert taken_over.document("plone.api")["github_stars"] == 7
    assert [(each.name, each.aliases) for each in taken_over.services.admin.collections()] == [("plone-1", ("plone",))]


def test_no_other_run_touches_it(server: LocalTypesense, taken_over: World) -> None:
    """It remembers no filter, by which every project of it would have to leave."""
    server.store.point("plone", {"collection_name": "packages1"})

    for run in (taken_over.fetch, taken_over.changes, taken_over.refresh):
        for target in (Target(collection="plone", filter=taken_over.filter), Target(collection="plone")):
            report = run(target=target)
            assert isinstance(report.stopped_by, Invalid)
            assert "--recreate-collection" in str(report.stopped_by)

    assert list(server.store.collection("plone").documents) == list(OLD)


def test_where_no_alias_leads_to_it_that_is_said(server: LocalTypesense, taken_over: World) -> None:
    taken_over.collection = "packages1"

    report = taken_over.recreate()

    assert "packages1 is a collection and no alias" in str(report.stopped_by)
    assert "--add-alias -s packages1 -t packages1-new" in str(report.stopped_by)
    assert list(server.store.collection("packages1").documents) == list(OLD)


def test_what_is_said_to_do_then_does_it(server: LocalTypesense, taken_over: World) -> None:
    services = taken_over.services

    taken_over.fetch(target=Target(collection="packages1-new", filter=taken_over.filter))
    delete_collection(services, "packages1")
    add_alias(services, "packages1", "packages1-new")

    taken_over.collection = "packages1"
    assert taken_over.changes().is_whole
    assert taken_over.held() == taken_over.due()
    assert taken_over.recreate().is_whole
    assert server.store.aliases == {"packages1": "packages1-1", "packages1-new": "packages1-1"}


def test_other_collections_of_the_server_are_left_alone(server: LocalTypesense, taken_over: World) -> None:
    taken_over.fetch()
    taken_over.recreate()

    assert sorted(each.name for each in taken_over.services.admin.collections()) == ["packages1", "plone-2"]
    assert list(server.store.collection("packages1").documents) == list(OLD)
