"""Effects of the settings for hosts of repositories beside GitHub."""

from collections.abc import Iterator

import pytest
from msgspec.json import decode

from pyf.aggregator.sandbox.github_fixtures import HostedRepository
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.sandbox.repository_hosts import LocalForgejo, LocalGitLab
from support.cli_runner import CommandRunner
from support.setting_coverage import covers_setting

URLS = {
    "on-gitlab": "https://gitlab.com/group/sub/on-gitlab/-/tree/main",
    "on-own-gitlab": "git+ssh://git@git.example.org:2222/group/sub/on-own-gitlab.git",
    "on-codeberg": "https://codeberg.org/o/on-codeberg/src/branch/main",
    "on-own-forgejo": "https://code.example.org/o/on-own-forgejo.git",
}


@pytest.fixture
def gitlab() -> Iterator[LocalGitLab]:
    repositories = [HostedRepository(path=f"group/sub/{name}", stars=3) for name in ("on-gitlab", "on-own-gitlab")]
    with LocalGitLab(repositories, token="glpat-right") as gitlab:
        yield gitlab


@pytest.fixture
def forgejo() -> Iterator[LocalForgejo]:
    repositories = [HostedRepository(path=f"o/{name}", stars=4) for name in ("on-codeberg", "on-own-forgejo")]
    with LocalForgejo(repositories, token="right-token") as forgejo:
        yield forgejo


@pytest.fixture
def user(shell: CommandRunner, pypi: LocalPyPI) -> CommandRunner:
    """A user with a collection of packages on four hosts."""
    for name, url in URLS.items():
        info = {"classifiers": ["Framework :: Flask"], "project_urls": {"Source": url}}
        pypi.registry.publish(name, "1.0", info=info)
    shell.invoke("-f", "-p", "flask")
    shell.environment |= {"GITHUB_REQUEST_DELAY": "0"}
    return shell


def read_stars(user: CommandRunner) -> dict[str, int]:
    result = user.invoke("collection", "export", "flask", "-", command="pyf")
    documents = map(decode, result.out.splitlines())
    return {document["name"]: document["repository_stars"] for document in documents if "repository_stars" in document}


@covers_setting("gitlab_hosts")
@covers_setting("forgejo_hosts")
def test_hosts_are_read_where_the_settings_say(user: CommandRunner, gitlab: LocalGitLab, forgejo: LocalForgejo) -> None:
    result = user.invoke(
        "repositories", "-p", "flask", "--json", command="pyf",
        gitlab_hosts=f"gitlab.com={gitlab.url}, git.example.org={gitlab.url}/",
        forgejo_hosts=f"codeberg.org={forgejo.url}",
    )  # fmt: skip

    assert (result.code, read_stars(user)) == (0, {"on-gitlab": 3, "on-own-gitlab": 3, "on-codeberg": 4})
    assert result.report["host_requests"] == {"gitlab.com": 1, "git.example.org": 1, "codeberg.org": 2}
    assert "on-own-forgejo" in result.report["missing"]


@covers_setting("gitlab_tokens")
@covers_setting("forgejo_tokens")
def test_tokens_are_sent_to_their_host_only(user: CommandRunner, gitlab: LocalGitLab, forgejo: LocalForgejo) -> None:
    user.environment |= {
        "GITLAB_HOSTS": f"gitlab.com={gitlab.url},git.example.org={gitlab.url}",
        "FORGEJO_HOSTS": f"codeberg.org={forgejo.url},code.example.org={forgejo.url}",
    }
    tokens = {"gitlab_tokens": "gitlab.com=glpat-right", "forgejo_tokens": "code.example.org=right-token"}

    assert user.invoke("repositories", "-p", "flask", command="pyf", **tokens).code == 0

    assert gitlab.authorizations == ["Bearer glpat-right", ""]
    assert forgejo.authorizations == ["", "", "token right-token", "token right-token"]


def test_wrong_token_is_not_printed_and_other_hosts_are_read(
    user: CommandRunner, gitlab: LocalGitLab, forgejo: LocalForgejo
) -> None:
    result = user.invoke(
        "repositories", "-p", "flask", command="pyf",
        gitlab_hosts=f"gitlab.com={gitlab.url}", gitlab_tokens="gitlab.com=wrong-secret",
        forgejo_hosts=f"codeberg.org={forgejo.url}",
    )  # fmt: skip

    assert (result.code, read_stars(user)) == (2, {"on-codeberg": 4})
    assert "GITLAB_TOKENS is not accepted: gitlab.com answers 401" in result.err
    assert "wrong-secret" not in result.out + result.err
