"""Contract of `PackageRegistry`."""

from collections.abc import Generator, Iterator
from contextlib import closing

import pytest

from pyf.aggregator.domain.documents.project import Project, ProjectStatus, select_newest
from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.ports import ProjectRequest, ProjectResult
from support.registries import DJANGO, PLONE, PROJECTS, REGISTRIES, RegistryPorts, group_by_name


@pytest.fixture(params=REGISTRIES)
def registry(request: pytest.FixtureRequest) -> Iterator[RegistryPorts]:
    with REGISTRIES[request.param]() as registry:
        yield registry


def read_project(registry: RegistryPorts, name: str, *known_versions: str) -> ProjectResult:
    return next(registry.projects.read_projects([ProjectRequest(name=name, known_versions=frozenset(known_versions))]))


def test_classifier_finds_projects_by_any_release(registry: RegistryPorts) -> None:
    found = dict(registry.projects.browse_classifiers([PLONE, DJANGO]))

    assert found == {PLONE: {"plone-api", "acme-blog", "leaky"}, DJANGO: {"plone-api"}}


def test_unknown_classifier_finds_nothing(registry: RegistryPorts) -> None:
    assert list(registry.projects.browse_classifiers(["Framework :: Zope"])) == [("Framework :: Zope", frozenset())]


def test_browsing_takes_one_request_a_classifier(registry: RegistryPorts) -> None:
    list(registry.projects.browse_classifiers([PLONE, DJANGO, "Framework :: Zope"]))

    assert registry.meter.count() == 3


def test_serials_are_those_of_all_projects_but_the_quarantined(registry: RegistryPorts) -> None:
    serials = registry.projects.fetch_serials()

    assert serials.last_serial == 30
    assert dict(serials.by_name) == {"plone-api": 30, "acme-blog": 20, "leaky": 10}
    assert registry.meter.count() == 1


def test_serials_can_be_looked_up_by_normalized_name(registry: RegistryPorts) -> None:
    by_name = registry.projects.fetch_serials().by_name

    assert by_name["acme-blog"] == 20
    assert by_name.get("Acme_Blog") is None
    assert "hidden" not in by_name


@pytest.mark.parametrize("project", [p for p in PROJECTS if p.name != "hidden"], ids=lambda project: project.name)
def test_project_is_read_completely(registry: RegistryPorts, project: Project) -> None:
    answer = read_project(registry, project.normalized_name).outcome

    assert isinstance(answer, Project)
    assert (answer.name, answer.last_serial, answer.maintainers) == (
        project.name,
        project.last_serial,
        project.maintainers,
    )
    assert answer.newest_release == project.newest_release
    assert {release.version: release.files for release in answer.releases} == {
        release.version: release.files for release in project.releases
    }


def test_older_releases_have_own_metadata_without_readme(registry: RegistryPorts) -> None:
    answer = read_project(registry, "plone-api").outcome

    assert isinstance(answer, Project)
    older = {release.version: release.metadata for release in answer.releases if release is not answer.newest_release}
    assert {version: metadata and metadata.summary for version, metadata in older.items()} == {
        "1.0": "plone.api 1.0",
        "2.1a1": "plone.api 2.1a1",
    }
    assert {metadata and metadata.description for metadata in older.values()} == {""}


@pytest.mark.parametrize(
    ("known", "requests"),
    [([], 3), (["2.0"], 3), (["1.0"], 2), (["1.0", "2.0", "2.1a1"], 1), (["0.5"], 3)],
)
def test_one_request_per_unknown_older_release(registry: RegistryPorts, known: list[str], requests: int) -> None:
    read_project(registry, "plone-api", *known)

    assert registry.meter.count() == requests


def test_known_newest_release_has_metadata(registry: RegistryPorts) -> None:
    answer = read_project(registry, "plone-api", "1.0", "2.0", "2.1a1").outcome

    assert isinstance(answer, Project)
    assert [release.version for release in answer.releases if release.metadata] == ["2.0"]
    assert answer.list_unread_releases(["1.0", "2.0", "2.1a1"]) == ()


