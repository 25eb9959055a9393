"""GitHub's GraphQL API with rate limits, overload and failures: no repository is fetched twice."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import ceil
from pathlib import Path

import graphql
import msgspec
import pytest

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.repository_hosts.github import GitHubGraphQL
from pyf.aggregator.adapters.repository_hosts.github.graphql import build_query
from pyf.aggregator.adapters.repository_hosts.github.parsing import parse_graphql_repository
from pyf.aggregator.domain.errors import Invalid, NotFound, Unavailable
from pyf.aggregator.domain.repositories import Repository, RepositoryRef, parse_repository_url
from pyf.aggregator.ports import RepositoryResult
from pyf.aggregator.sandbox.faults import Fault, RetryAfter
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.github_fixtures import HostedRepository, parse_records
from support.repository_hosts import TOKEN, create_client, to_ref

REFS = [to_ref(f"o/r{number}") for number in range(120)]


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub((HostedRepository(path=address.path, stars=7) for address in REFS), token=TOKEN) as github:
        yield github


@pytest.fixture
def host(github: LocalGitHub, http: HttpClient, pauses: list[float]) -> GitHubGraphQL:
    return GitHubGraphQL(create_client(http, github.url, pause=pauses.append, timeout=20))


def fetch_results(host: GitHubGraphQL, refs: list[RepositoryRef] = REFS) -> dict[RepositoryRef, RepositoryResult]:
    results = [result for batch in host.fetch_repositories(refs) for result in batch]
    assert len({result.ref for result in results}) == len(results), "a repository has two results"
    return {result.ref: result for result in results}


def get_stars(results: dict[RepositoryRef, RepositoryResult]) -> list[int]:
    return [result.outcome.stars for result in results.values() if isinstance(result.outcome, Repository)]


def test_query_is_valid_in_github_schema(shared_data: Path) -> None:
    text = gzip.decompress((shared_data / "github" / "schema.graphql.gz").read_bytes()).decode()
    schema = graphql.build_schema(text, assume_valid=True)  # it defines a few fields twice, and deprecates too little

    for repositories in (1, 50):
        assert graphql.validate(schema, graphql.parse(build_query(repositories))) == []
    assert graphql.validate(schema, graphql.parse(build_query(1).replace("forkCount", "forks"))) != []


def test_fetch_requests_fifty_repositories_sequentially(host: GitHubGraphQL, github: LocalGitHub) -> None:
    assert get_stars(fetch_results(host)) == [7] * 120
    assert (github.requests.total, github.requests.max_active) == (3, 1)
    assert set(github.request_counts.values()) == {1}


def test_fetch_recorded_repositories(http: HttpClient, shared_data: Path, pauses: list[float]) -> None:
    """They include missing, renamed, archived and empty repositories."""
    records = gzip.decompress((shared_data / "github" / "repositories.jsonl.gz").read_bytes()).splitlines()
    activities = {r["url"]: r["activity"] for r in map(msgspec.json.decode, records)}
    refs = [address for url in activities if (address := parse_repository_url(url)) is not None]
    renamed_refs = [to_ref(f"former/{number}") for number in range(10)]
    missing_refs = [to_ref(f"gone/{number}") for number in range(40)]
    hosted = list(parse_records(map(msgspec.json.decode, records)))
    hosted[:10] = [
        replace(fixture, former_paths=(address.path,)) for fixture, address in zip(hosted, renamed_refs, strict=False)
    ]
    with LocalGitHub([*hosted, HostedRepository(path="o/empty", pushed=None, last_commit=None)], token=TOKEN) as github:
        host = GitHubGraphQL(create_client(http, github.url, pause=pauses.append))

        results = fetch_results(host, [*refs, *renamed_refs, *missing_refs, to_ref("o/empty")])

    distinct = {address.key for address in [*refs, *renamed_refs, *missing_refs]} | {"o/empty"}
    assert github.requests.total <= ceil(len(distinct) / 50) + 2
    for address in refs:
        outcome, activity = results[address].outcome, activities[address.url]
        assert isinstance(outcome, Repository)
        assert (outcome.stars, outcome.forks, outcome.watchers) == (
            activity["stars"], activity["forks"], activity["watchers"],
        )  # fmt: skip
        assert (outcome.open_issues, outcome.open_pull_requests, outcome.is_archived) == (
            activity["open_issues"], activity["pull_requests"], activity["is_archived"],
        )  # fmt: skip
    new_homes = [results[address].outcome for address in renamed_refs]
    assert [repository.ref.path for repository in new_homes if isinstance(repository, Repository)] == [
        repository.path for repository in hosted[:10]
    ]
    assert all(isinstance(results[address].outcome, NotFound) for address in missing_refs)


@pytest.mark.parametrize("fault", ["502", "504", "timeout"])
def test_fetch_halves_and_regrows_batches(github: LocalGitHub, http: HttpClient, fault: str) -> None:
    github.faults.add(Fault(fault, request="graphql", times=1))

    assert get_stars(fetch_results(GitHubGraphQL(create_client(http, github.url, timeout=1)))) == [7] * 120

    first, other_refs = REFS[:50], REFS[50:]
    assert {github.request_counts[address.path] for address in first} == {2}
    assert {github.request_counts[address.path] for address in other_refs} == {1}
    assert set(github.response_counts.values()) == {1}
    assert github.requests.total == 1 + 4  # the first, and 25, 30, 35 and the last 30


def test_fetch_halves_down_to_one_repository(host: GitHubGraphQL, github: LocalGitHub) -> None:
    github.faults.add(Fault("502", request="graphql", times=4))

    assert len(get_stars(fetch_results(host, REFS[:20]))) == 20
    assert set(github.response_counts.values()) == {1}


def test_fetch_retries_only_missing_repositories(host: GitHubGraphQL, github: LocalGitHub) -> None:
    for kind in ("resource_limits", "left_out"):
        github.faults.add(Fault(kind, request="graphql", times=1))

    assert get_stars(fetch_results(host)) == [7] * 120
    assert set(github.response_counts.values()) == {1}
    assert sum(github.request_counts.values()) < 120 + 50


def test_fetch_adapts_to_small_batches(host: GitHubGraphQL, github: LocalGitHub) -> None:
    github.max_aliases = 20

    assert get_stars(fetch_results(host)) == [7] * 120
    assert set(github.response_counts.values()) == {1}


def test_fetch_abandons_failing_repository(host: GitHubGraphQL, github: LocalGitHub) -> None:
    github.failing = {"o/r3"}

    results = fetch_results(host)

    assert isinstance(results[to_ref("o/r3")].outcome, Unavailable)
    assert len(get_stars(results)) == 119
    assert github.request_counts["o/r3"] == 3


@pytest.mark.parametrize("kind", ["secondary_limit", "secondary_limit_200", "429"])
@pytest.mark.parametrize(("retry_after", "waited"), [(RetryAfter(7), 7), (RetryAfter(9, as_date=True), 9), (None, 60)])
def test_fetch_waits_for_secondary_limit(
    host: GitHubGraphQL,
    github: LocalGitHub,
    pauses: list[float],
    kind: str,
    retry_after: RetryAfter | None,
    waited: float,
) -> None:
    github.faults.add(Fault(kind, request="graphql", times=1, retry_after=retry_after))

    assert get_stars(fetch_results(host)) == [7] * 120

    assert pauses == [pytest.approx(waited, abs=1.1)]
    assert (github.requests.total, set(github.response_counts.values())) == (4, {1})


def test_fetch_ends_at_too_long_pause(host: GitHubGraphQL, github: LocalGitHub, pauses: list[float]) -> None:
    paths: list[RepositoryResult] = []
    batches = host.fetch_repositories(REFS)
    paths += next(batches)
    github.faults.add(Fault("secondary_limit", retry_after=RetryAfter(900)))

    with pytest.raises(Unavailable) as stopped:
        paths += [result for batch in batches for result in batch]

    assert (len(paths), stopped.value.retry_after, pauses) == (50, 900, [])


def test_fetch_reports_exhausted_primary_limit(host: GitHubGraphQL, github: LocalGitHub, pauses: list[float]) -> None:
    github.graphql_quota.remaining = 1

    with pytest.raises(Unavailable, match=r"GitHub's rate limit is used up until \d\d:\d\d UTC") as stopped:
        fetch_results(host)

    assert 3000 < (stopped.value.retry_after or 0) <= 3602
    assert (len(github.response_counts), github.requests.total, pauses) == (50, 2, [])


def test_fetch_waits_for_primary_limit(github: LocalGitHub, http: HttpClient, pauses: list[float]) -> None:
    def pause(seconds: float) -> None:
        pauses.append(seconds)
        github.graphql_quota.resets_at = 0  # as it will have done by then

    github.graphql_quota.remaining = 1
    github.graphql_quota.resets_at = int(github.graphql_quota.clock()) + 30

    assert get_stars(fetch_results(GitHubGraphQL(create_client(http, github.url, pause=pause)))) == [7] * 120
    assert pauses == [pytest.approx(30, abs=2)]


def test_fetch_abandons_repository_that_times_out(host: GitHubGraphQL, github: LocalGitHub) -> None:
    """GitHub returns 502 for every query with such a repository, for example one with a million issues."""
    github.timing_out = {"o/r30"}

    results = fetch_results(host)

    assert isinstance(results[to_ref("o/r30")].outcome, Unavailable)
    assert len(get_stars(results)) == 119
    assert set(github.response_counts.values()) == {1}


def test_fetch_fails_after_repeated_timeouts(github: LocalGitHub, http: HttpClient, pauses: list[float]) -> None:
    host = GitHubGraphQL(create_client(http, github.url, pause=pauses.append, delay=0.001))
    github.faults.add(Fault("502"))

    with pytest.raises(Unavailable, match="502 Bad Gateway"):
        fetch_results(host)

    assert github.requests.total == 8
    assert all(earlier < later for earlier, later in pairwise(pauses))


@pytest.mark.parametrize("fault", ["500", "503", "reset", "half", "broken", "html", "empty"])
def test_fetch_retries_other_failures_unchanged(host: GitHubGraphQL, github: LocalGitHub, fault: str) -> None:
    github.faults.add(Fault(fault, request="graphql", times=2))

    assert get_stars(fetch_results(host)) == [7] * 120
    assert github.requests.total == 2 + 3


def test_fetch_without_connection_is_unavailable(http: HttpClient, pauses: list[float]) -> None:
    host = GitHubGraphQL(create_client(http, "http://127.0.0.1:1", pause=pauses.append))

    with pytest.raises(Unavailable, match="no connection"):
        fetch_results(host)

    assert len(pauses) == 3


def test_invalid_token_error_names_setting(
    github: LocalGitHub, http: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    host = GitHubGraphQL(create_client(http, github.url, "a-secret-token"))

    with pytest.raises(Invalid, match=r"^GITHUB_TOKEN is not accepted: GitHub answers 401 Bad credentials$") as refused:
        fetch_results(host)

    assert github.authorizations == ["Bearer a-secret-token"]
    assert "a-secret" not in repr(refused.value.__cause__) + repr(refused.value.__context__) + caplog.text


def test_missing_endpoint_is_not_retried(github: LocalGitHub, http: HttpClient) -> None:
    host = GitHubGraphQL(create_client(http, f"{github.url}/elsewhere"))

    with pytest.raises(Unavailable, match="404"):
        fetch_results(host)

    assert github.requests.total == 1


def test_fetch_keeps_delay(github: LocalGitHub, http: HttpClient) -> None:
    fetch_results(GitHubGraphQL(create_client(http, github.url, delay=0.3)))

    first, _, third = (request.time for request in github.requests.log)
    assert third - first >= 0.4


@pytest.mark.parametrize(
    "node",
    [
        {"nameWithOwner": "o/r0", "isPrivate": False},
        {"nameWithOwner": "o/r0", "isPrivate": False, "licenseInfo": {"spdxId": None}, "repositoryTopics": None},
        {"nameWithOwner": "o/r0", "isPrivate": False, "defaultBranchRef": {"target": {}}, "watchers": None},
    ],
)
def test_null_values_are_unset(node: dict[str, object]) -> None:
    repository = parse_graphql_repository(to_ref("o/r0"), msgspec.json.encode(node))

    assert isinstance(repository, Repository)
    assert msgspec.to_builtins(repository) == {"ref": {"host": "github.com", "owner": "o", "name": "r0"}}


@pytest.mark.parametrize("node", [b"[]", b'{"isPrivate":false}', b'{"nameWithOwner":"nonsense","isPrivate":false}'])
def test_unreadable_repository_is_unavailable(node: bytes) -> None:
    assert isinstance(parse_graphql_repository(to_ref("o/r0"), node), Unavailable)


def test_refused_repository_is_fetched_once_without_the_token(host: GitHubGraphQL, github: LocalGitHub) -> None:
    github.refused.update({"o/r1", "o/r2"})
    github.delete_repository("o/r2")

    results = fetch_results(host, REFS[:5])

    assert get_stars(results) == [7] * 4
    assert isinstance(results[REFS[2]].outcome, NotFound)
    assert [bool(authorization) for authorization in github.authorizations] == [True, False, False]


def test_refused_repository_that_is_blocked_counts_as_not_public(host: GitHubGraphQL, github: LocalGitHub) -> None:
    github.refused.add("o/r1")
    github.blocked.add("o/r1")

    assert isinstance(fetch_results(host, REFS[:3])[REFS[1]].outcome, NotFound)


def test_refused_repositories_ignore_the_public_rate_limit(
    host: GitHubGraphQL, github: LocalGitHub, pauses: list[float]
) -> None:
    github.refused.update(ref.path for ref in REFS)
    github.anonymous_quota.remaining = 2

    results = fetch_results(host, REFS[:10])

    assert get_stars(results) == [7, 7]
    assert all(isinstance(result.outcome, Repository | Unavailable) for result in results.values())
    assert (len(github.authorizations), pauses) == (1 + 3, [])
