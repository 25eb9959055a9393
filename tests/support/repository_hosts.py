"""Repository hosts for contract tests: the fake, and the adapters over HTTP."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.adapters.repository_hosts import forgejo, gitlab
from pyf.aggregator.adapters.repository_hosts.client import HostAddress, HostClient
from pyf.aggregator.adapters.repository_hosts.github import GitHubGraphQL, GitHubRest
from pyf.aggregator.adapters.repository_hosts.github.rest import build_headers
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.repositories import Repository, RepositoryRef
from pyf.aggregator.ports import RepositoryHost, RequestCounter
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.github_fixtures import HostedRepository
from pyf.aggregator.sandbox.repository_hosts import LocalForgejo, LocalGitLab
from pyf.aggregator.testing.enrichment import FakeRepositoryHost

TOKEN = "a-token-for-tests"


def to_ref(path: str) -> RepositoryRef:
    owner, _, name = path.partition("/")
    return RepositoryRef("github.com", owner, name)


ACTIVE_REPOSITORY = HostedRepository(
    path="Plone/Plone.Api",
    stars=90,
    watchers=12,
    forks=60,
    license="GPL-2.0",
    topics=("plone", "api"),
    created="2012-05-10T08:00:00Z",
    updated="2026-01-02T00:00:00Z",
    pushed="2026-01-01T00:00:00Z",
    last_commit="2026-01-01T00:00:00Z",
    former_paths=("collective/plone.api", "even-older/plone.api"),
)
HOSTED_REPOSITORIES = (
    ACTIVE_REPOSITORY,
    HostedRepository(path="o/archived", is_archived=True, license="NOASSERTION"),
    HostedRepository(path="o/empty", pushed=None, last_commit=None),
    HostedRepository(path="o/private", is_private=True),
    HostedRepository(path="o/down"),
)


@dataclass(frozen=True)
class RepositoryHostPorts:
    """A repository host, its request counter, and ways to break it.

    Attributes:
        pauses: The seconds that it has waited.
        unknown: Fields of a repository that it does not report.
    """

    repositories: RepositoryHost
    meter: RequestCounter
    fail_repository: Callable[[], None]
    exhaust_limit: Callable[[], None]
    pauses: list[float] = field(default_factory=list)
    unknown: frozenset[str] = frozenset()


def create_client(
    http: HttpClient, url: str, token: str = TOKEN, *, pause: Callable[[float], None] = lambda _: None, **limits: Any
) -> HostClient:
    """Return a client of GitHub without retries that waits with `pause`."""
    address = HostAddress(name="github.com", label="GitHub", url=url, token=token, token_setting="GITHUB_TOKEN")
    return HostClient(create_service(http, **limits), address, build_headers(token), sleep=pause)


def create_service(http: HttpClient, **limits: Any) -> ServiceClient:
    retries = RetryPolicy(max_retries=0)
    return ServiceClient(http, ServiceLimits(max_concurrency=1, retries=retries, **{"timeout": 5, **limits}))


@contextmanager
def _open_memory() -> Iterator[RepositoryHostPorts]:
    repositories = (
        Repository(
            ref=to_ref("Plone/Plone.Api"),
            stars=90,
            watchers=12,
            forks=60,
            open_issues=0,
            open_pull_requests=0,
            is_archived=False,
            license="GPL-2.0",
            topics=("plone", "api"),
            created=1_336_636_800,
            updated=1_767_312_000,
            pushed=1_767_225_600,
        ),
        Repository(ref=to_ref("o/archived"), is_archived=True),
        Repository(ref=to_ref("o/empty")),
    )
    memory = FakeRepositoryHost(repositories)
    memory.redirects = {to_ref(path): repositories[0].ref for path in ACTIVE_REPOSITORY.former_paths}

    def exhaust_limit() -> None:
        memory.failure = Unavailable("the limit is used up", retry_after=3000)

    yield RepositoryHostPorts(
        memory, memory, fail_repository=lambda: memory.unavailable.add(to_ref("o/down")), exhaust_limit=exhaust_limit
    )


@contextmanager
def _open_graphql() -> Iterator[RepositoryHostPorts]:
    pauses: list[float] = []
    with LocalGitHub(HOSTED_REPOSITORIES, token=TOKEN) as github, HttpClient() as http:
        yield RepositoryHostPorts(
            GitHubGraphQL(create_client(http, github.url, pause=pauses.append)),
            http,
            fail_repository=lambda: github.failing.add("o/down"),
            exhaust_limit=lambda: setattr(github.graphql_quota, "remaining", 0),
            pauses=pauses,
        )


@contextmanager
def _open_rest() -> Iterator[RepositoryHostPorts]:
    pauses: list[float] = []
    with LocalGitHub(HOSTED_REPOSITORIES, token=TOKEN) as github, HttpClient() as http:
        yield RepositoryHostPorts(
            GitHubRest(create_client(http, github.url, "", pause=pauses.append)),
            http,
            fail_repository=lambda: github.faults.add(Fault("502", project="o/down")),
            exhaust_limit=lambda: setattr(github.anonymous_quota, "remaining", 0),
            pauses=pauses,
        )


def create_address(url: str, token: str = TOKEN) -> HostAddress:
    return HostAddress(name="git.example", label="git.example", url=url, token=token, token_setting="GIT_TOKENS")


@contextmanager
def _open_gitlab() -> Iterator[RepositoryHostPorts]:
    with LocalGitLab(HOSTED_REPOSITORIES, token=TOKEN) as local, HttpClient() as http:
        yield RepositoryHostPorts(
            gitlab.build_host(create_service(http), create_address(local.url)),
            http,
            fail_repository=lambda: local.failing.add("o/down"),
            exhaust_limit=lambda: setattr(local, "pause", 3000),
            unknown=frozenset({"watchers", "license", "pushed"}),
        )


@contextmanager
def _open_forgejo() -> Iterator[RepositoryHostPorts]:
    with LocalForgejo(HOSTED_REPOSITORIES, token=TOKEN) as local, HttpClient() as http:
        yield RepositoryHostPorts(
            forgejo.build_host(create_service(http), create_address(local.url)),
            http,
            fail_repository=lambda: local.failing.add("o/down"),
            exhaust_limit=lambda: setattr(local, "pause", 3000),
            unknown=frozenset({"pushed"}),
        )


REPOSITORY_HOSTS: Mapping[str, Callable[[], AbstractContextManager[RepositoryHostPorts]]] = {
    "memory": _open_memory,
    "graphql": _open_graphql,
    "rest": _open_rest,
    "gitlab": _open_gitlab,
    "forgejo": _open_forgejo,
}
