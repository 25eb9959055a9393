"""Repository data from GitHub: GraphQL with a token, REST without."""

from ....ports import RepositoryHost
from ...http.service_client import ServiceClient
from ..client import HostAddress, HostClient
from .graphql import GitHubGraphQL
from .rest import GitHubRest, build_headers

__all__ = ["GitHubGraphQL", "GitHubRest", "build_headers", "build_host"]


def build_host(service: ServiceClient, address: HostAddress) -> RepositoryHost:
    """Return the client of GitHub."""
    client = HostClient(service, address, build_headers(address.token))
    return GitHubGraphQL(client) if address.token else GitHubRest(client)
