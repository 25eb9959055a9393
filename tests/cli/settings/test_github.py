"""Effects of the settings for GitHub."""

from collections.abc import Iterator
from typing import Any

import pytest

from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.github_fixtures import HostedRepository
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner, CompletedCommand
from support.setting_coverage import covers_setting


@pytest.fixture
def github(shell: CommandRunner, pypi: LocalPyPI) -> Iterator[LocalGitHub]:
    """GitHub with the repositories of 60 projects of Flask, all of which are in the index."""
    for number in range(60):
        info = {"classifiers": ["Framework :: Flask"], "home_page": f"https://github.com/o/r{number}"}
        pypi.registry.publish(f"flask-{number}", "1.0", info=info)
    shell.invoke("-f", "-p", "flask")
    with LocalGitHub((HostedRepository(path=f"o/r{number}") for number in range(60)), token="right") as github:
        shell.environment |= {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": "right", "GITHUB_REQUEST_DELAY": "0"}
        yield github


def pyfgithub(shell: CommandRunner, **settings: Any) -> CompletedCommand:
    return shell.invoke("-p", "flask", "--json", command="pyfgithub", **settings)


@covers_setting("github_token")
@pytest.mark.parametrize(
    ("token", "kind", "code"), [("right", "graphql", 0), ("", "repository", 0), ("wrong", "graphql", 2)]
)
def test_github_token(shell: CommandRunner, github: LocalGitHub, token: str, kind: str, code: int) -> None:
    result = pyfgithub(shell, github_token=token)

    assert (result.code, github.requests.by_kind[kind] > 0) == (code, True)
    assert set(github.authorizations) == ({f"Bearer {token}"} if token else {""})


@covers_setting("github_request_delay")
def test_github_request_delay(shell: CommandRunner, github: LocalGitHub) -> None:
    pyfgithub(shell, github_request_delay=0.4)

    first, second = (request.time for request in github.requests.log)
    assert second - first >= 0.3


@covers_setting("github_api_url")
def test_github_api_url(shell: CommandRunner, github: LocalGitHub) -> None:
    pyfgithub(shell, github_api_url=f"{github.url}/")
    elsewhere = pyfgithub(shell, github_api_url="http://127.0.0.1:1/api", github_cache_ttl=0)

    assert github.requests.by_kind["graphql"] == 2
    assert (elsewhere.code, "http://127.0.0.1:1/api/graphql" in elsewhere.error) == (4, True)


@covers_setting("github_cache_ttl")
@pytest.mark.parametrize(("seconds", "request_count"), [(0, 4), (3600, 2)])
def test_github_cache_ttl(shell: CommandRunner, github: LocalGitHub, seconds: int, request_count: int) -> None:
    for _ in range(2):
        pyfgithub(shell, github_cache_ttl=seconds)

    assert github.requests.by_kind["graphql"] == request_count


@covers_setting("github_timeout")
@pytest.mark.parametrize(("timeout", "code"), [(0.2, 4), (30, 0)])
def test_github_timeout(shell: CommandRunner, github: LocalGitHub, timeout: float, code: int) -> None:
    """The answer begins at once and takes about half a second to be complete."""
    github.faults.add(Fault("slow", request="graphql", pause=0.025))

    result = pyfgithub(shell, github_timeout=timeout)

    assert (result.code, "timed out before the response was complete" in result.err) == (code, code == 4)
