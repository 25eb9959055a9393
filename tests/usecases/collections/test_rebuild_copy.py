"""Test rebuilds from a copy: the alias points to complete and finally equal documents."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.usecases.collections.leftovers import clear_leftovers
from pyf.aggregator.usecases.collections.rebuild import rebuild_from_copy
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.report import TransferReport
from support.builders import build_project, build_state
from support.filled_collections import fill_collection, list_aliases, open_dependencies, read_collection
from support.index_engines import ENGINES

PLONE = Target(collection="plone")


@pytest.fixture(params=ENGINES)
def deps(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dependencies]:
    with open_dependencies(request.param, tmp_path) as deps:
        yield deps


def recreate(deps: Dependencies, name: str = "plone") -> TransferReport:
    report = rebuild_from_copy(deps, Target(collection=name))
    assert report.is_complete, report
    return report


def test_copy_moves_alias_and_deletes_old(deps: Dependencies) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    before = read_collection(deps, "plone")

    report = recreate(deps)

    assert list_aliases(deps) == {"plone-2": ("plone",)}
    assert read_collection(deps, "plone") == before
    assert (report.action, report.found, report.copied, report.documents) == ("rebuild", 2, 2, 3)


def test_copy_moves_all_aliases(deps: Dependencies) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    deps.admin.set_alias("packages", "plone-1")

    recreate(deps)

    assert list_aliases(deps) == {"plone-2": ("packages", "plone")}


def test_copy_through_another_alias(deps: Dependencies) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    deps.admin.set_alias("packages", "plone-1")
    before = read_collection(deps, "plone")

    recreate(deps, "packages")

    assert list_aliases(deps) == {"packages-1": ("packages", "plone")}
    assert read_collection(deps, "plone") == before


def test_collection_name_becomes_alias(deps: Dependencies) -> None:
    fill_collection(deps, "plone", alias="packages")
    before = read_collection(deps, "plone")

    recreate(deps)

    assert list_aliases(deps) == {"plone-1": ("packages", "plone")}
    assert read_collection(deps, "plone") == before
    assert read_collection(deps, "packages") == before


def test_copy_of_empty_collection(deps: Dependencies) -> None:
    deps.admin.create("plone-1", build_state(), alias="plone")

    recreate(deps)

    assert list_aliases(deps) == {"plone-2": ("plone",)}


def test_copy_creates_missing_collection(deps: Dependencies) -> None:
    filter_ = Filter(profile="plone", classifiers=("Framework :: Plone",))

    report = rebuild_from_copy(deps, Target(collection="plone", filter=filter_))

    assert report.is_complete
    assert list_aliases(deps) == {"plone-1": ("plone",)}
    assert deps.index.get_state("plone").filter == filter_


def test_copy_rejects_missing_collection_without_filter(deps: Dependencies) -> None:
    report = rebuild_from_copy(deps, PLONE)

    assert "Collection plone does not exist." in str(report.error)
    assert list_aliases(deps) == {}


def test_copy_rejects_numbered_name(deps: Dependencies) -> None:
    fill_collection(deps, "plone-1", alias="plone")

    report = rebuild_from_copy(deps, Target(collection="plone-1"))

    assert str(report.error) == "plone-1 is the collection behind plone. Rebuild plone instead."
    assert list_aliases(deps) == {"plone-1": ("plone",)}


def test_copy_deletes_leftovers(deps: Dependencies) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    deps.admin.create("plone-3", build_state(rebuild_of="plone"))
    deps.index.put("plone-3", [build_project("half")])
    deps.admin.create("plone-7", build_state())
    before = read_collection(deps, "plone")

    recreate(deps)

    assert list_aliases(deps) == {"plone-7": (), "plone-8": ("plone",)}
    assert read_collection(deps, "plone") == before


def test_verified_copy_gets_name(deps: Dependencies) -> None:
    """The run was killed on an engine that can't replace a collection in one step."""
    fill_collection(deps, "plone-1")
    state = deps.index.get_state("plone-1")
    deps.index.set_state("plone-1", replace(state, rebuild_of="plone", is_verified=True))

    clear_leftovers(deps, "plone")

    assert list_aliases(deps) == {"plone-1": ("plone",)}
    assert deps.index.get_state("plone") == state


def test_remaining_aliases_follow_interrupted_swap(deps: Dependencies) -> None:
    fill_collection(deps, "plone-1", alias="packages")
    fill_collection(deps, "plone-2", alias="plone")
    deps.index.set_state("plone-1", replace(deps.index.get_state("plone-1"), rebuild_of="plone"))

    clear_leftovers(deps, "plone")

    assert list_aliases(deps) == {"plone-2": ("packages", "plone")}


def test_copy_rejects_unfinished_rebuild(deps: Dependencies) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    deps.admin.create("plone-2", build_state(rebuild_of="plone"))

    report = rebuild_from_copy(deps, Target(collection="plone-2"))

    assert "plone-2 is an unfinished rebuild" in str(report.error)
    assert list_aliases(deps) == {"plone-1": ("plone",), "plone-2": ()}


def test_copy_needs_lock(deps: Dependencies) -> None:
    fill_collection(deps, "plone-1", alias="plone")

    with deps.admin.lock("plone"):
        report = rebuild_from_copy(deps, PLONE)

    assert "locked by another run" in str(report.error)
    assert list_aliases(deps) == {"plone-1": ("plone",)}