def test_older_releases_of_rejected_project_are_not_read(registry: RegistryPorts) -> None:
    seen: list[Project] = []

    (reading,) = registry.projects.read_projects([ProjectRequest(name="plone-api")], needs_releases=seen.append)

    assert isinstance(reading.outcome, Project)
    assert [release.version for release in reading.outcome.releases if release.metadata] == ["2.0"]
    assert {release.version for release in reading.outcome.releases} == {"1.0", "2.0", "2.1a1"}
    assert [project.newest_release.version for project in seen] == ["2.0"]
    assert registry.meter.count() == 1


def test_membership_is_evaluated_by_newest_release(registry: RegistryPorts) -> None:
    def carries_plone(project: Project) -> bool:
        return project.newest_release.metadata is not None and PLONE in project.newest_release.metadata.classifiers

    (reading,) = registry.projects.read_projects([ProjectRequest(name="plone-api")], needs_releases=carries_plone)

    assert isinstance(reading.outcome, Project)
    assert all(release.metadata for release in reading.outcome.releases)
    assert registry.meter.count() == 3


@pytest.mark.parametrize("name", ["nobody", "hidden"])
def test_project_without_document_is_not_found(registry: RegistryPorts, name: str) -> None:
    reading = read_project(registry, name)

    assert reading.name == name
    assert isinstance(reading.outcome, NotFound)


def test_unavailable_project_does_not_affect_others(registry: RegistryPorts) -> None:
    registry.fail_project("acme-blog")

    readings = group_by_name(
        registry.projects.read_projects(ProjectRequest(name=name) for name in ("plone-api", "acme-blog", "nobody"))
    )

    assert isinstance(readings["plone-api"].outcome, Project)
    assert isinstance(readings["acme-blog"].outcome, Unavailable)
    assert isinstance(readings["nobody"].outcome, NotFound)


def test_unavailable_release_is_reported_without_metadata(registry: RegistryPorts) -> None:
    registry.fail_release("plone-api", "1.0")

    reading = read_project(registry, "plone-api", "2.1a1")

    assert isinstance(reading.outcome, Project)
    assert list(reading.failed_versions) == ["1.0"]
    assert isinstance(reading.failed_versions["1.0"], Unavailable)
    assert select_newest(reading.outcome.releases).metadata is not None
    assert [r.version for r in reading.outcome.list_unread_releases(["2.1a1"])] == ["1.0"]


def test_projects_are_requested_lazily(registry: RegistryPorts) -> None:
    request_count = 0

    def wanted() -> Iterator[ProjectRequest]:
        nonlocal request_count
        for number in range(10_000):
            request_count += 1
            yield ProjectRequest(name=f"nobody-{number}")

    readings = registry.projects.read_projects(wanted())
    assert isinstance(readings, Generator)
    with closing(readings):
        next(readings)

    assert request_count < 1_000


def test_simple_pages_return_status(registry: RegistryPorts) -> None:
    standings = group_by_name(registry.projects.check_simple_pages(["plone-api", "acme-blog", "hidden"]))

    assert {name: (standing.outcome, standing.is_empty) for name, standing in standings.items()} == {
        "plone-api": (ProjectStatus.ACTIVE, False),
        "acme-blog": (ProjectStatus.ARCHIVED, False),
        "hidden": (ProjectStatus.QUARANTINED, True),
    }
    assert registry.meter.count() == 3


def test_simple_pages_return_failures(registry: RegistryPorts) -> None:
    registry.fail_project("plone-api")

    standings = group_by_name(registry.projects.check_simple_pages(["plone-api", "nobody"]))

    assert isinstance(standings["plone-api"].outcome, Unavailable)
    assert isinstance(standings["nobody"].outcome, NotFound)


def test_registry_refusing_browse_is_unavailable(registry: RegistryPorts) -> None:
    registry.fail_method("browse")

    with pytest.raises(Unavailable):
        list(registry.projects.browse_classifiers([PLONE]))


def test_registry_without_serials_is_unavailable(registry: RegistryPorts) -> None:
    registry.fail_method("serials")

    with pytest.raises(Unavailable):
        registry.projects.fetch_serials()
