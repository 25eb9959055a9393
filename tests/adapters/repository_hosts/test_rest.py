"""GitHub's REST API without a token: 60 requests an hour, and fields with misleading names."""

from collections.abc import Iterator

import msgspec
import pytest
from msgspec import UNSET

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.repository_hosts.github import GitHubRest
from pyf.aggregator.adapters.repository_hosts.github.parsing import RestRepository, parse_rest_repository
from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.domain.repositories import Repository, RepositoryRef
from pyf.aggregator.ports import RateLimitStatus, RepositoryResult
from pyf.aggregator.sandbox.faults import Fault, RetryAfter
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.github_fixtures import HostedRepository
from support.repository_hosts import create_client, to_ref

BUSY = HostedRepository(
    path="o/busy", stars=100, watchers=7, forks=3, open_issues=40, closed_issues=900, open_pull_requests=5,
    latest_release="v1", former_paths=("former/busy",),
)  # fmt: skip
QUIET = [HostedRepository(path=f"o/quiet{number}", stars=number) for number in range(20)]


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub([BUSY, *QUIET, HostedRepository(path="o/one", open_pull_requests=1)]) as github:
        yield github


@pytest.fixture
def host(github: LocalGitHub, http: HttpClient, pauses: list[float]) -> GitHubRest:
    return GitHubRest(create_client(http, github.url, "", pause=pauses.append, timeout=1))


def fetch_results(host: GitHubRest, *addresses: RepositoryRef) -> dict[str, RepositoryResult]:
    return {result.ref.path: result for batch in host.fetch_repositories(addresses) for result in batch}


def fetch_repository(host: GitHubRest, path: str) -> Repository:
    outcome = fetch_results(host, to_ref(path))[path].outcome
    assert isinstance(outcome, Repository)
    return outcome


def test_rest_watchers_and_issues(host: GitHubRest, github: LocalGitHub) -> None:
    busy = fetch_repository(host, "o/busy")

    assert (busy.stars, busy.watchers, busy.forks) == (100, 7, 3)
    assert (busy.open_issues, busy.open_pull_requests) == (40, 5)
    assert github.requests.total == 2


def test_rest_counts_single_pull_request(host: GitHubRest) -> None:
    assert (fetch_repository(host, "o/one").open_issues, fetch_repository(host, "o/one").open_pull_requests) == (0, 1)


def test_rest_missing_values_are_unset(host: GitHubRest) -> None:
    busy = fetch_repository(host, "o/busy")

    assert (busy.closed_issues, busy.last_commit, busy.latest_release) == (UNSET, UNSET, UNSET)


def test_rest_does_not_count_pull_requests_of_many_repositories(host: GitHubRest, github: LocalGitHub) -> None:
    results = fetch_results(host, to_ref("o/busy"), *(to_ref(hosted.path) for hosted in QUIET))

    busy, quiet = results["o/busy"].outcome, results["o/quiet0"].outcome
    assert isinstance(busy, Repository)
    assert isinstance(quiet, Repository)
    assert (busy.open_issues, busy.open_pull_requests) == (UNSET, UNSET)
    assert (quiet.open_issues, quiet.open_pull_requests) == (0, 0)
    assert github.requests.total == 21


def test_rest_keeps_repository_without_pull_requests(host: GitHubRest, github: LocalGitHub) -> None:
    github.faults.add(Fault("502", request="pulls"))

    busy = fetch_repository(host, "o/busy")

    assert (busy.stars, busy.open_issues) == (100, UNSET)


def test_rest_saves_last_requests_for_repositories(host: GitHubRest, github: LocalGitHub) -> None:
    github.anonymous_quota.remaining = 3

    results = fetch_results(host, to_ref("o/busy"), to_ref("o/one"), to_ref("o/quiet1"))

    assert all(isinstance(result.outcome, Repository) for result in results.values())


