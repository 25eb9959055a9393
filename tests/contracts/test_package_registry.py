"""What every `PackageRegistry` keeps to."""

from collections.abc import Generator, Iterator
from contextlib import closing

import pytest

from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.domain.project import Project, ProjectStatus
from pyf.aggregator.domain.release import newest
from pyf.aggregator.ports import Reading, Wanted
from registries import DJANGO, PLONE, PROJECTS, REGISTRIES, Registry, by_name


@pytest.fixture(params=REGISTRIES)
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    with REGISTRIES[request.param]() as registry:
        yield registry


def read(registry: Registry, name: str, *known: str) -> Reading:
    return next(registry.projects.read([Wanted(name=name, known=frozenset(known))]))


def test_a_classifier_finds_the_projects_any_release_of_which_ever_carried_it(registry: Registry) -> None:
    found = dict(registry.projects.browse([PLONE, DJANGO]))

    assert found == {PLONE: {"plone-api", "acme-blog", "leaky"}, DJANGO: {"plone-api"}}


def test_an_unknown_classifier_finds_nothing(registry: Registry) -> None:
    assert list(registry.projects.browse(["Framework :: Zope"])) == [("Framework :: Zope", frozenset())]


def test_browsing_takes_one_request_a_classifier(registry: Registry) -> None:
    list(registry.projects.browse([PLONE, DJANGO, "Framework :: Zope"]))

    assert registry.meter.count() == 3


def test_serials_are_those_of_all_projects_but_the_quarantined(registry: Registry) -> None:
    serials = registry.projects.serials()

    assert serials.last_serial == 30
    assert dict(serials.by_name) == {"plone-api": 30, "acme-blog": 20, "leaky": 10}
    assert registry.meter.count() == 1


def test_serials_can_be_looked_up_by_normalised_name(registry: Registry) -> None:
    by_name = registry.projects.serials().by_name

    assert by_name["acme-blog"] == 20
    assert by_name.get("Acme_Blog") is None
    assert "hidden" not in by_name


@pytest.mark.parametrize("project", [p for p in PROJECTS if p.name != "hidden"], ids=lambda project: project.name)
def test_a_project_is_read_with_all_that_is_known_of_it(registry: Registry, project: Project) -> None:
    answer = read(registry, project.normalized_name).answer

    assert isinstance(answer, Project)
    assert (answer.name, answer.last_serial, answer.maintainers) == (
        project.name,
        project.last_serial,
        project.maintainers,
    )
    assert answer.newest == project.newest
    assert {release.version: release.files for release in answer.releases} == {
        release.version: release.files for release in project.releases
    }


def test_older_releases_come_with_their_own_metadata_and_without_readme(registry: Registry) -> None:
    answer = read(registry, "plone-api").answer

    assert isinstance(answer, Project)
    older = {release.version: release.metadata for release in answer.releases if release is not answer.newest}
    assert {version: metadata and metadata.summary for version, metadata in older.items()} == {
        "1.0": "plone.api 1.0",
        "2.1a1": "plone.api 2.1a1",
    }
    assert {metadata and metadata.description for metadata in older.values()} == {""}


@pytest.mark.parametrize(
    ("known", "requests"),
    [([], 3), (["2.0"], 3), (["1.0"], 2), (["1.0", "2.0", "2.1a1"], 1), (["0.5"], 3)],
)
def test_reading_takes_a_request_for_each_release_that_is_neither_newest_nor_known(
    registry: Registry, known: list[str], requests: int
) -> None:
    read(registry, "plone-api", *known)

    assert registry.meter.count() == requests


def test_the_newest_release_has_its_metadata_even_if_it_is_known(registry: Registry) -> None:
    answer = read(registry, "plone-api", "1.0", "2.0", "2.1a1").answer

    assert isinstance(answer, Project)
    assert [release.version for release in answer.releases if release.metadata] == ["2.0"]
    assert answer.missing(["1.0", "2.0", "2.1a1"]) == ()


