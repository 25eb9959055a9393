"""Test merges: the target has everything of the source and loses nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pyf.aggregator.domain.collection import StaleRetry, Tombstone
from pyf.aggregator.domain.documents.schema import RepositoryFields
from pyf.aggregator.ports import Dependencies, ProjectDocuments
from pyf.aggregator.usecases.collections.merge import merge_collection
from support.builders import build_project, build_state
from support.filled_collections import TOMBSTONE, fill_collection, list_aliases, open_dependencies, read_collection
from support.index_engines import ENGINES

projects = st.lists(
    st.builds(
        lambda name, versions, serial: build_project(name, *versions, last_serial=serial),
        st.sampled_from(["a", "b", "c"]),
        st.lists(st.sampled_from(["1.0", "2.0a1", "2.0"]), unique=True, min_size=1),
        st.integers(1, 3),
    ),
    unique_by=lambda project: project.name_normalized,
    max_size=3,
)


@pytest.fixture(params=ENGINES)
def deps(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dependencies]:
    with open_dependencies(request.param, tmp_path) as deps:
        yield deps


def test_merge_creates_equal_target(deps: Dependencies) -> None:
    fill_collection(deps, "packages1-1", alias="packages1")

    report = merge_collection(deps, "packages1", "packages2")

    assert report.is_complete
    assert (report.found, report.copied, report.unchanged, report.documents) == (2, 2, 0, 3)
    assert list_aliases(deps) == {"packages1-1": ("packages1",), "packages2-1": ("packages2",)}
    assert read_collection(deps, "packages2") == read_collection(deps, "packages1")


def test_merge_into_numbered_target(deps: Dependencies) -> None:
    fill_collection(deps, "plone-1", alias="plone")

    merge_collection(deps, "plone", "plone-2")

    assert list_aliases(deps) == {"plone-1": ("plone",), "plone-2": ()}


def test_repeated_merge_writes_nothing(deps: Dependencies) -> None:
    fill_collection(deps, "one-1", alias="one")
    merge_collection(deps, "one", "two")

    report = merge_collection(deps, "one", "two")

    assert (report.copied, report.unchanged, report.documents, report.is_complete) == (0, 2, 0, True)
    assert read_collection(deps, "two") == read_collection(deps, "one")


def test_merge_keeps_target_documents(deps: Dependencies) -> None:
    fill_collection(deps, "one-1", alias="one")
    deps.admin.create("two-1", build_state(cursor=9), alias="two")
    later = build_project("a", "1.0", "3.0", last_serial=8, summary="read later")
    deps.index.put("two", [later, build_project("only-here")])

    report = merge_collection(deps, "one", "two")

    assert report.is_complete
    stored = [
        (d.registry.id, d.registry.summary, d.registry.is_newest) for d in deps.index.get_project_documents("two", "a")
    ]
    assert stored == [("a-3.0", "read later", True), ("a-2.0", "", False), ("a-1.0", "read later", False)]
    assert len(deps.index.get_project_documents("two", "only-here")) == 1
    assert deps.index.get_project_documents("two", "a")[0].to_dict()["repository_stars"] == 7


def test_merge_keeps_older_cursor_and_retries(deps: Dependencies) -> None:
    theirs = StaleRetry(min_serial=5, attempts=1, not_before=2)
    ours = StaleRetry(min_serial=6, attempts=1, not_before=2)
    deps.admin.create("one", build_state(cursor=7, stale_retries={"a": theirs}, seen_classifiers=("A",)))
    deps.admin.create("two", build_state(cursor=9, stale_retries={"b": ours}, seen_classifiers=("B",)))

    merge_collection(deps, "one", "two")

    state = deps.index.get_state("two")
    assert (state.cursor, state.stale_retries, state.seen_classifiers) == (7, {"a": theirs, "b": ours}, ("A", "B"))


def test_merge_loses_missing_cursor(deps: Dependencies) -> None:
    deps.admin.create("one", build_state(cursor=7))
    deps.admin.create("two", build_state())

    merge_collection(deps, "one", "two")
    merge_collection(deps, "two", "one")

    assert (deps.index.get_state("one").cursor, deps.index.get_state("two").cursor) == (None, None)


def test_merge_of_other_filter_has_notice(deps: Dependencies) -> None:
    fill_collection(deps, "one")
    other = build_state("django")
    deps.admin.create("two", replace(other, filter=replace(other.filter, classifiers=("Framework :: Django",))))

    report = merge_collection(deps, "one", "two")

    assert report.is_complete
    assert "two is filled with profile django" in report.notices[0]
    assert deps.index.get_state("two").filter.profile == "django"


def test_merge_copies_tombstones_of_absent_packages(deps: Dependencies) -> None:
    fill_collection(deps, "one")
    deps.index.remove("one", [Tombstone(name="back", removed_at=1, reason="gone")])
    deps.admin.create("two", build_state())
    deps.index.put("two", [build_project("back")])

    merge_collection(deps, "one", "two")

    assert list(deps.index.iter_tombstones("two")) == [TOMBSTONE]
    assert len(deps.index.get_project_documents("two", "back")) == 1


def test_merge_rejects_missing_or_same_source(deps: Dependencies) -> None:
    fill_collection(deps, "plone-1", alias="plone")

    assert "Collection nowhere does not exist." in str(merge_collection(deps, "nowhere", "plone").error)
    assert "are the same collection, plone-1" in str(merge_collection(deps, "plone", "plone-1").error)
    assert list_aliases(deps) == {"plone-1": ("plone",)}


def test_merge_rejects_unfinished_rebuild(deps: Dependencies) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    fill_collection(deps, "one")
    deps.admin.create("plone-2", build_state(rebuild_of="plone"))

    report = merge_collection(deps, "one", "plone-2")

    assert "plone-2 is an unfinished rebuild" in str(report.error)


def test_merge_keeps_newer_enrichments(deps: Dependencies) -> None:
    fill_collection(deps, "one")
    fill_collection(deps, "two")
    deps.index.update("two", {"a": RepositoryFields(repository_stars=99)})

    merge_collection(deps, "one", "two")

    assert deps.index.get_project_documents("two", "a")[0].to_dict()["repository_stars"] == 99


@given(projects, projects)
@settings(max_examples=30)
def test_merge_loses_nothing(ours: Sequence[ProjectDocuments], theirs: Sequence[ProjectDocuments]) -> None:
    def releases(*collections: Sequence[ProjectDocuments]) -> set[str]:
        return {d.id for projects in collections for project in projects for d in project.documents}

    with TemporaryDirectory() as folder, open_dependencies("memory", Path(folder)) as deps:
        deps.admin.create("one", build_state())
        deps.admin.create("two", build_state())
        deps.index.put("one", theirs)
        deps.index.put("two", ours)

        assert merge_collection(deps, "one", "two").is_complete

        stored = [document.registry for document in deps.index.export("two")]
        assert {d.id for d in stored} == releases(ours, theirs)
        newest = [d.name_normalized for d in stored if d.is_newest]
        assert sorted(newest) == sorted({d.name_normalized for d in stored})
        assert releases(theirs) == {document.registry.id for document in deps.index.export("one")}
