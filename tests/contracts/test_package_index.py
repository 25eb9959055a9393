"""Contract of the documents of projects for every engine."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyf.aggregator.domain.documents.project import File, Vulnerability
from pyf.aggregator.ports import PackageIndex, ProjectDocuments
from support.builders import PLONE, build_fields, build_project

pytestmark = pytest.mark.usefixtures("plone_collection")


def list_versions(index: PackageIndex, name: str) -> list[str]:
    return [document.registry.version for document in index.get_project_documents(PLONE, name)]


def list_documents(index: PackageIndex, name: str) -> list[dict[str, Any]]:
    return [document.to_dict() for document in index.get_project_documents(PLONE, name)]


def test_put_documents_are_read_unchanged(index: PackageIndex) -> None:
    document = build_fields(
        "Plone.API",
        "1.0",
        title="A title",
        classifiers=("Framework :: Plone", "Framework :: Plone :: 6.0"),
        project_urls={"Source": "https://git.example/plone.api", "Homepage": "https://plone.example"},
        urls=(
            File(
                filename="plone_api-1.0.tar.gz",
                url="https://files.pypi.example/plone_api-1.0.tar.gz",
                size=3_000_000_000,
                packagetype="sdist",
                upload_time=1_700_000_000,
                sha256="00ff",
                yanked=False,
            ),
        ),
        vulnerabilities=(Vulnerability(id="PYSEC-1", aliases=("CVE-1",), fixed_in=("2.0",)),),
    )

    rejections = index.put(PLONE, [ProjectDocuments(name_normalized="plone-api", documents=(document,))])

    assert not rejections
    assert [found.registry for found in index.get_project_documents(PLONE, "plone-api")] == [document]


def test_links_stay_in_their_order(index: PackageIndex) -> None:
    for labels in (["Source", "Homepage", "Docs"], ["Docs", "Source", "Homepage"], ["Docs", "Homepage"]):
        links = {label: f"https://{label.lower()}.example" for label in labels}
        index.put(PLONE, [build_project("a", "1.0", project_urls=links)])

        assert list(list_documents(index, "a")[0]["project_urls"]) == labels
        assert [list(d.registry.project_urls) for d in index.export(PLONE)] == [labels]


def test_package_is_found_by_any_spelling(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("Plone.API")])

    found = [list_versions(index, spelling) for spelling in ("Plone.API", "plone-api", "PLONE_api", "plone.-_api")]

    assert found == [["2.0.0"]] * 4


def test_unknown_package_has_no_documents(index: PackageIndex) -> None:
    assert index.get_project_documents(PLONE, "plone.api") == []
    assert index.get_project_documents(PLONE, "no name \udc80 at all'") == []


def test_newest_release_is_first_then_by_version(index: PackageIndex) -> None:
    documents = [
        build_fields(version=version, is_newest=version == "1.10") for version in ("1.9", "3.0a1", "1.10", "0.1", "2.0")
    ]

    index.put(PLONE, [ProjectDocuments(name_normalized="plone-api", documents=tuple(documents))])

    assert list_versions(index, "plone.api") == ["1.10", "2.0", "1.9", "0.1", "3.0a1"]


def test_put_replaces_documents_of_its_projects_only(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a", "1.0", "2.0"), build_project("b", "1.0")])

    index.put(PLONE, [build_project("a", "2.0", "3.0", summary="new")])

    assert list_versions(index, "a") == ["3.0", "2.0"]
    assert {document["summary"] for document in list_documents(index, "a")} == {"new"}
    assert list_versions(index, "b") == ["1.0"]


def test_respelled_package_has_new_ids_only(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("plone-api", "1.0")])

    index.put(PLONE, [build_project("Plone.API", "1.0")])

    assert [document["id"] for document in list_documents(index, "plone-api")] == ["Plone.API-1.0"]


def test_repeated_put_changes_nothing(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a", "1.0", "2.0")])
    before = list_documents(index, "a")

    index.put(PLONE, [build_project("a", "1.0", "2.0")])

    assert list_documents(index, "a") == before


def test_last_duplicate_in_put_wins(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a", "1.0", "2.0"), build_project("a", "3.0")])

    assert list_versions(index, "a") == ["3.0"]


def test_put_without_documents_removes_package(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a", "1.0")])

    index.put(PLONE, [ProjectDocuments(name_normalized="a", documents=())])

    assert list_versions(index, "a") == []
    assert list(index.iter_project_states(PLONE)) == []
    assert index.get_tombstone(PLONE, "a") is None


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_number_beyond_64_bits_rejects_one_project(index: PackageIndex, number: int) -> None:
    wrong = build_fields("a", "1.0", upload_timestamp=number)
    right = build_fields("a", "2.0", upload_timestamp=2**63 - 1)

    rejections = index.put(PLONE, [ProjectDocuments(name_normalized="a", documents=(wrong, right)), build_project("b")])

    assert [rejection.id for rejection in rejections] == ["a-1.0"]
    assert "upload_timestamp" in rejections[0].reason
    assert list_versions(index, "a") == ["2.0"]
    assert list_versions(index, "b") == ["2.0.0"]


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_as_it_was(index: PackageIndex, text: str) -> None:
    project = build_project("a", "1.0", summary=text, keywords=(text,), project_urls={text: text})

    index.put(PLONE, [project])

    assert [document.registry for document in index.get_project_documents(PLONE, "a")] == list(project.documents)


def test_half_a_surrogate_pair_costs_one_character_and_no_release(index: PackageIndex) -> None:
    broken = build_project("a", "1.0", summary="be\udc80fore", project_urls={"\ud800": "x"}, maintainers=("\udfff",))

    rejections = index.put(PLONE, [broken, build_project("b")])

    assert not rejections
    found = index.get_project_documents(PLONE, "a")[0].registry
    assert (found.summary, found.project_urls, found.maintainers) == ("be\ufffdfore", {"\ufffd": "x"}, ("\ufffd",))
    assert list_versions(index, "b") == ["2.0.0"]


def test_changing_passed_or_returned_values_keeps_the_index(index: PackageIndex) -> None:
    given = build_fields("a", "1.0", project_urls={"Source": "https://git.example"})
    index.put(PLONE, [ProjectDocuments(name_normalized="a", documents=(given,))])

    given.project_urls["Source"] = "changed"
    index.get_project_documents(PLONE, "a")[0].registry.project_urls["Source"] = "changed"

    assert index.get_project_documents(PLONE, "a")[0].registry.project_urls == {"Source": "https://git.example"}


def test_large_put_is_complete(index: PackageIndex) -> None:
    text = "word " * 2000
    projects = [build_project(f"project-{n}", "1.0", "2.0", "3.0", description=text) for n in range(700)]

    rejections = index.put(PLONE, projects)

    assert not rejections
    assert sum(holding.release_count for holding in index.iter_project_states(PLONE)) == 2100
