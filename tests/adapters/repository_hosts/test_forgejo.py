"""Forgejo: one repository and its last commit in two requests, and renames by redirects."""

from collections.abc import Iterator

import pytest
from msgspec import UNSET
from msgspec.json import decode

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.repository_hosts.forgejo import ForgejoRepository, build_host
from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.domain.repositories import Repository, RepositoryRef
from pyf.aggregator.domain.timestamps import to_optional_seconds
from pyf.aggregator.ports import RepositoryHost, RepositoryResult
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.github_fixtures import HostedRepository
from pyf.aggregator.sandbox.repository_hosts import LocalForgejo
from support.repository_hosts import TOKEN, create_address, create_service

REPOSITORIES = [
    HostedRepository(path="new/home", former_paths=("old/home",), last_commit="2026-01-01T00:00:00Z", license="MIT"),
    HostedRepository(path="o/empty", last_commit=None),
    HostedRepository(path="o/secret", is_private=True),
]


@pytest.fixture
def forgejo() -> Iterator[LocalForgejo]:
    with LocalForgejo(REPOSITORIES, token=TOKEN) as forgejo:
        yield forgejo


@pytest.fixture
def host(forgejo: LocalForgejo, http: HttpClient) -> RepositoryHost:
    return build_host(create_service(http), create_address(forgejo.url))


def fetch(host: RepositoryHost, *paths: str) -> dict[str, RepositoryResult]:
    refs = (RepositoryRef("git.example", *path.split("/")) for path in paths)
    return {result.ref.path: result for batch in host.fetch_repositories(refs) for result in batch}


def test_forgejo_moved_repository_has_last_commit_and_license(host: RepositoryHost, forgejo: LocalForgejo) -> None:
    outcome = fetch(host, "old/home")["old/home"].outcome

    assert isinstance(outcome, Repository)
    assert (outcome.ref.url, outcome.last_commit, outcome.license) == (
        "https://git.example/new/home",
        1_767_225_600,
        "MIT",
    )
    assert forgejo.requests.by_kind == {"repository": 2, "branch": 1}
    assert set(forgejo.authorizations) == {f"token {TOKEN}"}


def test_forgejo_empty_repository_takes_one_request(host: RepositoryHost, forgejo: LocalForgejo) -> None:
    outcome = fetch(host, "o/empty")["o/empty"].outcome

    assert isinstance(outcome, Repository)
    assert (outcome.last_commit, forgejo.requests.total) == (UNSET, 1)


def test_forgejo_failing_branch_leaves_last_commit_unknown(host: RepositoryHost, forgejo: LocalForgejo) -> None:
    forgejo.faults.add(Fault("500", request="branch"))

    outcome = fetch(host, "new/home")["new/home"].outcome

    assert isinstance(outcome, Repository)
    assert (outcome.last_commit, outcome.stars) == (UNSET, 0)


def test_forgejo_redirects_stay_on_the_host(host: RepositoryHost, forgejo: LocalForgejo) -> None:
    forgejo.faults.add(Fault("redirect", location="http://127.0.0.1:9/api/v1/repos/new/home", times=1))

    assert isinstance(fetch(host, "old/home")["old/home"].outcome, Repository)


def test_forgejo_private_repository_is_not_found(host: RepositoryHost) -> None:
    assert isinstance(fetch(host, "o/secret")["o/secret"].outcome, NotFound)


def test_forgejo_that_is_down_ends_the_run(host: RepositoryHost, forgejo: LocalForgejo) -> None:
    forgejo.faults.add(Fault("503"))

    with pytest.raises(Unavailable, match="503"):
        fetch(host, *(f"o/r{number}" for number in range(10)))
    assert forgejo.requests.total == 9


def test_forgejo_unset_date_of_go_is_unknown() -> None:
    document = decode(b'{"full_name":"o/r","updated_at":"0001-01-01T00:00:00Z"}', type=ForgejoRepository)

    assert to_optional_seconds(document.updated_at) is UNSET
