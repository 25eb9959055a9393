"""What every engine must do with the name of a collection, and with the state that belongs to one."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from builders import PLONE, collection_state, project_documents
from engines import Engine
from pyf.aggregator.domain.collection import Recheck, Tombstone
from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.domain.schema import RepositoryFields
from pyf.aggregator.ports import PackageIndex

pytestmark = pytest.mark.usefixtures("plone")

GONE = Tombstone(name="plone-api", removed_at=1_700_000_000, reason="the registry says it is gone")


def shown(index: PackageIndex, name: str) -> list[dict[str, Any]]:
    return [document.as_mapping() for document in index.documents(PLONE, name)]


def test_a_collection_remembers_its_state_whole(index: PackageIndex) -> None:
    state = collection_state(
        cursor=12_345_678_901,
        browsed={"Framework :: Plone": 17},
        seen_classifiers=("Framework :: Plone :: 9.9",),
        rechecks={"plone-api": Recheck(serial=5, attempts=2, not_before=1_700_000_000)},
        standby_for="plone",
    )

    index.remember(PLONE, state)

    assert index.state("plone") == state


def test_a_new_collection_has_the_state_that_it_was_made_with(index: PackageIndex) -> None:
    assert index.state(PLONE) == collection_state()


def test_work_on_an_alias_is_work_on_its_collection(engine: Engine, index: PackageIndex) -> None:
    index.put("plone", [project_documents("a"), project_documents("plone.api")])
    index.update("plone", {"a": RepositoryFields(github_stars=7)})
    index.remove("plone", [GONE])
    index.remember("plone", collection_state(cursor=7))

    assert shown(index, "a")[0]["github_stars"] == 7
    assert (index.state(PLONE).cursor, index.tombstone(PLONE, "plone.api")) == (7, GONE)
    assert [h.name_normalized for h in index.holdings("plone")] == ["a"]
    assert list(index.held("plone", ["a"])) == ["a"]


def test_collections_know_nothing_of_one_another(engine: Engine, index: PackageIndex) -> None:
    engine.admin.create("django-1", collection_state("django"))
    for collection in (PLONE, "django-1"):
        index.put(collection, [project_documents("a"), project_documents("plone.api")])

    index.update(PLONE, {"a": RepositoryFields(github_stars=7)})
    index.remove(PLONE, [GONE])
    index.remember(PLONE, collection_state(cursor=7))

    assert [h.name_normalized for h in index.holdings("django-1")] == ["a", "plone-api"]
    assert "github_stars" not in index.documents("django-1", "a")[0].as_mapping()
    assert (index.state("django-1").cursor, index.tombstone("django-1", "plone-api")) == (None, None)


def calls(index: PackageIndex) -> Sequence[Callable[[str], object]]:
    return [
        lambda name: index.put(name, [project_documents("a")]),
        lambda name: index.put(name, []),
        lambda name: index.remove(name, [GONE]),
        lambda name: index.remove(name, []),
        lambda name: index.update(name, {"a": RepositoryFields()}),
        lambda name: index.update(name, {}),
        lambda name: index.documents(name, "a"),
        lambda name: index.held(name, ["a"]),
        lambda name: index.held(name, []),
        lambda name: list(index.holdings(name)),
        lambda name: list(index.export(name)),
        lambda name: index.tombstone(name, "a"),
        lambda name: list(index.tombstones(name)),
        lambda name: index.state(name),
        lambda name: index.remember(name, collection_state()),
    ]


def test_every_call_on_a_collection_that_does_not_exist_says_so(index: PackageIndex) -> None:
    for call in calls(index):
        with pytest.raises(NotFound, match="nowhere"):
            call("nowhere")
