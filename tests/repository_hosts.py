"""The hosts that the contracts of a repository host are put to: the one in memory, and ours of GitHub's over HTTP."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from pyf.aggregator.adapters.github import GitHubGraphQL, GitHubRest
from pyf.aggregator.adapters.github.client import GitHubClient
from pyf.aggregator.adapters.http import Http
from pyf.aggregator.adapters.memory_repositories import MemoryRepositoryHost
from pyf.aggregator.adapters.retry import Retries
from pyf.aggregator.adapters.service import Limits, Service
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.repository import Repository
from pyf.aggregator.domain.repository_address import RepositoryAddress
from pyf.aggregator.ports import RepositoryHost, RequestMeter
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.github import LocalGitHub
from pyf.aggregator.sample.hosted import Hosted

TOKEN = "a-token-for-tests"


def at(path: str) -> RepositoryAddress:
    owner, _, name = path.partition("/")
    return RepositoryAddress("github.com", owner, name)


LIVELY = Hosted(
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
    was=("collective/plone.api", "even-older/plone.api"),
)
HOSTED = (
    LIVELY,
    Hosted(path="o/archived", is_archived=True, license="NOASSERTION"),
    Hosted(path="o/empty", pushed=None, last_commit=None),
    Hosted(path="o/private", is_private=True),
    Hosted(path="o/down"),
)


@dataclass(frozen=True)
class Host:
    """A host, its meter, and the ways to break it; `pauses` are the seconds that were waited."""

    repositories: RepositoryHost
    meter: RequestMeter
    silence: Callable[[], None]
    refuse: Callable[[], None]
    pauses: list[float] = field(default_factory=list)


def client(
    http: Http, url: str, token: str = TOKEN, *, pause: Callable[[float], None] = lambda _: None, **limits: Any
) -> GitHubClient:
    """Return a client that waits for nothing but what `pause` waits for."""
    service = Service(http, Limits(workers=1, retries=Retries(most=0), **{"timeout": 5, **limits}))
    return GitHubClient(service, url, token, pause=pause)


@contextmanager
def _memory() -> Iterator[Host]:
    known = (
        Repository(
            address=at("Plone/Plone.Api"),
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
        Repository(address=at("o/archived"), is_archived=True),
        Repository(address=at("o/empty")),
    )
    memory = MemoryRepositoryHost(known)
    memory.moved = {at(path): known[0].address for path in LIVELY.was}

    def refuse() -> None:
        memory.refusal = Unavailable("the limit is used up", retry_after=3000)

    yield Host(memory, memory, silence=lambda: memory.down.add(at("o/down")), refuse=refuse)


@contextmanager
def _graphql() -> Iterator[Host]:
    pauses: list[float] = []
    with LocalGitHub(HOSTED, token=TOKEN) as github, Http() as http:
        yield Host(
            GitHubGraphQL(client(http, github.url, pause=pauses.append)),
            http,
            silence=lambda: github.broken.add("o/down"),
            refuse=lambda: setattr(github.graphql, "left", 0),
            pauses=pauses,
        )


@contextmanager
def _rest() -> Iterator[Host]:
    pauses: list[float] = []
    with LocalGitHub(HOSTED, token=TOKEN) as github, Http() as http:
        yield Host(
            GitHubRest(client(http, github.url, "", pause=pauses.append)),
            http,
            silence=lambda: github.faults.add(Fault("502", project="o/down")),
            refuse=lambda: setattr(github.anonymous, "left", 0),
            pauses=pauses,
        )


HOSTS: Mapping[str, Callable[[], AbstractContextManager[Host]]] = {
    "memory": _memory,
    "graphql": _graphql,
    "rest": _rest,
}
