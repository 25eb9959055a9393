"""Merges of two states of a project contain every release of both."""

from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.documents.document import Enrichments, merge_documents, select_newer_enrichments
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields, RegistryFields, RepositoryFields
from support.builders import build_fields

VERSIONS = ["1.0", "1.10", "2.0a1", "2.0", "no version"]

releases = st.builds(
    lambda version, serial, looked, yanked: build_fields(
        "a", version, last_serial=serial, status_checked=looked, yanked=yanked, is_newest=False
    ),
    st.sampled_from(VERSIONS),
    st.integers(1, 3),
    st.integers(0, 2),
    st.booleans(),
)
projects = st.lists(releases, unique_by=lambda document: document.version, max_size=4)


def make_release(version: str, **fields: object) -> RegistryFields:
    return build_fields("a", version, **fields)


@given(projects, projects)
def test_merged_releases_are_unique(incoming: list[RegistryFields], held: list[RegistryFields]) -> None:
    result = merge_documents(incoming, held)

    assert sorted(d.version for d in result) == sorted({d.version for d in [*incoming, *held]})


@given(projects, projects)
def test_merging_again_changes_nothing(incoming: list[RegistryFields], held: list[RegistryFields]) -> None:
    once = merge_documents(incoming, held)

    again = merge_documents(incoming, once)

    assert {d.version for d in again} == {d.version for d in once}
    assert merge_documents(once, once) == once
    assert merge_documents(incoming, again) == again


@given(projects)
def test_merging_with_nothing_or_itself_changes_nothing(incoming: list[RegistryFields]) -> None:
    assert (
        merge_documents(incoming, ())
        == merge_documents((), incoming)
        == merge_documents(incoming, incoming)
        == tuple(incoming)
    )


@given(projects, projects)
def test_mixed_documents_have_one_newest_and_are_stale(
    incoming: list[RegistryFields], held: list[RegistryFields]
) -> None:
    result = merge_documents(incoming, held)

    if {d.version: d for d in result} not in ({d.version: d for d in incoming}, {d.version: d for d in held}):
        assert sum(d.is_newest for d in result) == 1
        assert {d.last_serial for d in result} == {0}


def test_newest_of_merged_releases_is_pips_choice() -> None:
    held = [make_release("3.0a1", is_newest=True), make_release("2.0", is_newest=False, yanked=True)]

    result = merge_documents([make_release("1.0"), make_release("0.9", is_newest=False)], held)

    assert [d.version for d in result if d.is_newest] == ["1.0"]


def test_later_copy_of_release_wins() -> None:
    old, new = make_release("1.0", last_serial=5, summary="old"), make_release("1.0", last_serial=6, summary="new")

    assert merge_documents([old], [new]) == merge_documents([new], [old]) == (new,)


def test_equal_serials_are_decided_by_check_time() -> None:
    seen = make_release("1.0", status_checked=9, summary="seen later")
    ours, theirs = make_release("1.0", summary="ours"), make_release("1.0", summary="theirs")

    assert merge_documents([theirs], [seen]) == (seen,)
    assert merge_documents([theirs], [ours]) == (theirs,)


def test_newer_fields_of_other_owners_win() -> None:
    incoming = Enrichments(
        repository=RepositoryFields(repository_stars=1, repository_checked=5),
        downloads=DownloadFields(download_total=1, download_checked=5),
        health=HealthFields(health_score=1),
    )
    held = Enrichments(
        repository=RepositoryFields(repository_stars=2, repository_checked=6),
        downloads=DownloadFields(download_total=2, download_checked=4),
        health=HealthFields(health_score=2),
    )

    assert select_newer_enrichments(incoming, Enrichments()) == incoming
    assert select_newer_enrichments(incoming, held) == Enrichments(downloads=incoming.downloads)
    assert (
        select_newer_enrichments(incoming, incoming) == select_newer_enrichments(Enrichments(), held) == Enrichments()
    )
