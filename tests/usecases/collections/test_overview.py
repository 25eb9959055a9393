"""Test the overview of an index: public names, details and keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.domain.errors import NotFound
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.usecases.collections.overview import read_details, read_overview
from pyf.aggregator.usecases.collections.search_keys import add_search_key, get_key, list_search_keys
from pyf.aggregator.usecases.collections.target import Target
from support.builders import build_project, build_state
from support.filled_collections import fill_collection, open_dependencies
from support.index_engines import ENGINES

STATE = build_state()


@pytest.fixture(params=ENGINES)
def deps(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dependencies]:
    with open_dependencies(request.param, tmp_path) as deps:
        yield deps


def to_alias_pairs(deps: Dependencies) -> list[str]:
    return [f"{alias.name} → {alias.target_name}" for alias in read_overview(deps).aliases]


def test_alias_hides_numbered_name(deps: Dependencies) -> None:
    deps.admin.create("plone-1", STATE, alias="plone")
    deps.admin.create("packages1", STATE, alias="packages")
    deps.admin.create("plone-old", STATE)
    deps.admin.create("django-2", STATE)

    assert read_overview(deps).names == ["django-2", "packages", "packages1", "plone", "plone-old"]
    assert to_alias_pairs(deps) == ["packages → packages1", "plone → plone-1"]


def test_alias_target_is_public_name(deps: Dependencies) -> None:
    deps.admin.create("packages1-3", STATE, alias="packages1")
    deps.admin.set_alias("packages", "packages1-3")
    deps.admin.create("django-2", STATE, alias="dj")

    assert to_alias_pairs(deps) == ["dj → django-2", "packages → packages1", "packages1 → packages1-3"]


def test_unfinished_rebuild_is_leftover(deps: Dependencies) -> None:
    deps.admin.create("plone-1", build_state(rebuild_of="plone"), alias="plone")
    deps.admin.create("plone-2", build_state(rebuild_of="plone"))

    overview = read_overview(deps)

    assert [entry.info.name for entry in overview.collections] == ["plone-1"]
    assert overview.leftovers == ("plone-2",)


def test_read_details(deps: Dependencies) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    deps.index.put("plone", [build_project("Newest.One", "1.0", "2.0", last_serial=6, upload_timestamp=1_700_000_000)])

    collection_details = read_details(deps, read_overview(deps).collections[0])

    assert (collection_details.newest_serial, collection_details.newest_project, collection_details.newest_upload) == (
        6,
        "Newest.One",
        1_700_000_000,
    )
    assert (
        collection_details.cursor,
        collection_details.cursor_age,
        collection_details.projects,
        collection_details.documents,
    ) == (7, 7200, 3, 5)


def test_read_details_of_empty_collection(deps: Dependencies) -> None:
    deps.admin.create("plone-1", STATE)

    collection_details = read_details(deps, read_overview(deps).collections[0])

    assert (
        collection_details.newest_serial,
        collection_details.newest_project,
        collection_details.cursor,
        collection_details.cursor_age,
    ) == (0, "", None, None)


def test_list_search_keys_omits_other_keys(deps: Dependencies) -> None:
    deps.admin.create("plone-1", STATE, alias="plone")
    admin = deps.keys.create(["*"], description="admin", actions=["*"])
    deps.keys.create(["plone"], description="both", actions=["documents:search", "documents:import"])

    new_key = add_search_key(deps, Target(collection="plone"))

    assert list(list_search_keys(deps)) == [new_key.key]
    assert new_key.key.collections == ("plone",)
    assert get_key(deps, admin.key.id) == admin.key


def test_add_search_key_rejects_missing_collection(deps: Dependencies) -> None:
    with pytest.raises(NotFound, match="Collection nowhere does not exist"):
        add_search_key(deps, Target(collection="nowhere"))

    with pytest.raises(NotFound, match="Key 1 does not exist"):
        get_key(deps, 1)
