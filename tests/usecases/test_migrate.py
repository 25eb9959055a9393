"""Copying one collection into another: all of the source is there in the end, and nothing of the target is gone."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from builders import collection_state, project_documents
from engines import ENGINES
from pyf.aggregator.domain.collection import Recheck, Tombstone
from pyf.aggregator.domain.schema import RepositoryFields
from pyf.aggregator.ports import ProjectDocuments, Services
from pyf.aggregator.usecases.migrate import migrate
from stores import GONE, fill, names, shown, store

projects = st.lists(
    st.builds(
        lambda name, versions, serial: project_documents(name, *versions, last_serial=serial),
        st.sampled_from(["a", "b", "c"]),
        st.lists(st.sampled_from(["1.0", "2.0a1", "2.0"]), unique=True, min_size=1),
        st.integers(1, 3),
    ),
    unique_by=lambda project: project.name_normalized,
    max_size=3,
)


@pytest.fixture(params=ENGINES)
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    with store(request.param, tmp_path) as services:
        yield services


def test_a_missing_target_is_made_and_is_equal_to_the_source(services: Services) -> None:
    fill(services, "packages1-1", alias="packages1")

    report = migrate(services, "packages1", "packages2")

    assert report.is_whole
    assert (report.found, report.copied, report.unchanged, report.documents) == (2, 2, 0, 3)
    assert names(services) == {"packages1-1": ("packages1",), "packages2-1": ("packages2",)}
    assert shown(services, "packages2") == shown(services, "packages1")


def test_a_target_with_a_number_is_made_by_its_own_name(services: Services) -> None:
    fill(services, "plone-1", alias="plone")

    migrate(services, "plone", "plone-2")

    assert names(services) == {"plone-1": ("plone",), "plone-2": ()}


def test_it_can_be_repeated_and_writes_nothing_then(services: Services) -> None:
    fill(services, "one-1", alias="one")
    migrate(services, "one", "two")

    report = migrate(services, "one", "two")

    assert (report.copied, report.unchanged, report.documents, report.is_whole) == (0, 2, 0, True)
    assert shown(services, "two") == shown(services, "one")


def test_projects_releases_and_later_documents_of_the_target_stay(services: Services) -> None:
    fill(services, "one-1", alias="one")
    services.admin.create("two-1", collection_state(cursor=9), alias="two")
    later = project_documents("a", "1.0", "3.0", last_serial=8, summary="read later")
    services.index.put("two", [later, project_documents("only-here")])

    report = migrate(services, "one", "two")

    assert report.is_whole
    held = [(d.registry.id, d.registry.summary, d.registry.is_newest) for d in services.index.documents("two", "a")]
    assert held == [("a-3.0", "read later", True), ("a-2.0", "", False), ("a-1.0", "read later", False)]
    assert len(services.index.documents("two", "only-here")) == 1
    assert services.index.documents("two", "a")[0].as_mapping()["github_stars"] == 7


def test_the_older_cursor_and_all_open_questions_are_kept(services: Services) -> None:
    theirs = Recheck(serial=5, attempts=1, not_before=2)
    ours = Recheck(serial=6, attempts=1, not_before=2)
    services.admin.create("one", collection_state(cursor=7, rechecks={"a": theirs}, seen_classifiers=("A",)))
    services.admin.create("two", collection_state(cursor=9, rechecks={"b": ours}, seen_classifiers=("B",)))

    migrate(services, "one", "two")

    state = services.index.state("two")
    assert (state.cursor, state.rechecks, state.seen_classifiers) == (7, {"a": theirs, "b": ours}, ("A", "B"))


def test_a_cursor_that_one_of_both_has_lost_is_lost(services: Services) -> None:
    services.admin.create("one", collection_state(cursor=7))
    services.admin.create("two", collection_state())

    migrate(services, "one", "two")
    migrate(services, "two", "one")

    assert (services.index.state("one").cursor, services.index.state("two").cursor) == (None, None)


def test_collections_of_different_filters_are_joined_with_a_word_about_it(services: Services) -> None:
    fill(services, "one")
    other = collection_state("django")
    services.admin.create("two", replace(other, filter=replace(other.filter, classifiers=("Framework :: Django",))))

    report = migrate(services, "one", "two")

    assert report.is_whole
    assert "two is filled by profile django" in report.notices[0]
    assert services.index.state("two").filter.profile == "django"


def test_a_tombstone_comes_along_unless_its_project_is_there(services: Services) -> None:
    fill(services, "one")
    services.index.remove("one", [Tombstone(name="back", removed_at=1, reason="gone")])
    services.admin.create("two", collection_state())
    services.index.put("two", [project_documents("back")])

    migrate(services, "one", "two")

    assert list(services.index.tombstones("two")) == [GONE]
    assert len(services.index.documents("two", "back")) == 1


def test_a_source_that_is_not_there_or_is_the_target_is_refused(services: Services) -> None:
    fill(services, "plone-1", alias="plone")

    assert "there is no collection nowhere" in str(migrate(services, "nowhere", "plone").stopped_by)
    assert "are the same collection, plone-1" in str(migrate(services, "plone", "plone-1").stopped_by)
    assert names(services) == {"plone-1": ("plone",)}


def test_what_is_going_to_be_cleared_away_is_no_target(services: Services) -> None:
    fill(services, "plone-1", alias="plone")
    fill(services, "one")
    services.admin.create("plone-2", collection_state(standby_for="plone"))

    report = migrate(services, "one", "plone-2")

    assert "plone-2 is being built" in str(report.stopped_by)


def test_later_stars_of_the_target_stay(services: Services) -> None:
    fill(services, "one")
    fill(services, "two")
    services.index.update("two", {"a": RepositoryFields(github_stars=99)})

    migrate(services, "one", "two")

    assert services.index.documents("two", "a")[0].as_mapping()["github_stars"] == 99


@given(projects, projects)
@settings(max_examples=30, deadline=None)
def test_nothing_of_either_is_missing_afterwards(
    ours: Sequence[ProjectDocuments], theirs: Sequence[ProjectDocuments]
) -> None:
    def releases(*collections: Sequence[ProjectDocuments]) -> set[str]:
        return {d.id for projects in collections for project in projects for d in project.documents}

    with TemporaryDirectory() as folder, store("memory", Path(folder)) as services:
        services.admin.create("one", collection_state())
        services.admin.create("two", collection_state())
        services.index.put("one", theirs)
        services.index.put("two", ours)

        assert migrate(services, "one", "two").is_whole

        held = [document.registry for document in services.index.export("two")]
        assert {d.id for d in held} == releases(ours, theirs)
        newest = [d.name_normalized for d in held if d.is_newest]
        assert sorted(newest) == sorted({d.name_normalized for d in held})
        assert releases(theirs) == {document.registry.id for document in services.index.export("one")}
