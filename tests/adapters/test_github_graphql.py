"""GitHub's GraphQL API under its limits, overloads and moods: nothing is asked twice that was answered."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import ceil
from pathlib import Path

import graphql
import msgspec
import pytest

from pyf.aggregator.adapters.github import GitHubGraphQL
from pyf.aggregator.adapters.github.node import repository_of
from pyf.aggregator.adapters.github.query import query
from pyf.aggregator.adapters.http import Http
from pyf.aggregator.domain.errors import Invalid, NotFound, Unavailable
from pyf.aggregator.domain.repository import Repository
from pyf.aggregator.domain.repository_address import RepositoryAddress, address_of
from pyf.aggregator.ports import Finding
from pyf.aggregator.sample.faults import Fault, RetryAfter
from pyf.aggregator.sample.github import LocalGitHub
from pyf.aggregator.sample.hosted import Hosted, recorded
from repository_hosts import TOKEN, at, client

MANY = [at(f"o/r{number}") for number in range(120)]


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    with LocalGitHub((Hosted(path=address.path, stars=7) for address in MANY), token=TOKEN) as github:
        yield github


@pytest.fixture
def http() -> Iterator[Http]:
    with Http() as http:
        yield http


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def host(github: LocalGitHub, http: Http, pauses: list[float]) -> GitHubGraphQL:
    return GitHubGraphQL(client(http, github.url, pause=pauses.append, timeout=20))


def asked(host: GitHubGraphQL, addresses: list[RepositoryAddress] = MANY) -> dict[RepositoryAddress, Finding]:
    findings = [finding for batch in host.look_up(addresses) for finding in batch]
    assert len({finding.address for finding in findings}) == len(findings), "each is told once"
    return {finding.address: finding for finding in findings}


def stars(findings: dict[RepositoryAddress, Finding]) -> list[int]:
    return [finding.answer.stars for finding in findings.values() if isinstance(finding.answer, Repository)]


def test_the_query_is_valid_by_githubs_own_schema(shared_data: Path) -> None:
    text = gzip.decompress((shared_data / "github" / "schema.graphql.gz").read_bytes()).decode()
    schema = graphql.build_schema(text, assume_valid=True)  # it defines a few fields twice, and deprecates too little

    for repositories in (1, 50):
        assert graphql.validate(schema, graphql.parse(query(repositories))) == []
    assert graphql.validate(schema, graphql.parse(query(1).replace("forkCount", "forks"))) != []


def test_fifty_repositories_take_a_request_and_one_request_is_under_way_at_a_time(
    host: GitHubGraphQL, github: LocalGitHub
) -> None:
    assert stars(asked(host)) == [7] * 120
    assert (github.requests.total, github.requests.most_at_once) == (3, 1)
    assert set(github.asked.values()) == {1}


def test_the_recorded_repositories_are_told_as_they_were_recorded(
    http: Http, shared_data: Path, pauses: list[float]
) -> None:
    """With missing ones, renamed ones, archived ones and an empty one among them, in as few requests as can be."""
    records = gzip.decompress((shared_data / "github" / "repositories.jsonl.gz").read_bytes()).splitlines()
    activities = {r["url"]: r["activity"] for r in map(msgspec.json.decode, records)}
    there = [address for url in activities if (address := address_of(url)) is not None]
    moved = [at(f"former/{number}") for number in range(10)]
    gone = [at(f"gone/{number}") for number in range(40)]
    hosted = list(recorded(map(msgspec.json.decode, records)))
    hosted[:10] = [replace(one, was=(address.path,)) for one, address in zip(hosted, moved, strict=False)]
    with LocalGitHub([*hosted, Hosted(path="o/empty", pushed=None, last_commit=None)], token=TOKEN) as github:
        host = GitHubGraphQL(client(http, github.url, pause=pauses.append))

        findings = asked(host, [*there, *moved, *gone, at("o/empty")])

    distinct = {address.key for address in [*there, *moved, *gone]} | {"o/empty"}
    assert github.requests.total <= ceil(len(distinct) / 50) + 2
    for address in there:
        answer, activity = findings[address].answer, activities[address.url]
        assert isinstance(answer, Repository)
        assert (answer.stars, answer.forks, answer.watchers) == (
            activity["stars"], activity["forks"], activity["watchers"],
        )  # fmt: skip
        assert (answer.open_issues, answer.open_pull_requests, answer.is_archived) == (
            activity["open_issues"], activity["pull_requests"], activity["is_archived"],
        )  # fmt: skip
    new_homes = [findings[address].answer for address in moved]
    assert [repository.address.path for repository in new_homes if isinstance(repository, Repository)] == [
        repository.path for repository in hosted[:10]
    ]
    assert all(isinstance(findings[address].answer, NotFound) for address in gone)


@pytest.mark.parametrize("fault", ["502", "504", "timeout"])
def test_a_request_that_is_too_much_is_asked_again_in_halves_that_grow_again(
    github: LocalGitHub, http: Http, fault: str
) -> None:
    github.faults.add(Fault(fault, request="graphql", times=1))

    assert stars(asked(GitHubGraphQL(client(http, github.url, timeout=1)))) == [7] * 120

    first, others = MANY[:50], MANY[50:]
    assert {github.asked[address.path] for address in first} == {2}
    assert {github.asked[address.path] for address in others} == {1}
    assert set(github.told.values()) == {1}
    assert github.requests.total == 1 + 4  # the first, and 25, 30, 35 and the last 30


def test_it_goes_down_to_one_repository_where_nothing_else_helps(host: GitHubGraphQL, github: LocalGitHub) -> None:
    github.faults.add(Fault("502", request="graphql", times=4))

    assert len(stars(asked(host, MANY[:20]))) == 20
    assert set(github.told.values()) == {1}


def test_what_an_answer_leaves_out_alone_is_asked_again(host: GitHubGraphQL, github: LocalGitHub) -> None:
    for kind in ("resource_limits", "left_out"):
        github.faults.add(Fault(kind, request="graphql", times=1))

    assert stars(asked(host)) == [7] * 120
    assert set(github.told.values()) == {1}
    assert sum(github.asked.values()) < 120 + 50


def test_a_github_that_takes_few_at_a_time_is_asked_in_few(host: GitHubGraphQL, github: LocalGitHub) -> None:
    github.most_aliases = 20

    assert stars(asked(host)) == [7] * 120
    assert set(github.told.values()) == {1}


def test_a_repository_that_github_stumbles_over_is_given_up_and_holds_no_other_back(
    host: GitHubGraphQL, github: LocalGitHub
) -> None:
    github.broken = {"o/r3"}

    findings = asked(host)

    assert isinstance(findings[at("o/r3")].answer, Unavailable)
    assert len(stars(findings)) == 119
    assert github.asked["o/r3"] == 3


@pytest.mark.parametrize("kind", ["secondary_limit", "secondary_limit_200", "429"])
@pytest.mark.parametrize(("wanted", "waited"), [(RetryAfter(7), 7), (RetryAfter(9, as_date=True), 9), (None, 60)])
def test_a_secondary_limit_is_waited_for(
    host: GitHubGraphQL, github: LocalGitHub, pauses: list[float], kind: str, wanted: RetryAfter | None, waited: float
) -> None:
    github.faults.add(Fault(kind, request="graphql", times=1, retry_after=wanted))

    assert stars(asked(host)) == [7] * 120

    assert pauses == [pytest.approx(waited, abs=1.1)]
    assert (github.requests.total, set(github.told.values())) == (4, {1})


def test_a_pause_that_is_too_long_ends_the_asking_and_keeps_what_was_told(
    host: GitHubGraphQL, github: LocalGitHub, pauses: list[float]
) -> None:
    told: list[Finding] = []
    batches = host.look_up(MANY)
    told += next(batches)
    github.faults.add(Fault("secondary_limit", retry_after=RetryAfter(900)))

    with pytest.raises(Unavailable) as stopped:
        told += [finding for batch in batches for finding in batch]

    assert (len(told), stopped.value.retry_after, pauses) == (50, 900, [])


def test_an_exhausted_primary_limit_has_status_200_and_says_until_when(
    host: GitHubGraphQL, github: LocalGitHub, pauses: list[float]
) -> None:
    github.graphql.left = 1

    with pytest.raises(Unavailable, match=r"GitHub's rate limit is used up until \d\d:\d\d UTC") as stopped:
        asked(host)

    assert 3000 < (stopped.value.retry_after or 0) <= 3602
    assert (len(github.told), github.requests.total, pauses) == (50, 2, [])


def test_a_primary_limit_that_ends_soon_is_waited_for(github: LocalGitHub, http: Http, pauses: list[float]) -> None:
    def pause(seconds: float) -> None:
        pauses.append(seconds)
        github.graphql.resets_at = 0  # as it will have done by then

    github.graphql.left = 1
    github.graphql.resets_at = int(github.graphql.clock()) + 30

    assert stars(asked(GitHubGraphQL(client(http, github.url, pause=pause)))) == [7] * 120
    assert pauses == [pytest.approx(30, abs=2)]


def test_a_repository_whose_query_never_ends_is_given_up_and_holds_no_other_back(
    host: GitHubGraphQL, github: LocalGitHub
) -> None:
    """A 502 for every query that it is in, as some have seen of repositories with a million issues."""
    github.endless = {"o/r30"}

    findings = asked(host)

    assert isinstance(findings[at("o/r30")].answer, Unavailable)
    assert len(stars(findings)) == 119
    assert set(github.told.values()) == {1}


def test_a_host_that_never_answers_is_unavailable_after_some_attempts_with_growing_pauses(
    github: LocalGitHub, http: Http, pauses: list[float]
) -> None:
    host = GitHubGraphQL(client(http, github.url, pause=pauses.append, delay=0.001))
    github.faults.add(Fault("502"))

    with pytest.raises(Unavailable, match="502 Bad Gateway"):
        asked(host)

    assert github.requests.total == 8
    assert all(earlier < later for earlier, later in pairwise(pauses))


@pytest.mark.parametrize("fault", ["500", "503", "reset", "half", "broken", "html", "empty"])
def test_another_trouble_is_asked_again_as_it_was(host: GitHubGraphQL, github: LocalGitHub, fault: str) -> None:
    github.faults.add(Fault(fault, request="graphql", times=2))

    assert stars(asked(host)) == [7] * 120
    assert github.requests.total == 2 + 3


def test_no_connection_is_unavailable(http: Http, pauses: list[float]) -> None:
    host = GitHubGraphQL(client(http, "http://127.0.0.1:1", pause=pauses.append))

    with pytest.raises(Unavailable, match="no connection"):
        asked(host)

    assert len(pauses) == 3


def test_a_wrong_token_is_one_line_that_names_the_setting_and_never_the_token(
    github: LocalGitHub, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    host = GitHubGraphQL(client(http, github.url, "a-secret-of-somebody"))

    with pytest.raises(Invalid, match=r"^GITHUB_TOKEN is not accepted: GitHub answers 401 Bad credentials$") as refused:
        asked(host)

    assert github.authorizations == ["Bearer a-secret-of-somebody"]
    assert "a-secret" not in repr(refused.value.__cause__) + repr(refused.value.__context__) + caplog.text


def test_an_address_without_graphql_is_unavailable_at_once(github: LocalGitHub, http: Http) -> None:
    host = GitHubGraphQL(client(http, f"{github.url}/elsewhere"))

    with pytest.raises(Unavailable, match="404"):
        asked(host)

    assert github.requests.total == 1


def test_requests_keep_their_distance(github: LocalGitHub, http: Http) -> None:
    asked(GitHubGraphQL(client(http, github.url, delay=0.3)))

    first, _, third = (request.time for request in github.requests.log)
    assert third - first >= 0.4


@pytest.mark.parametrize(
    "told",
    [
        {"nameWithOwner": "o/r0", "isPrivate": False},
        {"nameWithOwner": "o/r0", "isPrivate": False, "licenseInfo": {"spdxId": None}, "repositoryTopics": None},
        {"nameWithOwner": "o/r0", "isPrivate": False, "defaultBranchRef": {"target": {}}, "watchers": None},
    ],
)
def test_what_an_answer_keeps_back_is_unknown_and_never_zero(told: dict[str, object]) -> None:
    repository = repository_of(at("o/r0"), msgspec.json.encode(told))

    assert isinstance(repository, Repository)
    assert msgspec.to_builtins(repository) == {"address": {"host": "github.com", "owner": "o", "name": "r0"}}


@pytest.mark.parametrize("told", [b"[]", b'{"isPrivate":false}', b'{"nameWithOwner":"nonsense","isPrivate":false}'])
def test_an_answer_that_cannot_be_read_says_nothing_about_the_repository(told: bytes) -> None:
    assert isinstance(repository_of(at("o/r0"), told), Unavailable)