def test_rest_headers_without_token(host: GitHubRest, github: LocalGitHub) -> None:
    fetch_repository(host, "o/busy")

    assert set(github.authorizations) == {""}
    assert all(request.user_agent.startswith("pyf.aggregator/") for request in github.requests.log)


def test_rest_rate_limit_request_is_free(host: GitHubRest, github: LocalGitHub) -> None:
    github.anonymous_quota.remaining = 57

    allowance = host.get_rate_limit()

    assert allowance == RateLimitStatus(remaining=57, limit=60, resets_at=github.anonymous_quota.resets_at)
    assert host.get_rate_limit().remaining == 57


def test_rest_follows_redirect_on_same_server(host: GitHubRest, github: LocalGitHub) -> None:
    github.faults.add(Fault("redirect", project="o/quiet3", location="http://127.0.0.1:1/repos/o/quiet4", times=1))
    github.faults.add(Fault("redirect", project="o/quiet5", location="http://127.0.0.1:1/login", times=1))

    assert fetch_repository(host, "former/busy").ref.path == "o/busy"
    assert fetch_repository(host, "o/quiet3").ref.path == "o/quiet4"
    assert isinstance(fetch_results(host, to_ref("o/quiet5"))["o/quiet5"].outcome, Unavailable)


def test_rest_retries_transient_failure(host: GitHubRest, github: LocalGitHub, pauses: list[float]) -> None:
    for fault in ("503", "timeout"):
        github.faults.add(Fault(fault, request="repository", times=1))

    assert fetch_repository(host, "o/quiet1").stars == 1
    assert len(pauses) == 2


def test_fetch_waits_for_secondary_limit(host: GitHubRest, github: LocalGitHub, pauses: list[float]) -> None:
    github.faults.add(Fault("secondary_limit", times=1, retry_after=RetryAfter(11)))

    assert fetch_repository(host, "o/quiet1").stars == 1
    assert pauses == [11]


def test_rest_ends_at_exhausted_limit(host: GitHubRest, github: LocalGitHub) -> None:
    github.anonymous_quota.remaining = 2
    results: list[RepositoryResult] = []

    def take() -> None:
        for batch in host.fetch_repositories(to_ref(hosted.path) for hosted in QUIET):
            results.extend(batch)

    with pytest.raises(Unavailable, match=r"GitHub's rate limit is used up until \d\d:\d\d UTC"):
        take()

    assert len(results) == 2


def test_rest_ends_after_three_failures(host: GitHubRest, github: LocalGitHub) -> None:
    github.faults.add(Fault("503"))

    with pytest.raises(Unavailable, match="503"):
        fetch_results(host, *(to_ref(hosted.path) for hosted in QUIET))

    assert len(github.request_counts) == 3


def test_rest_continues_after_blocked_repository(host: GitHubRest, github: LocalGitHub) -> None:
    """GitHub sends 403 without rate limit headers for repositories that violate its terms."""
    github.faults.add(Fault("403", project="o/quiet2"))

    results = fetch_results(host, *(to_ref(hosted.path) for hosted in QUIET))

    assert isinstance(results["o/quiet2"].outcome, Unavailable)
    assert not isinstance(results["o/quiet2"].outcome, NotFound)
    assert len(results) == 20


def test_rest_blocked_repository_counts_as_not_public(host: GitHubRest, github: LocalGitHub) -> None:
    github.blocked.add("o/quiet2")

    results = fetch_results(host, to_ref("o/quiet2"), to_ref("o/quiet3"))

    assert isinstance(results["o/quiet2"].outcome, NotFound)
    assert isinstance(results["o/quiet3"].outcome, Repository)
    assert github.request_counts["o/quiet2"] == 1


def test_rest_minimal_document() -> None:
    document = msgspec.json.decode(b'{"full_name": "o/n", "license": {"spdx_id": null}}', type=RestRepository)

    repository = parse_rest_repository(to_ref("o/n"), document, open_pull_requests=document.open_pull_requests)

    assert repository == Repository(ref=to_ref("o/n"))
