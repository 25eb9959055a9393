"""Packages on several hosts: each host is read, and none stops the others."""

from dataclasses import dataclass, field
from functools import cached_property

import pytest

from pyf.aggregator.domain.documents.schema import RepositoryFields
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.repositories import Repository, RepositoryRef
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.testing.enrichment import FakeRepositoryHost
from pyf.aggregator.testing.index import FakeIndex
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.enrich.repositories import enrich_repositories
from pyf.aggregator.usecases.report import EnrichmentReport, EnrichOptions
from support.builders import build_project, build_state
from support.fake_dependencies import build_fake_dependencies
from support.registry_world import PLONE_FILTER

HOSTS = ("github.com", "gitlab.com", "codeberg.org")


@dataclass
class HostWorld:
    """A collection with one package on each host."""

    hosts: dict[str, FakeRepositoryHost] = field(default_factory=lambda: {name: FakeRepositoryHost() for name in HOSTS})
    index: FakeIndex = field(default_factory=FakeIndex)

    def __post_init__(self) -> None:
        self.index.create("plone", build_state())
        for stars, host in enumerate(HOSTS, start=1):
            self.add_package(f"on-{host}", f"https://{host}/o/{host}", stars=stars)

    @cached_property
    def deps(self) -> Dependencies:
        return build_fake_dependencies(
            index=self.index, admin=self.index, repository_hosts=self.hosts, request_counter=self
        )

    def count(self) -> int:
        return sum(host.count() for host in self.hosts.values())

    def add_package(self, name: str, *links: str, stars: int = 0) -> None:
        """Add a package; its last link leads to a repository."""
        labels = ("Source", "Homepage", "Download")
        self.index.put("plone", [build_project(name, project_urls=dict(zip(labels, links, strict=False)))])
        host, owner, repository = links[-1].removeprefix("https://").split("/")
        ref = RepositoryRef(host, owner, repository)
        self.hosts[host].repositories[ref] = Repository(ref=ref, stars=stars)

    def run(self, host: str = "") -> EnrichmentReport:
        target = Target(collection="plone", filter=PLONE_FILTER)
        return enrich_repositories(self.deps, target, options=EnrichOptions(host=host))

    def read_fields(self, name: str) -> RepositoryFields:
        return self.index.get_enrichments("plone", [name])[name].repository or RepositoryFields()


@pytest.fixture
def world() -> HostWorld:
    return HostWorld()


def test_every_host_is_read_and_counted(world: HostWorld) -> None:
    report = world.run()

    fields = [world.read_fields(f"on-{host}".replace(".", "-")) for host in HOSTS]
    assert [(repository.repository_host, repository.repository_stars) for repository in fields] == [
        ("github.com", 1),
        ("gitlab.com", 2),
        ("codeberg.org", 3),
    ]
    assert (report.action, report.enriched, report.requests) == ("repositories", 3, 3)
    assert report.host_requests == dict.fromkeys(HOSTS, 1)
    documents = [world.index.get_project_documents("plone", f"on-{host}".replace(".", "-"))[0] for host in HOSTS]
    assert ["github_stars" in document.to_dict() for document in documents] == [True, False, False]


def test_host_that_is_down_does_not_stop_the_others(world: HostWorld) -> None:
    world.hosts["github.com"].failure = Unavailable("GitHub is down")
    world.hosts["codeberg.org"].failure = Unavailable("Codeberg is down")

    report = world.run()

    assert (str(report.error), report.enriched) == ("GitHub is down", 1)
    assert world.read_fields("on-gitlab-com").repository_stars == 2
    assert report.notices == [
        "2 of 3 packages were not processed; the others are saved, the next run continues",
        "Codeberg is down",
    ]


def test_missing_repository_is_tried_on_the_next_host(world: HostWorld) -> None:
    world.add_package("moved", "https://github.com/o/gone", "https://codeberg.org/o/moved", stars=9)

    report = world.run()

    assert world.read_fields("moved").repository_url == "https://codeberg.org/o/moved"
    assert (report.missing, report.is_complete) == ([], True)


def test_run_of_one_host_leaves_the_others_alone(world: HostWorld) -> None:
    world.run()
    requests = world.count()

    report = world.run("github.com")

    assert (report.action, report.enriched, world.count()) == ("github", 1, requests)
    assert report.reasons["on-codeberg-org"] == "its repository is on another host: https://codeberg.org/o/codeberg.org"
    assert world.read_fields("on-codeberg-org").repository_stars == 3
