"""Contract of the fields of several owners, and of removals."""

from typing import Any

import pytest
from msgspec.structs import replace

from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.document import Enrichments
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields, HistoryFields, RepositoryFields
from pyf.aggregator.ports import PackageIndex
from support.builders import PLONE, build_project

pytestmark = pytest.mark.usefixtures("plone_collection")

TOMBSTONE = Tombstone(name="plone-api", removed_at=1_700_000_000, reason="the registry says it is gone")


def list_versions(index: PackageIndex, name: str) -> list[str]:
    return [document.registry.version for document in index.get_project_documents(PLONE, name)]


def list_documents(index: PackageIndex, name: str) -> list[dict[str, Any]]:
    return [document.to_dict() for document in index.get_project_documents(PLONE, name)]


def test_enrichment_reaches_all_releases(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a", "1.0", "2.0"), build_project("b", "1.0")])

    updated = index.update(PLONE, {"a": RepositoryFields(repository_stars=7)})

    assert updated == 1
    assert [document["repository_stars"] for document in list_documents(index, "a")] == [7, 7]
    assert "repository_stars" not in list_documents(index, "b")[0]


def test_registry_write_keeps_enrichments(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a", "1.0")])
    index.update(PLONE, {"a": RepositoryFields(repository_stars=7)})
    index.update(PLONE, {"a": DownloadFields(download_last_day=9, download_history={"2026-01": 3})})
    index.update(PLONE, {"a": HealthFields(health_score=50, health_score_breakdown={"facts": [1, 2]})})

    index.put(PLONE, [build_project("a", "1.0", summary="new")])

    (document,) = list_documents(index, "a")
    assert document["summary"] == "new"
    assert (document["repository_stars"], document["download_last_day"], document["health_score"]) == (7, 9, 50)
    assert document["download_history"] == {"2026-01": 3}
    assert document["health_score_breakdown"] == {"facts": [1, 2]}


def test_new_release_has_stars_of_package(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a", "1.0")])
    index.update(PLONE, {"a": RepositoryFields(repository_stars=7)})

    index.put(PLONE, [build_project("a", "2.0")])

    assert [(document["version"], document["repository_stars"]) for document in list_documents(index, "a")] == [
        ("2.0", 7)
    ]


def test_update_can_include_score(index: PackageIndex) -> None:
    index.put(PLONE, [replace(build_project("a", "1.0"), health=HealthFields(health_score=50))])

    history = HistoryFields(history="2026-01;60,,,5", history_repository=7)
    index.put(PLONE, [replace(build_project("a", "1.0", "2.0"), health=HealthFields(health_score=60), history=history)])

    documents = list_documents(index, "a")
    assert [document["health_score"] for document in documents] == [60, 60]
    assert [(document["history"], document["history_repository"]) for document in documents] == [
        ("2026-01;60,,,5", 7)
    ] * 2


def test_unchanged_update_still_writes_score(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a")])

    index.put(PLONE, [replace(build_project("a"), health=HealthFields(health_score=50))])

    assert [document["health_score"] for document in list_documents(index, "a")] == [50]


def test_update_without_score_keeps_score(index: PackageIndex) -> None:
    index.put(PLONE, [replace(build_project("a", "1.0"), health=HealthFields(health_score=50))])

    index.put(PLONE, [build_project("a", "2.0")])

    assert [document["health_score"] for document in list_documents(index, "a")] == [50]


def test_enrichments_are_returned_for_existing_projects(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a", "1.0", "2.0"), build_project("b"), build_project("plone.api")])
    index.update(PLONE, {"a": RepositoryFields(repository_stars=7), "plone-api": RepositoryFields(repository_stars=8)})
    index.update(PLONE, {"a": DownloadFields(download_last_day=9)})
    index.remove(PLONE, [TOMBSTONE])

    enrichments = index.get_enrichments(PLONE, ["a", "b", "c", "plone-api"])

    assert enrichments == {
        "a": Enrichments(
            repository=RepositoryFields(repository_stars=7), downloads=DownloadFields(download_last_day=9)
        ),
        "b": Enrichments(),
    }


def test_update_replaces_the_fields_of_its_owner_only(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a")])
    index.update(PLONE, {"a": RepositoryFields(repository_stars=7, repository_url="https://git.example/a")})
    index.update(PLONE, {"a": DownloadFields(download_last_day=9)})

    index.update(PLONE, {"a": RepositoryFields(repository_stars=8)})

    (document,) = list_documents(index, "a")
    assert "repository_url" not in document
    assert (document["repository_stars"], document["download_last_day"]) == (8, 9)


def test_update_creates_no_package(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a")])

    updated = index.update(
        PLONE, {"a": RepositoryFields(repository_stars=1), "b": RepositoryFields(repository_stars=2)}
    )
    index.put(PLONE, [build_project("b")])

    assert updated == 1
    assert "repository_stars" not in list_documents(index, "b")[0]


def test_update_of_removed_project_is_dropped(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("plone.api")])
    index.remove(PLONE, [TOMBSTONE])

    updated = index.update(PLONE, {"plone-api": RepositoryFields(repository_stars=1)})
    index.put(PLONE, [build_project("plone.api")])

    assert updated == 0
    assert "repository_stars" not in list_documents(index, "plone.api")[0]


def test_update_with_same_values_is_counted(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a")])

    counts = [index.update(PLONE, {"a": RepositoryFields(repository_stars=1)}) for _ in range(2)]

    assert counts == [1, 1]


def test_removed_package_leaves_tombstone_only(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("Plone.API", "1.0", "2.0"), build_project("b")])
    index.update(PLONE, {"plone-api": RepositoryFields(repository_stars=7)})

    removed = index.remove(PLONE, [TOMBSTONE])

    assert removed == 1
    assert list_versions(index, "plone.api") == []
    assert [holding.name_normalized for holding in index.iter_project_states(PLONE)] == ["b"]
    assert [document.registry.name for document in index.export(PLONE)] == ["b"]
    assert index.get_tombstone(PLONE, "Plone.API") == TOMBSTONE


def test_returning_package_has_no_tombstone_or_old_stars(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("plone.api")])
    index.update(PLONE, {"plone-api": RepositoryFields(repository_stars=7)})
    index.remove(PLONE, [TOMBSTONE])

    index.put(PLONE, [build_project("plone.api")])

    assert index.get_tombstone(PLONE, "plone.api") is None
    assert "repository_stars" not in list_documents(index, "plone.api")[0]


def test_unknown_package_gets_tombstone(index: PackageIndex) -> None:
    """A rebuild stores the reason why it does not contain a project."""
    removed = index.remove(PLONE, [TOMBSTONE])

    assert removed == 0
    assert index.get_tombstone(PLONE, "plone.api") == TOMBSTONE


def test_second_removal_keeps_first_tombstone(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("plone.api")])
    index.remove(PLONE, [TOMBSTONE])

    removed = index.remove(PLONE, [Tombstone(name="plone-api", removed_at=1_800_000_000, reason="another")])

    assert removed == 0
    assert index.get_tombstone(PLONE, "plone.api") == TOMBSTONE


def test_all_tombstones_are_listed_by_name(index: PackageIndex) -> None:
    gone = [Tombstone(name=f"p{number:04}", removed_at=number, reason="gone") for number in range(1100)]
    index.remove(PLONE, list(reversed(gone)))

    assert list(index.iter_tombstones(PLONE)) == gone


def test_fields_of_several_owners_are_written_in_one_step(index: PackageIndex) -> None:
    index.put(PLONE, [build_project("a", "1.0", "2.0")])

    updated = index.update(PLONE, {"a": (RepositoryFields(repository_stars=7), HealthFields(health_score=50)), "x": ()})

    packages = index.get_packages(PLONE, ["a", "x"])
    assert updated == 1
    assert list(packages) == ["a"]
    assert [document.registry.version for document in packages["a"]] == ["2.0", "1.0"]
    for document in packages["a"]:
        assert (document.repository, document.health) == (
            RepositoryFields(repository_stars=7),
            HealthFields(health_score=50),
        )
    assert [index.get_project_documents(PLONE, "a")] == list(packages.values())