def test_of_a_project_that_is_not_worth_it_no_further_release_is_read(registry: Registry) -> None:
    seen: list[Project] = []

    (reading,) = registry.projects.read([Wanted(name="plone-api")], is_worth_it=seen.append)

    assert isinstance(reading.answer, Project)
    assert [release.version for release in reading.answer.releases if release.metadata] == ["2.0"]
    assert {release.version for release in reading.answer.releases} == {"1.0", "2.0", "2.1a1"}
    assert [project.newest.version for project in seen] == ["2.0"]
    assert registry.meter.count() == 1


def test_what_a_project_is_worth_is_judged_by_its_newest_release(registry: Registry) -> None:
    def carries_plone(project: Project) -> bool:
        return project.newest.metadata is not None and PLONE in project.newest.metadata.classifiers

    (reading,) = registry.projects.read([Wanted(name="plone-api")], is_worth_it=carries_plone)

    assert isinstance(reading.answer, Project)
    assert all(release.metadata for release in reading.answer.releases)
    assert registry.meter.count() == 3


@pytest.mark.parametrize("name", ["nobody", "hidden"])
def test_a_project_without_a_document_is_not_found(registry: Registry, name: str) -> None:
    reading = read(registry, name)

    assert reading.name == name
    assert isinstance(reading.answer, NotFound)


def test_a_project_that_nobody_answers_for_is_unavailable_and_keeps_no_other_back(registry: Registry) -> None:
    registry.silence("acme-blog")

    readings = by_name(registry.projects.read(Wanted(name=name) for name in ("plone-api", "acme-blog", "nobody")))

    assert isinstance(readings["plone-api"].answer, Project)
    assert isinstance(readings["acme-blog"].answer, Unavailable)
    assert isinstance(readings["nobody"].answer, NotFound)


def test_a_release_that_nobody_answers_for_is_told_and_stays_without_metadata(registry: Registry) -> None:
    registry.silence_release("plone-api", "1.0")

    reading = read(registry, "plone-api", "2.1a1")

    assert isinstance(reading.answer, Project)
    assert list(reading.failed_versions) == ["1.0"]
    assert isinstance(reading.failed_versions["1.0"], Unavailable)
    assert newest(reading.answer.releases).metadata is not None
    assert [r.version for r in reading.answer.missing(["2.1a1"])] == ["1.0"]


def test_wanted_projects_are_asked_for_only_as_results_are_taken(registry: Registry) -> None:
    asked = 0

    def wanted() -> Iterator[Wanted]:
        nonlocal asked
        for number in range(10_000):
            asked += 1
            yield Wanted(name=f"nobody-{number}")

    readings = registry.projects.read(wanted())
    assert isinstance(readings, Generator)
    with closing(readings):
        next(readings)

    assert asked < 1_000


def test_standings_tell_the_status(registry: Registry) -> None:
    standings = by_name(registry.projects.standings(["plone-api", "acme-blog", "hidden"]))

    assert {name: (standing.answer, standing.is_empty) for name, standing in standings.items()} == {
        "plone-api": (ProjectStatus.ACTIVE, False),
        "acme-blog": (ProjectStatus.ARCHIVED, False),
        "hidden": (ProjectStatus.QUARANTINED, True),
    }
    assert registry.meter.count() == 3


def test_standings_tell_failures_as_answers(registry: Registry) -> None:
    registry.silence("plone-api")

    standings = by_name(registry.projects.standings(["plone-api", "nobody"]))

    assert isinstance(standings["plone-api"].answer, Unavailable)
    assert isinstance(standings["nobody"].answer, NotFound)


def test_a_registry_that_refuses_to_browse_is_unavailable(registry: Registry) -> None:
    registry.refuse("browse")

    with pytest.raises(Unavailable):
        list(registry.projects.browse([PLONE]))


def test_a_registry_without_serials_is_unavailable(registry: Registry) -> None:
    registry.refuse("serials")

    with pytest.raises(Unavailable):
        registry.projects.serials()
