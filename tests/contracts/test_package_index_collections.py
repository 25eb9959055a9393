"""Contract of the name and the state of a collection for every engine."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pyf.aggregator.domain.collection import StaleRetry, Tombstone
from pyf.aggregator.domain.documents.schema import RepositoryFields
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.ports import PackageIndex
from support.builders import PLONE, build_project, build_state
from support.index_engines import IndexEngine

pytestmark = pytest.mark.usefixtures("plone_collection")

TOMBSTONE = Tombstone(name="plone-api", removed_at=1_700_000_000, reason="the registry says it is gone")


def list_documents(index: PackageIndex, name: str) -> list[dict[str, Any]]:
    return [document.to_dict() for document in index.get_project_documents(PLONE, name)]


def test_state_round_trip(index: PackageIndex) -> None:
    state = build_state(
        cursor=12_345_678_901,
        classifier_counts={"Framework :: Plone": 17},
        seen_classifiers=("Framework :: Plone :: 9.9",),
        stale_retries={"plone-api": StaleRetry(min_serial=5, attempts=2, not_before=1_700_000_000)},
        rebuild_of="plone",
    )

    index.set_state(PLONE, state)

    assert index.get_state("plone") == state


def test_new_collection_has_given_state(index: PackageIndex) -> None:
    assert index.get_state(PLONE) == build_state()


def test_work_on_an_alias_is_work_on_its_collection(engine: IndexEngine, index: PackageIndex) -> None:
    index.put("plone", [build_project("a"), build_project("plone.api")])
    index.update("plone", {"a": RepositoryFields(repository_stars=7)})
    index.remove("plone", [TOMBSTONE])
    index.set_state("plone", build_state(cursor=7))

    assert list_documents(index, "a")[0]["repository_stars"] == 7
    assert (index.get_state(PLONE).cursor, index.get_tombstone(PLONE, "plone.api")) == (7, TOMBSTONE)
    assert [h.name_normalized for h in index.iter_project_states("plone")] == ["a"]
    assert list(index.get_documents("plone", ["a"])) == ["a"]


def test_collections_know_nothing_of_one_another(engine: IndexEngine, index: PackageIndex) -> None:
    engine.admin.create("django-1", build_state("django"))
    for collection in (PLONE, "django-1"):
        index.put(collection, [build_project("a"), build_project("plone.api")])

    index.update(PLONE, {"a": RepositoryFields(repository_stars=7)})
    index.remove(PLONE, [TOMBSTONE])
    index.set_state(PLONE, build_state(cursor=7))

    assert [h.name_normalized for h in index.iter_project_states("django-1")] == ["a", "plone-api"]
    assert "repository_stars" not in index.get_project_documents("django-1", "a")[0].to_dict()
    assert (index.get_state("django-1").cursor, index.get_tombstone("django-1", "plone-api")) == (None, None)


def list_calls(index: PackageIndex) -> Sequence[Callable[[str], object]]:
    return [
        lambda name: index.put(name, [build_project("a")]),
        lambda name: index.put(name, []),
        lambda name: index.remove(name, [TOMBSTONE]),
        lambda name: index.remove(name, []),
        lambda name: index.update(name, {"a": RepositoryFields()}),
        lambda name: index.update(name, {}),
        lambda name: index.get_project_documents(name, "a"),
        lambda name: index.get_documents(name, ["a"]),
        lambda name: index.get_documents(name, []),
        lambda name: list(index.iter_project_states(name)),
        lambda name: list(index.export(name)),
        lambda name: index.get_tombstone(name, "a"),
        lambda name: list(index.iter_tombstones(name)),
        lambda name: index.get_state(name),
        lambda name: index.set_state(name, build_state()),
    ]


def test_unknown_collection_fails_in_all_methods(index: PackageIndex) -> None:
    for call in list_calls(index):
        with pytest.raises(NotFound, match="nowhere"):
            call("nowhere")
