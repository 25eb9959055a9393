"""GitLab: 50 projects a request, renames over REST, and queries that are too large."""

from collections.abc import Iterator

import msgspec
import pytest
from aiohttp import web

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.repository_hosts.client import HostClient
from pyf.aggregator.adapters.repository_hosts.gitlab import GitLab, build_host
from pyf.aggregator.domain.errors import Invalid, NotFound, Unavailable
from pyf.aggregator.domain.repositories import Repository, RepositoryRef
from pyf.aggregator.ports import RepositoryHost, RepositoryResult
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.github_fixtures import HostedRepository
from pyf.aggregator.sandbox.repository_hosts import HostTarget, LocalGitLab
from pyf.aggregator.sandbox.responses import PreparedResponse
from support.repository_hosts import TOKEN, create_address, create_service

MANY = [HostedRepository(path=f"group/sub/p{number}", stars=number) for number in range(60)]
MOVED = HostedRepository(path="new/home", former_paths=("old/group/home",), last_commit="2026-01-01T00:00:00Z")


class StrictGitLab(LocalGitLab):
    """A GitLab that rejects queries for more than 20 projects."""

    def _respond_graphql(self, body: bytes) -> PreparedResponse:
        if len(msgspec.json.decode(body)["variables"]["paths"]) > 20:
            error = {"message": "Query has complexity of 300, which exceeds max complexity of 200"}
            return PreparedResponse(msgspec.json.encode({"errors": [error]}))
        return super()._respond_graphql(body)


@pytest.fixture
def gitlab() -> Iterator[LocalGitLab]:
    with LocalGitLab([*MANY, MOVED], token=TOKEN) as gitlab:
        yield gitlab


def build_gitlab(http: HttpClient, gitlab: LocalGitLab, token: str = TOKEN) -> RepositoryHost:
    return build_host(create_service(http), create_address(gitlab.url, token))


def fetch(host: RepositoryHost, *paths: str) -> dict[str, RepositoryResult]:
    refs = (RepositoryRef("git.example", *path.rsplit("/", 1)) for path in paths)
    return {result.ref.path: result for batch in host.fetch_repositories(refs) for result in batch}


def test_gitlab_reads_fifty_projects_a_request(gitlab: LocalGitLab, http: HttpClient) -> None:
    results = fetch(build_gitlab(http, gitlab), *(repository.path for repository in MANY))

    assert gitlab.requests.total == 2
    outcomes = [result.outcome for result in results.values()]
    assert [outcome.stars for outcome in outcomes if isinstance(outcome, Repository)] == list(range(60))
    assert set(gitlab.authorizations) == {f"Bearer {TOKEN}"}


def test_gitlab_project_in_subgroup_keeps_its_path(gitlab: LocalGitLab, http: HttpClient) -> None:
    outcome = fetch(build_gitlab(http, gitlab), "GROUP/sub/p1")["GROUP/sub/p1"].outcome

    assert isinstance(outcome, Repository)
    assert (outcome.ref.url, outcome.last_commit) == ("https://git.example/group/sub/p1", 1_735_689_600)


def test_gitlab_moved_project_is_complete(gitlab: LocalGitLab, http: HttpClient) -> None:
    outcome = fetch(build_gitlab(http, gitlab), "old/group/home")["old/group/home"].outcome

    assert isinstance(outcome, Repository)
    assert (outcome.ref.path, outcome.last_commit) == ("new/home", 1_767_225_600)
    assert gitlab.requests.by_kind == {"graphql": 2, "project": 1}


def test_gitlab_query_that_is_too_large_is_halved(http: HttpClient) -> None:
    with StrictGitLab(MANY, token=TOKEN) as gitlab:
        results = fetch(build_gitlab(http, gitlab), *(repository.path for repository in MANY))

        assert all(isinstance(result.outcome, Repository) for result in results.values())
        assert (len(results), gitlab.requests.by_kind) == (60, {"graphql": 8})


def test_gitlab_that_is_down_ends_the_run(gitlab: LocalGitLab, http: HttpClient) -> None:
    gitlab.faults.add(Fault("500"))

    with pytest.raises(Unavailable, match="500"):
        fetch(build_gitlab(http, gitlab), *(repository.path for repository in MANY))
    assert gitlab.requests.total == 3


def test_gitlab_without_rest_reports_what_graphql_lists(gitlab: LocalGitLab, http: HttpClient) -> None:
    gitlab.faults.add(Fault("403", request="project"))
    paths = ["new/home", *(f"o/gone{number}" for number in range(9))]
    refs = [RepositoryRef("git.example", *path.split("/")) for path in paths]
    results = build_gitlab(http, gitlab).fetch_repositories(refs)

    assert [result.ref.path for result in next(results)] == ["new/home"]
    with pytest.raises(Unavailable, match="403"):
        next(results)
    assert gitlab.requests.by_kind == {"graphql": 1, "project": 3}


def test_gitlab_wrong_token_is_named_by_its_setting(gitlab: LocalGitLab, http: HttpClient) -> None:
    with pytest.raises(Invalid, match="GIT_TOKENS is not accepted: git") as error:
        fetch(build_gitlab(http, gitlab, "wrong-token"), "new/home")
    assert "wrong-token" not in str(error.value)


def test_gitlab_group_page_is_not_found(gitlab: LocalGitLab, http: HttpClient) -> None:
    assert isinstance(fetch(build_gitlab(http, gitlab), "group/sub")["group/sub"].outcome, NotFound)


class PrivateGitLab(LocalGitLab):
    """A GitLab that shows a token private projects."""

    def parse_target(self, method: str, path: str, body: bytes) -> HostTarget:
        return HostTarget("graphql", body=body)

    def build_response(self, target: HostTarget, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        node = {"fullPath": "new/home", "visibility": "internal", "starCount": 5}
        return PreparedResponse(msgspec.json.encode({"data": {"projects": {"nodes": [None, node]}}}))


def test_gitlab_project_that_only_the_token_sees_is_not_found(http: HttpClient) -> None:
    with PrivateGitLab([]) as gitlab:
        assert isinstance(fetch(build_gitlab(http, gitlab), "new/home")["new/home"].outcome, NotFound)


class LimitedGitLab(LocalGitLab):
    """A GitLab whose limit is used up once, and that says when it is reset in its own headers."""

    def build_response(self, target: HostTarget, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        if self.requests.total > 1:
            return super().build_response(target, request, fault)
        headers = {"RateLimit-Remaining": "0", "RateLimit-Reset": "1800000030"}
        return PreparedResponse(b"Retry later", "text/plain", status=429, headers=headers)


def test_gitlab_limit_is_waited_for(http: HttpClient, pauses: list[float]) -> None:
    with LimitedGitLab(MANY) as gitlab:
        address = create_address(gitlab.url, "")
        client = HostClient(create_service(http), address, {}, sleep=pauses.append, now=lambda: 1_800_000_000)
        results = fetch(GitLab(client), "group/sub/p1")

    assert isinstance(results["group/sub/p1"].outcome, Repository)
    assert pauses == [31]
