"""Hosts of source repositories, and their settings."""

from collections.abc import Iterator, Mapping
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from .sources import GitHubSettings
from .types import HostTokens, RepositoryHosts, Secret, parse_host_tokens, parse_repository_hosts

# Each kind of host beside GitHub, and whether its paths nest (`group/subgroup/project`); the module of this name in
# `adapters/repository_hosts` is its adapter, and the settings NAME_HOSTS and NAME_TOKENS its hosts.
REPOSITORY_HOSTS: Mapping[str, bool] = {"gitlab": True, "forgejo": False}

_GITHUB = "github.com"


class RepositoryHostSetting(Struct, frozen=True, kw_only=True):
    """A host that repositories are read from.

    Attributes:
        kind: The module in `adapters/repository_hosts`.
        name: The host in links.
        token_setting: The setting that has the token.
    """

    kind: str
    name: str
    url: str
    token: Secret
    token_setting: str


class RepositorySettings(GitHubSettings, frozen=True, kw_only=True):
    """Hosts of repositories beside GitHub. The settings of a kind begin with its name."""

    gitlab_hosts: Annotated[
        RepositoryHosts,
        Meta(
            description="GitLab servers, separated by commas: host names or URLs, or `host=URL` if the API is at "
            "another address than the links."
        ),
    ] = "gitlab.com"
    gitlab_tokens: Annotated[
        HostTokens,
        Meta(description="GitLab tokens with the scope `read_api`, as `host=token`, separated by commas; optional."),
    ] = Secret()
    forgejo_hosts: Annotated[
        RepositoryHosts, Meta(description="Forgejo and Gitea servers, in the same form as GITLAB_HOSTS.")
    ] = "codeberg.org"
    forgejo_tokens: Annotated[
        HostTokens,
        Meta(
            description="Forgejo tokens with the scope `read:repository`, as `host=token`, separated by commas; "
            "optional."
        ),
    ] = Secret()

    def list_repository_hosts(self) -> Iterator[RepositoryHostSetting]:
        """Yield all hosts, GitHub first."""
        yield RepositoryHostSetting(
            kind="github",
            name=_GITHUB,
            url=self.github_api_url,
            token=self.github_token,
            token_setting="GITHUB_TOKEN",  # noqa: S106 - a name
        )
        for kind in REPOSITORY_HOSTS:
            tokens = self._get_tokens(kind)
            for name, url in self._get_hosts(kind).items():
                yield RepositoryHostSetting(
                    kind=kind,
                    name=name,
                    url=url,
                    token=Secret(tokens.get(name, "")),
                    token_setting=f"{kind.upper()}_TOKENS",
                )

    @property
    def nested_hosts(self) -> Mapping[str, bool]:
        """The names of the hosts, and whether their paths nest."""
        return {name: is_nested for kind, is_nested in REPOSITORY_HOSTS.items() for name in self._get_hosts(kind)}

    def find_conflicting_credentials(self) -> Iterator[str]:
        """Yield a line for each token that no request would carry, or beside other credentials."""
        yield from super().find_conflicting_credentials()
        for kind in REPOSITORY_HOSTS:
            setting, hosts = f"{kind.upper()}_TOKENS", self._get_hosts(kind)
            for name in self._get_tokens(kind):
                if name not in hosts:
                    yield f"{setting} has a token for {name}, which {kind.upper()}_HOSTS does not name"
                elif "@" in urlsplit(hosts[name]).netloc:
                    yield f"{kind.upper()}_HOSTS contains a user, and {setting} is set: a request can't send both"

    def _get_hosts(self, kind: str) -> dict[str, str]:
        return parse_repository_hosts(getattr(self, f"{kind}_hosts"))

    def _get_tokens(self, kind: str) -> dict[str, str]:
        tokens: Secret = getattr(self, f"{kind}_tokens")
        return parse_host_tokens(tokens.get_secret_value())
